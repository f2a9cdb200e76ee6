package main

import (
	"encoding/json"
	"net/http"
	"runtime"
	"time"
)

// health answers for whoever watches over the daemon: /readyz once its listeners stand and
// until it drains, /healthz with what it does.
func (d *daemon) health() http.Handler {
	version, started := build(), time.Now().UTC()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		is := d.phase.String()
		if is != "ready" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(is + "\n"))
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		report := d.report()
		report["version"], report["started"] = version, started
		_ = json.NewEncoder(w).Encode(report)
	})
	return mux
}

// report is what the daemon does. admission is who has what of the devices; lingering is what
// those streams take, all together, that have ended and can still be watched;
// window_disk_error is there where no stream's window is on disk, for the reason that it names,
// stuck is what the watchdog finds standing still.
func (d *daemon) report() map[string]any {
	report := map[string]any{
		"at": time.Now().UTC(), "state": d.phase.String(), "streams": d.streams(), "lingering": d.hub.Lingering(),
		"admission": d.devices.control.Status(), "process": map[string]int{"goroutines": runtime.NumGoroutine()},
	}
	if d.diskErr != nil {
		report["window_disk_error"] = d.diskErr.Error()
	}
	if what := d.watchdog.Stuck(); what != "" {
		report["stuck"] = what
	}
	d.reloads.report(report)
	d.journal.report(report)
	d.api.report(report)
	d.measuring.report(report)
	return report
}
