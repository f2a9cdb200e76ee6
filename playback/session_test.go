package playback

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/packager"
)

var sessionInPath = regexp.MustCompile(`(?m)^/v/([A-Za-z0-9_-]{32})/hls/`)

// join asks for the multivariant playlist and gives the session that its URIs carry.
func join(t *testing.T, h http.Handler) string {
	t.Helper()
	w := get(h, channelURL+"?allow_audio_only=true")
	found := sessionInPath.FindAllStringSubmatch(w.Body.String(), -1)
	if len(found) != 2 || found[0][1] != found[1][1] {
		t.Fatalf("no session, or several, in:\n%s", w.Body)
	}
	return found[0][1]
}

func TestEachViewerHasASessionAndTheSameMedia(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	one, other := join(t, h), join(t, h)
	if one == other {
		t.Fatal("two viewers have the same session")
	}
	for _, name := range []string{"index.m3u8", "index.m3u8?_HLS_msn=1", "0.m4s", "1.0.m4s"} {
		shared := get(h, mediaURL+name)
		for _, session := range []string{one, other} {
			w := get(h, "/v/"+session+mediaURL+name)
			if w.Code != http.StatusOK || w.Body.String() != shared.Body.String() {
				t.Errorf("%s by a session: status %d, or other bytes than without", name, w.Code)
			}
			if name == "index.m3u8" && (strings.Contains(w.Body.String(), session) || strings.Contains(w.Body.String(), "\n/")) {
				t.Errorf("the playlist's bytes are a session's own:\n%s", w.Body)
			}
		}
	}
}

func TestSessionsCannotBeMadeUp(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	genuine := join(t, h)
	mine := newSessions()
	for what, session := range map[string]string{
		"another process's": mine.mint(streamID), "another stream's": h.sessions.mint("st-other"),
		"cut off": genuine[:31], "changed": flip(genuine), "no base64": strings.Repeat("*", 32),
	} {
		w := get(h, "/v/"+session+mediaURL+"0.m4s")
		expectFailure(t, what, w.Code, w.Header(), w.Body.Bytes(), 404, "can_not_find_session", "no such viewer session")
	}
	if n := h.Views(streamID); n != 0 {
		t.Errorf("%d views", n)
	}
}

func flip(session string) string {
	if session[0] == 'A' {
		return "B" + session[1:]
	}
	return "A" + session[1:]
}

func TestViewsAreSessionsThatDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(75)
		h := newTestHandler(t, b)
		expect := func(what string, want int) {
			t.Helper()
			if n := h.Views(streamID); n != want {
				t.Errorf("%s: %d views, want %d", what, n, want)
			}
		}
		one, other := join(t, h), join(t, h)
		expect("sessions that have not asked for anything", 0)
		watch := func(session string) {
			t.Helper()
			if w := get(h, "/v/"+session+mediaURL+"0.m4s"); w.Code != http.StatusOK {
				t.Errorf("status %d", w.Code)
			}
		}
		look := func(session string) { get(h, "/v/"+session+mediaURL+"index.m3u8") }
		look(one)
		expect("a session that has only looked at a playlist", 0)
		watch(one)
		watch(one)
		get(h, mediaURL+"0.m4s")
		expect("one session, and somebody without", 1)
		watch(other)
		expect("two sessions", 2)
		<-time.After(viewPause - time.Second) // of the bubble's clock
		look(one)
		<-time.After(2 * time.Second)
		expect("one of them has gone", 1)
		<-time.After(viewPause)
		expect("both have gone", 0)
		watch(other)
		expect("one is back after a pause", 1)
		if h.Views("st-other") != 0 {
			t.Error("another stream has views")
		}
	})
}

func TestViewsAreBounded(t *testing.T) {
	v := newViews()
	now := time.Now()
	for i := range 2 * viewsMost {
		v.begin(strconv.Itoa(i), streamID, now)
	}
	if n := v.of(streamID, now); n != viewsMost {
		t.Errorf("%d views, want %d at most", n, viewsMost)
	}
	later := now.Add(viewPause)
	if n := v.of(streamID, later); n != 0 {
		t.Errorf("%d views once all have gone", n)
	}
	v.begin("one more", streamID, later)
	if !v.active("one more", streamID, later) {
		t.Error("there is no room for a new one")
	}
}

