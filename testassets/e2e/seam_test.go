package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/console"
	"ladderd/ladder"
	"ladderd/testassets/browser"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
	"ladderd/testassets/shaka"
	"ladderd/testassets/stamp"
)

// numbered is a live broadcast whose every frame has its number in the picture. Its
// ladder passes one rendition through and transcodes four.
var numbered = publish.Camera{
	Width: side, Height: side, FPS: 30, Bitrate: 3_000_000, GOP: 2,
	Stamp: func(frame []byte, width, height, n int, _ time.Time) { stamp.Draw(frame, width, height, uint16(n)) },
}

// player is a page that plays a channel by a player that is not ours. Its state is
// window.ladderd.
type player struct {
	name string
	// open serves the page until the test ends, from another origin than the
	// playback's, and returns its address.
	open func(t *testing.T, playback string) string
}

var players = []player{
	{"hls.js", func(t *testing.T, playback string) string {
		page, err := console.Player(console.Page{Title: "test", PlaybackURL: playback})
		return serve(t, page, err)
	}},
	{"Shaka", func(t *testing.T, playback string) string {
		page, err := shaka.Page()
		return shaka.URL(serve(t, page, err), playback)
	}},
}

func serve(t *testing.T, page http.Handler, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(page)
	t.Cleanup(server.Close)
	return server.URL
}

// TestPlayersSwitchWithoutASeam has each player go down through all renditions and
// up again, in both containers, and looks at every frame that it shows on the way.
func TestPlayersSwitchWithoutASeam(t *testing.T) {
	t.Parallel()
	for _, container := range []string{"FRAGMENTED_MP4", "TS"} {
		t.Run(container, func(t *testing.T) {
			t.Parallel()
			switchThroughAll(t, daemon.Channel{Type: ladder.Standard, Container: container})
		})
	}
}

// switchThroughAll has all players watch one broadcast.
func switchThroughAll(t *testing.T, c daemon.Channel) {
	useCPU(t, whole) // two players decode; on a machine that is full, Shaka has lost its way
	c = channel(c)
	d := startDaemon(t, c)
	live, err := numbered.Broadcast(t.Context(), d.RTMP(c.Key))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Stop() })
	_ = view(t, d, d.Playback(c.ID), mixedRenditions, nil) // all are listed once it returns

	pages := map[string]*browser.Browser{}
	for _, p := range players {
		pages[p.name] = browser.Launch(t)
		if err := pages[p.name].Open(p.open(t, d.Playback(c.ID))); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("in", func(t *testing.T) {
		for name, b := range pages {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				switchIn(t, b)
			})
		}
	}) // ends with the last of them
	if err := live.Stop(); err != nil {
		t.Error(err)
	}
	for name, b := range pages {
		t.Run(name+" to the end", func(t *testing.T) {
			playedOnce(t, b)
		})
	}
}

// walks is how often a player may go through all renditions until each change was
// smooth: a machine that is busy at the wrong moment costs one.
const walks = 3

// switchIn goes through all renditions in a page that plays.
func switchIn(t *testing.T, b *browser.Browser) {
	t.Helper()
	waitFor(t, b, `window.ladderd.status === 'playing' && window.ladderd.levels.length > 0`)
	levels := eval[[]string](t, b, `window.ladderd.levels`)
	if len(levels) != mixedRenditions {
		t.Fatalf("the page lists the renditions %v", levels)
	}
	way := append(levels, levels[0])
	for n := 1; ; n++ {
		walk(t, b, way)
		seen, err := stamp.Seen(b)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d frames; the player waited for media at %v s", len(seen.Frames), seen.Waits)
		if err := seen.Continuous(float64(numbered.FPS)); err != nil {
			t.Error(err)
		}
		checkWay(t, seen, way)
		checkMedia(t, b)
		seam := seen.Smooth()
		if seam == nil || t.Failed() {
			return
		}
		if n == walks {
			t.Errorf("no walk of %d was smooth; the last: %v", walks, seam)
			return
		}
		t.Logf("walk %d is done again: %v", n, seam)
	}
}

// playedOnce wants a page to come to the broadcast's end without a fatal error, and
// without having begun anew.
func playedOnce(t *testing.T, b *browser.Browser) {
	t.Helper()
	waitFor(t, b, `window.ladderd.ended || window.ladderd.errors.some((e) => e.fatal)`)
	if n := eval[int](t, b, `window.ladderd.starts`); n != 1 {
		t.Errorf("playback began %d times", n)
	}
	if n := eval[int](t, b, `window.ladderd.errors.filter((e) => e.fatal).length`); n > 0 {
		t.Errorf("%d fatal errors: %s", n, eval[string](t, b, `JSON.stringify(window.ladderd.errors)`))
	}
}

// walk plays each of the renditions for a moment, from the first one's being on the
// screen on.
func walk(t *testing.T, b *browser.Browser, way []string) {
	t.Helper()
	for i, level := range way {
		if err := b.Eval(fmt.Sprintf(`window.ladderd.choose(%q)`, level), nil); err != nil {
			t.Fatal(err)
		}
		height, _, _ := strings.Cut(level, "p")
		waitFor(t, b, fmt.Sprintf(`document.querySelector('video').videoHeight === %s`, height))
		if i == 0 {
			if err := stamp.Watch(b); err != nil {
				t.Fatal(err)
			}
		}
		plays(t, b, 0.5)
	}
}

// checkMedia wants hls.js to have found media in all that it loaded: it takes other
// segments for gaps, and plays another rendition meanwhile.
func checkMedia(t *testing.T, b *browser.Browser) {
	t.Helper()
	const missed = `window.ladderd.errors.filter((e) => e.name === 'fragParsingError' || e.name === 'fragGap').slice(0, 2)`
	if s := eval[string](t, b, `JSON.stringify(`+missed+`)`); s != "[]" {
		t.Errorf("the player has missed media: %s", s)
	}
}

// checkWay wants the renditions in the order in which they were chosen.
func checkWay(t *testing.T, seen stamp.Watched, way []string) {
	t.Helper()
	var want []int
	for _, level := range way {
		var height int
		if _, err := fmt.Sscanf(level, "%dp", &height); err != nil {
			t.Fatal(err)
		}
		want = append(want, height)
	}
	if got := seen.Renditions(); !slices.Equal(got, want) {
		t.Errorf("the picture had %v lines, not %v", got, want)
	}
}
