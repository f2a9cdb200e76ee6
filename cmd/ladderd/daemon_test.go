package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ladderd/config"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestDaemonTellsOfAListenerThatFailed(t *testing.T) {
	cfg := config.Default()
	cfg.Server.DataDir = t.TempDir()
	cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	d, err := newDaemon(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	d.servers = append(d.servers, server{"test", func() error { return errors.New("broken") }, func() error { return nil }})
	d.start()
	t.Cleanup(d.close)
	if err := <-d.failed; !strings.Contains(err.Error(), "the test listener failed: broken") {
		t.Error(err)
	}
}

// A listener that cannot be opened ends what was opened before it.
func TestDaemonNeedsAllItsListeners(t *testing.T) {
	cfg := config.Default()
	cfg.Server.DataDir = t.TempDir()
	cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "127.0.0.1:0", "127.0.0.1:0", "192.0.2.1:9"
	if _, err := newDaemon(cfg, quiet()); err == nil || !strings.Contains(err.Error(), "open the metrics listener") {
		t.Error(err)
	}
}

// A daemon whose data directory is of no use serves, and says what it lacks.
func TestDaemonGoesOnWithoutADisk(t *testing.T) {
	cfg := config.Default()
	cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Server.DataDir = filepath.Join(t.TempDir(), "file", "below")
	if err := os.WriteFile(filepath.Dir(cfg.Server.DataDir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d, err := newDaemon(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	d.start()
	d.close()
	if text := log.String(); !strings.Contains(text, "windows stay in memory") || !strings.Contains(text, "not a directory") {
		t.Errorf("the log says\n%s", text)
	}
	_, reason := windowDisk(cfg, quiet())
	w := httptest.NewRecorder()
	d.diskErr = reason
	d.health().ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	if !strings.Contains(w.Body.String(), `"lingering":{"streams":0,"memory_bytes":0,`) || !strings.Contains(w.Body.String(), `"window_disk_error":"open the window's directory`) {
		t.Errorf("health says %s", w.Body)
	}
	if !strings.Contains(w.Body.String(), `"events_error":"make data_dir`) {
		t.Errorf("health says %s", w.Body)
	}
	if !strings.Contains(w.Body.String(), `"metrics":{"lag_seconds":`) || !strings.Contains(w.Body.String(), `"disk_error":"open `+cfg.Server.DataDir) {
		t.Errorf("health says of metrics %s", w.Body)
	}
	w, mux := httptest.NewRecorder(), http.NewServeMux()
	d.journal.handle(mux)
	if mux.ServeHTTP(w, httptest.NewRequest("GET", "/events", nil)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("events: %d", w.Code)
	}
}

// What is measured is kept wherever somebody may read it.
func TestDaemonMeasuresWhereSomebodyMayRead(t *testing.T) {
	for listen, measured := range map[config.Address]bool{"127.0.0.1:0": true, "": false} {
		cfg := config.Default()
		cfg.Server.DataDir = t.TempDir()
		cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "127.0.0.1:0", "127.0.0.1:0", listen
		d, err := newDaemon(cfg, quiet())
		if err != nil {
			t.Fatal(err)
		}
		d.start()
		d.close()
		if _, err := os.Stat(filepath.Join(cfg.Server.DataDir, "metrics.db")); (err == nil) != measured {
			t.Errorf("listening on %q: %v", listen, err)
		}
	}
}

// A SIGHUP that came while the daemon started is not lost.
func TestDaemonReloadsWhenItIsUp(t *testing.T) {
	var log bytes.Buffer
	d := &daemon{log: slog.New(slog.NewTextHandler(&log, nil)), failed: make(chan error)}
	hangUp := make(chan os.Signal, 1)
	hangUp <- syscall.SIGHUP
	over := errors.New("over")
	go func() {
		hangUp <- syscall.SIGHUP // there is room once the first has been taken
		d.failed <- over
	}()
	if err := d.await(t.Context(), hangUp); !errors.Is(err, over) {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "reload") {
		t.Errorf("the log says\n%s", log.String())
	}
}
