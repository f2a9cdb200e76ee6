package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ladderd/config"

	tea "charm.land/bubbletea/v2"
)

// A page of a daemon's own answer has its build, its age and its CPU.
func TestTopReadsTheDaemon(t *testing.T) {
	cfg := config.Default()
	cfg.Server.DataDir = t.TempDir()
	cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	d, err := newDaemon(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	d.start()
	t.Cleanup(d.close)
	w := watched{"http://" + d.addresses["metrics"].String()}
	shot, err := w.ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if shot.Version != build() || shot.At.Before(shot.Started) || time.Since(shot.Started) > time.Minute {
		t.Errorf("the daemon is %q, started %v, asked %v", shot.Version, shot.Started, shot.At)
	}
	if len(shot.Admission.Devices) != 1 || shot.Admission.Devices[0].ID != "cpu" || shot.Admission.Devices[0].Encoder != "x264" {
		t.Errorf("its devices are %+v", shot.Admission.Devices)
	}
	var page strings.Builder
	if err := w.print(t.Context(), &page); err != nil || !strings.Contains(page.String(), "\n0 streams ") {
		t.Errorf("its page, %v:\n%s", err, page.String())
	}
}

func TestTopSaysWhyThereIsNoAnswer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/teapot/healthz" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	for base, want := range map[string]string{
		s.URL + "/teapot":    "418 I'm a teapot",
		s.URL:                "read the daemon's answer",
		"http://127.0.0.1:1": "connection refused",
	} {
		err := watched{base}.print(t.Context(), io.Discard)
		if err == nil || !strings.Contains(err.Error(), "no answer from a daemon at "+base) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// A terminal that cannot be drawn on is told page by page, also that there is none.
func TestTopFollowsWithoutATerminal(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out := &told{enough: func(text string) bool { return strings.Count(text, "no answer from") == 2 }, then: stop}
	if err := (watched{"http://127.0.0.1:1"}).follow(ctx, out, time.Millisecond); err != nil {
		t.Error(err)
	}
	if n := strings.Count(out.String(), "no answer from a daemon"); n != 2 {
		t.Errorf("it was told %d times:\n%s", n, out.String())
	}
}

// On a terminal a daemon that does not answer is asked again, keys are heard, and what was
// drawn is taken away at the end.
func TestTopOnATerminal(t *testing.T) {
	t.Setenv("LANG", "C.UTF-8")
	t.Setenv("LC_ALL", "")
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, `{"streams": [{"id": "st-1", "channel": "studio\u00e9", "state": "live", "started": true, "new": 1}]}`)
	}))
	t.Cleanup(s.Close)
	keys, hands := io.Pipe()
	press := func(key string) func() { return func() { go io.WriteString(hands, key) } }
	out := &told{enough: func(text string) bool { return strings.Contains(text, "studio\u00e9") }, then: press("\r")}
	out.next = &told{enough: func(text string) bool { return strings.Contains(text, "stream st-1") }, then: press("q")}
	err := (watched{s.URL}).draw(t.Context(), time.Millisecond, tea.WithInput(keys), tea.WithOutput(out), tea.WithWindowSize(80, 24))
	if err != nil || asked.Load() < 2 {
		t.Errorf("after %d answers: %v", asked.Load(), err)
	}
	const on, off = "\x1b[?1049h", "\x1b[?1049l"
	if text := out.String(); !strings.Contains(text, on) || strings.LastIndex(text, off) < strings.LastIndex(text, on) {
		t.Errorf("the terminal is left as %q", text)
	}
}

// told keeps what is written, and does something, once, when it is enough.
type told struct {
	mu     sync.Mutex
	text   strings.Builder
	enough func(text string) bool
	then   func()
	next   *told // goes on then
}

func (k *told) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.text.Write(b)
	for one := k; one != nil; one = one.next {
		if one.then == nil {
			continue
		}
		if one.enough(k.text.String()) {
			one.then()
			one.then = nil
		}
		break
	}
	return len(b), nil
}

func (k *told) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.String()
}
