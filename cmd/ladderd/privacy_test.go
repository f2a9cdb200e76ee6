package main

import (
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/playback"
	"ladderd/stream"
)

func TestNobodyWatchesAPrivateChannel(t *testing.T) {
	for _, c := range []struct {
		name   string
		began  bool // whether the channel is private when the stream begins
		later  bool // and from then on
		status int
	}{
		{"private", true, true, http.StatusForbidden},
		{"private until the next stream", true, false, http.StatusForbidden},
		{"private from the next stream on", false, true, http.StatusOK},
		{"open", false, false, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := stream.NewHub(nil, stream.Options{Log: quiet(), Linger: time.Hour})
				defer hub.Close()
				channel := stream.Channel{ID: "studioA", Type: ladder.Basic, Key: "key", Private: c.began}
				hub.Put(channel)
				publisher := broadcast(t, hub, channel.Key)
				status := hub.Status()[0]
				channel.Private = c.later
				hub.Put(channel)
				h := playback.NewHandler(playback.Config{Region: "local", Account: "000000000000", Rules: privacy{hub}, Log: quiet()}, viewers{hub})
				below := "/hls/" + status.ID + "/" + status.Renditions[0] + "/"
				paths := []string{below + "index.m3u8", below + "0.m4s"}
				refused(t, h, c.status, append(paths, playback.PlaybackPath("local", "000000000000", "studioA"))...)
				publisher.Close(nil)
				synctest.Wait()
				refused(t, h, c.status, paths...)
			})
		})
	}
}

// refused wants a status for each path, and the real service's words for one that is not OK.
func refused(t *testing.T, h http.Handler, status int, paths ...string) {
	t.Helper()
	for _, path := range paths {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://viewers.example"+path, nil))
		if w.Code != status {
			t.Errorf("%s: status %d, want %d: %s", path, w.Code, status, w.Body)
		}
		if told := strings.Contains(w.Body.String(), "invalid_playback_auth_token"); told != (status != http.StatusOK) {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}

// broadcast publishes three seconds of 720p30, in a bubble, to a channel that passes them
// through.
func broadcast(t *testing.T, hub *stream.Hub, key string) ingest.Session {
	t.Helper()
	sps, _ := hex.DecodeString("6764001facd9405005bb0110000003001000000303c0f1831960")
	pps, _ := hex.DecodeString("68ebe3cb22c0")
	video, err := media.NewVideoParams(sps, pps)
	if err != nil {
		t.Fatal(err)
	}
	s, err := hub.Accept(ingest.Request{Protocol: "rtmps", Secure: true, Key: key, Close: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 90 {
		at := media.Ticks(n) * media.Clock / 30
		p := media.Packet{Kind: media.Video, PTS: at, DTS: at, Data: media.AppendNAL(nil, []byte{0x41, 0x9a, 0})}
		if p.Key = n%60 == 0; p.Key {
			p.Video, p.Data = video, media.AppendNAL(nil, []byte{0x65, 0x88, 0x80})
		}
		if err := s.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Wait()
	return s
}
