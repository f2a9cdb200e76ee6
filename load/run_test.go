package load

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// options are of a short run.
func options(url string) Options {
	return Options{URL: url + channelPath, Viewers: 12, Duration: 2 * time.Second, Ramp: 100 * time.Millisecond}
}

func run1(t *testing.T, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	r.Text(&text)
	t.Log(text.String())
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	return r
}

func TestViewersOfALiveStream(t *testing.T) {
	t.Parallel()
	b := newBroadcast(t)
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "http", true: "https"}[secure], func(t *testing.T) {
			t.Parallel()
			s := httptest.NewUnstartedServer(b.handle)
			if s.EnableHTTP2 = secure; secure {
				s.StartTLS()
			} else {
				s.Start()
			}
			t.Cleanup(s.Close)
			o := options(s.URL)
			o.Spread, o.Insecure = true, true
			r := run1(t, o)
			if len(r.Errors) > 0 {
				t.Errorf("errors: %v", r.Errors)
			}
			if r.Variants["high"] != 6 || r.Variants["low"] != 6 {
				t.Errorf("they watched %v", r.Variants)
			}
			if r.Join.Count != 12 || r.PlaylistsHeld.Count == 0 || r.Parts.Count == 0 || r.PartsLate.Count == 0 || r.Latency.Count == 0 {
				t.Errorf("not all has been measured: %+v", r)
			}
			if r.Segments.Count > 0 {
				t.Errorf("%d whole segments were loaded at the live edge", r.Segments.Count)
			}
			// Each part is asked for once, and each state of the playlist.
			if most := r.Requests; r.Parts.Count+r.PlaylistsHeld.Count != most {
				t.Errorf("%d requests for %d parts and %d playlists", most, r.Parts.Count, r.PlaylistsHeld.Count)
			}
			if r.Server == nil || !slices.Contains(r.Server.PIDs, os.Getpid()) || r.Server.MemoryPeak == 0 {
				t.Errorf("the server was not found: %+v, %s", r.Server, r.ServerNote)
			}
		})
	}
}

func TestViewersFollowRedirects(t *testing.T) {
	t.Parallel()
	b := newBroadcast(t)
	s := serve(t, b.handle)
	front := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/endless") {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
			return
		}
		http.Redirect(w, r, s.URL+r.URL.RequestURI(), http.StatusFound)
	}))
	r := run1(t, options(front.URL))
	if len(r.Errors) > 0 || r.Parts.Count == 0 || r.PlaylistsHeld.Count == 0 {
		t.Errorf("errors %v, %d parts, %d playlists", r.Errors, r.Parts.Count, r.PlaylistsHeld.Count)
	}
	o := options(front.URL)
	o.URL = front.URL + "/endless"
	if _, err := Run(t.Context(), o); !errors.Is(err, errRedirects) {
		t.Errorf("redirects without end: %v", err)
	}
}

// TestMediaPlaylistsMayRedirect has each of them lead to another server, where what
// it lists is, too.
func TestMediaPlaylistsMayRedirect(t *testing.T) {
	t.Parallel()
	b := newBroadcast(t)
	s := serve(t, b.handle)
	front := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isPlaylist(r.URL.Path):
			http.Redirect(w, r, s.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		case isPart(r.URL.Path):
			http.NotFound(w, r)
		default:
			b.handle.ServeHTTP(w, r)
		}
	}))
	if r := run1(t, options(front.URL)); len(r.Errors) > 0 || r.Parts.Count == 0 {
		t.Errorf("errors %v, %d parts", r.Errors, r.Parts.Count)
	}
}

// faulty lets requests through until it is broken, then has wrong answer those whose
// path it is for.
type faulty struct {
	http.Handler
	broken atomic.Bool
	isFor  func(path string) bool
	wrong  http.HandlerFunc
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.broken.Load() && f.isFor(r.URL.Path) {
		f.wrong(w, r)
		return
	}
	f.Handler.ServeHTTP(w, r)
}