// limit is a rule: so many views, and nobody without a session.
type limit struct {
	h     *Handler
	most  int
	mu    sync.Mutex
	asked []Viewer
}

func (l *limit) Admit(v Viewer, _ *http.Request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, v)
	switch {
	case v.Channel == "" && v.Session == "":
		return ErrNoStream
	case !v.Active && l.h.Views(v.Stream) >= l.most:
		return ErrViewLimit
	}
	return nil
}

func TestRulesDecideWhoMayWatch(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	rule := &limit{most: 1}
	h := newTestHandler(t, b)
	rule.h, h.config.Rules = h, rule
	one, other := join(t, h), join(t, h)
	if w := get(h, "/v/"+one+mediaURL+"0.m4s"); w.Code != http.StatusOK {
		t.Errorf("the first viewer: status %d", w.Code)
	}
	for what, url := range map[string]string{"a second viewer": "/v/" + other + mediaURL + "0.m4s", "a third": channelURL} {
		w := get(h, url)
		expectFailure(t, what, w.Code, w.Header(), w.Body.Bytes(), 429, "view_limit_reached", "limit of concurrent views")
	}
	if w := get(h, "/v/"+one+mediaURL+"0.m4s"); w.Code != http.StatusOK {
		t.Errorf("the first viewer goes on: status %d", w.Code)
	}
	if w := get(h, mediaURL+"0.m4s"); w.Code != http.StatusNotFound {
		t.Errorf("without a session: status %d", w.Code)
	}
	if first := rule.asked[0]; first != (Viewer{Channel: "studioA", Stream: streamID}) {
		t.Errorf("asked about %+v", first)
	}
	if last := rule.asked[len(rule.asked)-2]; last != (Viewer{Stream: streamID, Session: one, Active: true}) {
		t.Errorf("asked about %+v", last)
	}
	if !errors.Is(h.admit(place{session: "x", stream: streamID}, nil), errNoSession) {
		t.Error("a made-up session was asked about")
	}
}

// brokenDown is a Live whose every answer is an error of our own.
type brokenDown struct{ Live }

func (brokenDown) Stream(string) (*packager.Stream, error) { return nil, errors.New("broken") }
func (brokenDown) ChannelOf(string) string                 { return "" }

func TestLogsHaveNoSession(t *testing.T) {
	var log bytes.Buffer
	h := NewHandler(Config{Region: "local", Account: "000000000000", Log: slog.New(slog.NewTextHandler(&log, nil))}, brokenDown{})
	session := h.sessions.mint(streamID)
	if w := get(h, "/v/"+session+mediaURL+"0.m4s"); w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
	if text := log.String(); strings.Contains(text, session) || !strings.Contains(text, "path="+mediaURL+"0.m4s") {
		t.Errorf("the log says %s", text)
	}
}

// denied is a rule that keeps everybody out of the channel.
type denied struct{}

func (denied) Admit(Viewer, *http.Request) error { return ErrDenied }

func TestPrivateChannelIsRefusedInTheServicesWords(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	session := join(t, h)
	h.config.Rules = denied{}
	for _, url := range []string{
		channelURL, channelURL + "?token=a.b.c", mediaURL + "index.m3u8", mediaURL + "0.m4s", "/v/" + session + mediaURL + "index.m3u8",
		"/v/" + session + mediaURL + "0.m4s",
	} {
		w := get(h, url)
		expectFailure(t, url, w.Code, w.Header(), w.Body.Bytes(), 403, "invalid_playback_auth_token", "private")
		if strings.Contains(w.Body.String(), "a.b.c") || strings.Contains(w.Body.String(), "EXTM3U") {
			t.Errorf("%s: %s", url, w.Body)
		}
	}
}
