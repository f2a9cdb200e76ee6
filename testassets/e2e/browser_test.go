package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"ladderd/console"
	"ladderd/ladder"
	"ladderd/testassets/browser"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// step bounds each thing that the browser is waited for.
const step = time.Minute

// watch opens the demo page for a channel, from another origin than the
// playback's, and waits until it plays.
func watch(t *testing.T, d *daemon.Daemon, channel string) *browser.Browser {
	t.Helper()
	return open(t, d.Playback(channel))
}

// open does so for any playlist.
func open(t *testing.T, url string) *browser.Browser {
	t.Helper()
	page, err := console.Player(console.Page{Title: "test", PlaybackURL: url})
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

// pageState is what a page that does not come to something is asked for.
const pageState = `(() => {
	const video = document.querySelector('video');
	const ranges = Array.from(video.buffered, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
	return JSON.stringify({ ...window.ladderd, at: video.currentTime, ready: video.readyState, seeking: video.seeking, ranges });
})()`

func waitFor(t *testing.T, b *browser.Browser, condition string) {
	t.Helper()
	if err := b.WaitFor(condition, step); err != nil {
		var state any
		_ = b.Eval(pageState, &state)
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

// TestBrowserPlaysAudioOnly has the player load a multivariant playlist of that
// rendition alone, as hls.js leaves it out where there are variants with video.
func TestBrowserPlaysAudioOnly(t *testing.T) {
	t.Parallel()
	for _, container := range []string{"FRAGMENTED_MP4", "TS"} {
		t.Run(container, func(t *testing.T) {
			t.Parallel()
			file := clip(t, clip480p30)
			useCPU(t, 5)
			studio := channel(daemon.Channel{Type: ladder.Basic, Container: container})
			d := startDaemon(t, studio)
			p, err := publish.FFmpegLoop(d.RTMP(studio.Key), file)
			stopAtEnd(t, p, err)
			v := view(t, d, d.Playback(studio.ID)+"?allow_audio_only=true", 2, nil)
			b := open(t, alone(t, v.Variants[1]))
			plays(t, b, 3)
			if n := eval[int](t, b, `document.querySelector('video').videoWidth`); n != 0 {
				t.Errorf("pictures of %d pixels width in %s", n, v.Variants[1].Name)
			}
		})
	}
}

// alone is a multivariant playlist with one variant, which lies behind the same
// server: the page may load from no other.
func alone(t *testing.T, v hls.Variant) string {
	t.Helper()
	media, err := url.Parse(v.URL)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: media.Scheme, Host: media.Host})
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	mux.Handle("/", proxy)
	mux.HandleFunc("/alone.m3u8", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
		fmt.Fprintf(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=%d,CODECS=\"%s\"\n%s\n", v.Bandwidth, strings.Join(v.Codecs, ","), media.Path)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/alone.m3u8"
}
