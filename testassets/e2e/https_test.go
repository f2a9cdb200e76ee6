package e2e

import (
	"testing"

	"ladderd/ladder"
	"ladderd/testassets/browser"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// TestBrowserPlaysByHTTPS has Chromium play the page and the stream of the daemon's own
// HTTPS listener, all of it by HTTP/2, as near to the live edge as by HTTP.
func TestBrowserPlaysByHTTPS(t *testing.T) {
	t.Parallel()
	file := clip(t, clip480p30)
	useCPU(t, 8)
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, HTTPS: true})
	p, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	stopAtEnd(t, p, err)
	awaitLive(t, d.Playback(c.ID))

	b := browser.Launch(t)
	if err := b.Open(d.SecurePage(c.ID)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.status === "playing" && ladderd.latency > 0`)
	plays(t, b, 4)
	// Two parts behind PART-HOLD-BACK, with room for a machine that is busy.
	waitFor(t, b, `ladderd.latency < ladderd.target + 2`)

	seekBack(t, b)

	const loads = `performance.getEntriesByType("resource").filter((e) => /\.(m3u8|m4s|mp4)/.test(e.name))`
	if n := eval[int](t, b, loads+`.filter((e) => e.nextHopProtocol === "h2").length`); n < 10 {
		t.Errorf("the browser tells of %d loads by HTTP/2", n)
	}
	// One that was given up has no protocol.
	others := loads + `.filter((e) => !["h2", ""].includes(e.nextHopProtocol)).map((e) => e.name + " " + e.nextHopProtocol)`
	if names := eval[[]string](t, b, others); len(names) > 0 {
		t.Errorf("not by HTTP/2: %v", names)
	}
	if n := eval[int](t, b, `ladderd.errors.filter((e) => e.fatal).length`); n > 0 {
		t.Errorf("the page tells of %d errors", n)
	}
	if shown := eval[string](t, b, `document.getElementById("message").dataset.open`); shown != "false" {
		t.Error("a message covers the picture")
	}
}

// seekBack goes back by the bar's arrow keys, where the page must neither hurry nor
// jump to the live edge, and returns to that.
func seekBack(t *testing.T, b *browser.Browser) {
	t.Helper()
	waitFor(t, b, `ladderd.back > 12`)
	const left = `document.getElementById("seek").dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", bubbles: true}))`
	if err := b.Eval(left+","+left, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.behind > 8 && ladderd.status === "playing"`)
	plays(t, b, 3)
	waitFor(t, b, `ladderd.behind > 8 && document.querySelector("video").playbackRate === 1`)
	if err := b.Click("#live"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.latency < ladderd.target + 2`)
}
