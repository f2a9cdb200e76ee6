package e2e

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"ladderd/console"
	"ladderd/testassets/browser"
	"ladderd/testassets/daemon"
)

// step bounds each thing that the browser is waited for.
const step = time.Minute

// watch opens the demo page for a channel, from another origin than the
// playback's, and waits until it plays.
func watch(t *testing.T, d *daemon.Daemon, channel string) *browser.Browser {
	t.Helper()
	page, err := console.Player(console.Page{Title: "test", PlaybackURL: d.Playback(channel)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(page)
	t.Cleanup(server.Close)
	b := browser.Launch(t)
	if err := b.Open(server.URL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `window.ladderd.status === 'playing' && document.querySelector('video').currentTime > 0`)
	return b
}

func waitFor(t *testing.T, b *browser.Browser, condition string) {
	t.Helper()
	if err := b.WaitFor(condition, step); err != nil {
		var state any
		_ = b.Eval(`JSON.stringify(window.ladderd)`, &state)
		t.Fatalf("%v\nthe page's state: %v", err, state)
	}
}

func eval[T any](t *testing.T, b *browser.Browser, expression string) T {
	t.Helper()
	var v T
	if err := b.Eval(expression, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// plays waits until the picture has moved on by so many seconds.
func plays(t *testing.T, b *browser.Browser, seconds float64) {
	t.Helper()
	at := eval[float64](t, b, `document.querySelector('video').currentTime`)
	waitFor(t, b, fmt.Sprintf(`document.querySelector('video').currentTime > %f`, at+seconds))
}

// buffered are the ranges of time that the player has media for.
const buffered = `(b => Array.from({length: b.length}, (_, i) => b.start(i) + '-' + b.end(i)))(document.querySelector('video').buffered)`

func TestBrowserPlaysAndSwitchesThroughAllRenditions(t *testing.T) {
	for _, s := range []show{{Clip: mixed}, {Clip: mixed, container: "TS"}} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			switchThroughAll(t, s)
		})
	}
}

func switchThroughAll(t *testing.T, s show) {
	d, p := broadcast(t, s, 2)
	b := watch(t, d, studio)

	levels := eval[[]string](t, b, `window.ladderd.levels`)
	if len(levels) != mixedRenditions {
		t.Fatalf("the page lists the renditions %v", levels)
	}
	stalls := eval[int](t, b, `window.ladderd.stalls`)
	for _, level := range levels {
		if err := b.Eval(fmt.Sprintf(`window.ladderd.choose(%q)`, level), nil); err != nil {
			t.Fatal(err)
		}
		waitFor(t, b, fmt.Sprintf(`window.ladderd.current === %q`, level))
		plays(t, b, 1)
		// Media of two renditions that did not meet would leave a hole in what is buffered.
		if pieces := eval[[]string](t, b, buffered); len(pieces) != 1 {
			t.Errorf("after the switch to %s the buffer is %v", level, pieces)
		}
	}
	if now := eval[int](t, b, `window.ladderd.stalls`); now != stalls {
		t.Errorf("the player stalled %d times while it switched", now-stalls)
	}
	_ = p.Stop() // ffmpeg's exit code for Ctrl-C is no success
	waitFor(t, b, `window.ladderd.ended`)
	if n := eval[int](t, b, `window.ladderd.starts`); n != 1 {
		t.Errorf("playback began %d times", n)
	}
}

// TestBrowserPlaysPlainHLS is 18 s behind the broadcast, so it neither goes through
// all renditions nor waits for the end.
func TestBrowserPlaysPlainHLS(t *testing.T) {
	t.Parallel()
	d, _ := broadcast(t, show{Clip: mixed, container: "TS", latency: "NORMAL"}, 2)
	b := watch(t, d, studio)
	if err := b.Eval(`window.ladderd.choose('360p30')`, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `window.ladderd.current === '360p30'`)
	plays(t, b, 3)
	if n := eval[int](t, b, `window.ladderd.starts`); n != 1 {
		t.Errorf("playback began %d times", n)
	}
}

func TestBrowserOutlivesTheWorker(t *testing.T) {
	for _, s := range shows {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			outliveWorkers(t, s)
		})
	}
}

func outliveWorkers(t *testing.T, s show) {
	d, _ := broadcast(t, s, 2)
	b := watch(t, d, studio)
	if err := b.Eval(`window.ladderd.choose('480p30')`, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `window.ladderd.current === '480p30'`)
	for i, signal := range crashes {
		killWorker(t, d, studio, i+1, signal)
		plays(t, b, 8) // past the hole, and past what it had buffered before
	}
	t.Logf("%d stalls, playback began %d times", eval[int](t, b, `window.ladderd.stalls`), eval[int](t, b, `window.ladderd.starts`))
}
