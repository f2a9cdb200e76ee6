package main

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"ladderd/config"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestDaemonTellsOfAListenerThatFailed(t *testing.T) {
	cfg := config.Default()
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
	cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "127.0.0.1:0", "127.0.0.1:0", "192.0.2.1:9"
	if _, err := newDaemon(cfg, quiet()); err == nil || !strings.Contains(err.Error(), "open the metrics listener") {
		t.Error(err)
	}
}
