package main

import (
	"encoding/json"
	"net/http"
	"runtime"

	"ladderd/admission"
	"ladderd/stream"
)

// healthHandler answers for whoever watches over the daemon: /readyz once its
// listeners stand, /healthz with what its streams do.
// admission is who has what of the devices;
// lingering is what those take that have ended and can still be watched, all together;
// window_disk_error is there where no stream's window is on disk, for the reason that
// it names, api what is asked of the control API, where that is on, and config_error where the configuration file was no good when it was reloaded;
// more adds what else there is.
func healthHandler(streams func() []stream.Status, lingering func() stream.Lingering, admission func() admission.Status, windowDisk error, configuration *reloads, api *api, more ...func(report map[string]any)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ready\n"))
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		report := map[string]any{
			"streams": streams(), "lingering": lingering(), "admission": admission(), "process": map[string]int{"goroutines": runtime.NumGoroutine()},
		}
		if windowDisk != nil {
			report["window_disk_error"] = windowDisk.Error()
		}
		configuration.report(report)
		api.report(report)
		for _, add := range more {
			add(report)
		}
		_ = json.NewEncoder(w).Encode(report)
	})
	return mux
}
