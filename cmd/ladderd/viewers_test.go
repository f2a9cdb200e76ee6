package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"ladderd/config"
	"ladderd/playback"
	"ladderd/stream"
)

func TestEveryAnswerOfPlaybackHasCORS(t *testing.T) {
	cfg := config.Default()
	cfg.Channels = []config.Channel{{ID: "studioA", Name: "Studio A"}}
	hub := stream.NewHub([]stream.Channel{{ID: "studioA"}}, stream.Options{Log: quiet()})
	t.Cleanup(hub.Close)
	play := playback.NewHandler(playback.Config{Region: "local", Account: "000000000000", Log: quiet()}, viewers{hub})
	hub.Put(stream.Channel{ID: "made"})
	var now atomic.Pointer[pages]
	now.Store(newPages(cfg, viewers{hub}.known))
	h := viewerHandler(&now, play)
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", playback.PlaybackPath("local", "000000000000", "studioA"), http.StatusNotFound},
		{"GET", "//hls/st-x/720p30/index.m3u8", http.StatusNotFound},
		{"GET", "/nothing", http.StatusNotFound},
		{"GET", "/watch/nobody/", http.StatusNotFound},
		{"OPTIONS", "//hls", http.StatusNoContent},
		{"DELETE", "/hls/st-x/720p30/0.m4s", http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(test.method, "http://viewers.example"+test.path, nil))
		if w.Code != test.status || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: status %d, CORS %q", test.method, test.path, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
		}
	}
	for path, status := range map[string]int{"studioA/": 200, "studioA": 301, "made/": 200, "made/static/player.js": 200} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://viewers.example/watch/"+path, nil))
		if w.Code != status {
			t.Errorf("/watch/%s: status %d", path, w.Code)
		}
	}
	hub.Remove("made")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest("GET", "http://viewers.example/watch/made/", nil)); w.Code != http.StatusNotFound {
		t.Errorf("the page of a channel that is gone: status %d", w.Code)
	}
}