func isPart(path string) bool     { return strings.HasSuffix(path, ".m4s") }
func isPlaylist(path string) bool { return strings.HasSuffix(path, "/index.m3u8") }

func TestFaultsAreInTheReport(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	short := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write(make([]byte, 10))
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }
	for _, c := range []struct {
		name  string
		isFor func(string) bool
		wrong http.HandlerFunc
		want  string
	}{
		{"parts are refused", isPart, status(503), "part: status 503"},
		{"parts are cut off", isPart, short, "part: connection cut off"},
		{"connections are cut", isPart, cut, "part: connection cut off"},
		{"playlists are refused", isPlaylist, status(503), "playlist: status 503"},
		{"playlists are none", isPlaylist, page, "playlist: " + errPlaylist.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &faulty{Handler: newBroadcast(t).handle, isFor: c.isFor, wrong: c.wrong}
			o := options(serve(t, f).URL)
			o.Progress = func(p Progress) { f.broken.Store(p.Measuring) }
			r := run1(t, o)
			if r.Errors[c.want] == 0 || len(r.Errors) > 1 {
				t.Errorf("errors are %v, not %q", slices.Collect(maps.Keys(r.Errors)), c.want)
			}
			if r.Stalls.Viewers == 0 {
				t.Error("no viewer stalled")
			}
		})
	}
}

func TestStandingStreamStallsViewers(t *testing.T) {
	t.Parallel()
	b := newBroadcast(t)
	o := options(serve(t, b.handle).URL)
	o.Progress = func(p Progress) {
		if p.Measuring {
			b.pause()
		}
	}
	r := run1(t, o)
	if r.Stalls.Viewers != 12 || r.Stalls.Times != 12 || r.Stalls.Seconds == 0 {
		t.Errorf("stalls: %+v", r.Stalls)
	}
	if len(r.Errors) > 0 {
		t.Errorf("held requests are no errors: %v", r.Errors)
	}
}

func TestEndOfTheStreamEndsTheRun(t *testing.T) {
	t.Parallel()
	b := newBroadcast(t)
	o := options(serve(t, b.handle).URL)
	o.Duration = time.Minute
	o.Progress = func(p Progress) {
		if p.Measuring {
			b.end()
		}
	}
	r := run1(t, o)
	if !r.Ended || len(r.Errors) > 0 || r.Stalls.Viewers > 0 {
		t.Errorf("ended early: %v; errors %v; stalls %+v", r.Ended, r.Errors, r.Stalls)
	}
}

func TestInterruptedRunReports(t *testing.T) {
	t.Parallel()
	b := newBroadcast(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var once sync.Once
	o := options(serve(t, b.handle).URL)
	o.Duration = time.Minute
	o.Progress = func(p Progress) {
		if p.Measuring {
			once.Do(cancel)
		}
	}
	r, err := Run(ctx, o)
	if err != nil || !r.Ended || r.Join.Count != 12 || len(r.Errors) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatCannotBeginIsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, newBroadcast(t).handle)
	for name, c := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"no viewers":             {func(o *Options) { o.Viewers = 0 }, errViewers.Error()},
		"no time":                {func(o *Options) { o.Duration = 0 }, errDuration.Error()},
		"a variant and spread":   {func(o *Options) { o.Spread, o.Variant = true, "low" }, errChoice.Error()},
		"no such variant":        {func(o *Options) { o.Variant = "mid" }, `no variant is called "mid"; there are high, low`},
		"not HTTP":               {func(o *Options) { o.URL = "ftp://127.0.0.1/a.m3u8" }, "neither http nor https"},
		"no such page":           {func(o *Options) { o.URL = s.URL + "/nothing" }, "status 404"},
		"nobody there":           {func(o *Options) { o.URL = "http://127.0.0.1:1/a.m3u8" }, "refused"},
		"too many for the files": {func(o *Options) { o.Viewers = 1 << 40 }, "open files"},
	} {
		o := options(s.URL)
		c.change(&o)
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
