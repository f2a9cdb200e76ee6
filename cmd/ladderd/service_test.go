package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ladderd/config"
	"ladderd/ingest"
	"ladderd/service"
)

// A drain lasts as long as the configuration says where somebody publishes, refuses others, and
// is told where load is spread over machines.
func TestDrainIsToldAndBounded(t *testing.T) {
	r := newReloaded(t, "[server]\ndrain = '200ms'\n"+channelText("a")+channelText("b"))
	readyz := func() (int, string) {
		w := httptest.NewRecorder()
		r.daemon.health().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	if code, body := readyz(); code != http.StatusServiceUnavailable || body != "starting" {
		t.Errorf("at the start: %d %s", code, body)
	}
	r.up()
	if code, body := readyz(); code != http.StatusOK || body != "ready" {
		t.Errorf("when it is up: %d %s", code, body)
	}
	p, err := r.hub.Accept(ingest.Request{Key: "sk_local_a", Close: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	go func() { r.drain(); close(drained) }()
	for {
		early, err := r.hub.Accept(ingest.Request{Key: "sk_local_b", Close: func(error) {}})
		if errors.Is(err, ingest.ErrDraining) {
			break
		}
		if err == nil {
			early.Close(nil) // it has not begun to drain
		}
		time.Sleep(time.Millisecond)
	}
	if code, body := readyz(); code != http.StatusServiceUnavailable || body != "draining" {
		t.Errorf("while it drains: %d %s", code, body)
	}
	<-drained
	if r.hub.Count() == 0 {
		t.Error("the publisher is gone")
	}
	p.Close(nil)
}

// What the service manager has opened is used in the place of the configured address, and only
// where that is on.
func TestInheritedListenerIsUsed(t *testing.T) {
	cfg := config.Default()
	cfg.Server.DataDir = t.TempDir()
	cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "127.0.0.1:0", "", ""
	given, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDaemonOn(service.NewSockets(map[string][]net.Listener{"rtmp": {given}, "api": {other}}), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	if got := d.addresses["RTMP"]; got.String() != given.Addr().String() {
		t.Errorf("RTMP listens on %v, not on %v", got, given.Addr())
	}
	if _, err := other.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a socket that nobody wants: %v", err)
	}
}
