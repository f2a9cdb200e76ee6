package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/browser"
)

// patience is how long a condition may take before the test gives up: what it
// waits for takes seconds, a loaded machine several times that.
const patience = 60 * time.Second

func TestPageNamesChannelAndURLs(t *testing.T) {
	const playback = "https://media.example:8443/api/video/v1/local.000000000000.channel.studioA.m3u8"
	w := get(t, Page{Title: `Studio <A>`, PlaybackURL: playback}, "/", nil)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	for _, want := range []string{`data-playback="` + playback + `"`, "Studio &lt;A&gt;", `src="static/player.js"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "connect-src 'self' https://media.example:8443;") {
		t.Errorf("the page may not load the playlist: %s", policy)
	}
}

func TestPageTellsHowToGetPlayerScript(t *testing.T) {
	for _, built := range []bool{true, false} {
		var html strings.Builder
		err := page.Execute(&html, struct {
			Page
			HasScript bool
		}{Page{Title: "x", PlaybackURL: "/x.m3u8"}, built})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(html.String(), "make build"); got == built {
			t.Errorf("script built in: %v, notice shown: %v", built, got)
		}
		if got := strings.Contains(html.String(), "hls.min.js"); got != built {
			t.Errorf("script built in: %v, script asked for: %v", built, got)
		}
	}
}

func TestPlayerRefusesWhatIsNoURL(t *testing.T) {
	for _, bad := range []string{"", "playlist.m3u8", "javascript:alert(1)", "ftp://host/x.m3u8", "http://[::1", "//host/x"} {
		if _, err := Player(Page{Title: "x", PlaybackURL: bad}); err == nil {
			t.Errorf("%q was taken for a playback URL", bad)
		}
	}
}

func TestStaticFiles(t *testing.T) {
	p := Page{Title: "x", PlaybackURL: "/x.m3u8"}
	first := get(t, p, "/static/player.js", nil)
	if got := first.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/javascript") {
		t.Errorf("a module served as %q does not run", got)
	}
	again := get(t, p, "/static/player.js", http.Header{"If-None-Match": {first.Header().Get("ETag")}})
	if again.Code != http.StatusNotModified {
		t.Errorf("an unchanged file: status %d, want 304", again.Code)
	}
	for _, missing := range []string{"/static/none.js", "/static/", "/other"} {
		if w := get(t, p, missing, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", missing, w.Code)
		}
	}
}

func get(t *testing.T, p Page, path string, h http.Header) *httptest.ResponseRecorder {
	t.Helper()
	player, err := Player(p)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for k, v := range h {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	player.ServeHTTP(w, r)
	return w
}

// TestPlayerFollowsChannel watches a channel come on the air, end, and come
// back, with Chromium and hls.js; the broadcasts are plain HLS made by ffmpeg.
func TestPlayerFollowsChannel(t *testing.T) {
	t.Parallel()
	c := startChannel(t)
	b := browser.Launch(t)
	if err := b.Open(c.url); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.status === "waiting" && document.getElementById("headline").innerText.includes("not live yet")`)

	c.broadcast(t, "first")
	waitFor(t, b, `ladderd.status === "playing" && ladderd.frames > 10 && ladderd.latency > 0`)
	var levels []string
	if err := b.Eval("ladderd.levels", &levels); err != nil || strings.Join(levels, " ") != "360p30 160p30" {
		t.Fatalf("renditions in the menu: %v, %v", levels, err)
	}
	for _, name := range []string{"160p30", "360p30"} {
		if err := b.Click(fmt.Sprintf(`.choice[data-name="%s"]`, name)); err != nil {
			t.Fatal(err)
		}
		height := strings.TrimSuffix(name, "p30")
		waitFor(t, b, fmt.Sprintf(`ladderd.current === %q && ladderd.height === %s`, name, height))
	}
	if err := b.Click("#unmute"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `!document.getElementById("video").muted`)
	waitFor(t, b, `ladderd.status === "ended" && ladderd.ended`)

	// The ended broadcast can still be read and is not played again.
	c.broadcast(t, "second")
	waitFor(t, b, `ladderd.status === "playing" && !ladderd.ended && ladderd.starts === 2`)
	var fatal []any
	if err := b.Eval("ladderd.errors.filter((e) => e.fatal)", &fatal); err != nil || len(fatal) > 0 {
		t.Errorf("fatal errors on the way: %v, %v", fatal, err)
	}
}

// TestPlayerSeeksInTheWindow goes back by the arrow key, stays there, and comes back
// to the live edge.
func TestPlayerSeeksInTheWindow(t *testing.T) {
	t.Parallel()
	c := startChannel(t)
	c.broadcast(t, "first")
	b := browser.Launch(t)
	if err := b.Open(c.url); err != nil {
		t.Fatal(err)
	}
	const bar = `document.getElementById("seek")`
	waitFor(t, b, `ladderd.status === "playing" && ladderd.back > 6 && !`+bar+`.hidden`)
	if err := b.Eval(bar+`.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft", bubbles: true}))`, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.behind > 3`)
	waitFor(t, b, `document.getElementById("behind").textContent.startsWith("−0:0") && `+bar+`.getAttribute("aria-valuetext").includes("behind live")`)
	if err := b.Click("#live"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.behind < 2 && document.getElementById("live").dataset.edge === "true"`)
}

func TestPlayerRecoversAfterServerWasGone(t *testing.T) {
	t.Parallel()
	c := startChannel(t)
	c.broadcast(t, "first")
	b := browser.Launch(t)
	if err := b.Open(c.url); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.status === "playing"`)
	c.setBroken(true)
	waitFor(t, b, `ladderd.status === "recovering" || ladderd.status === "waiting"`)
	c.setBroken(false)
	waitFor(t, b, `ladderd.status === "playing" && ladderd.starts === 2 && ladderd.errors.length > 0`)
}

// TestPlayerWithoutScript plays by the browser's own means.
func TestPlayerWithoutScript(t *testing.T) {
	t.Parallel()
	c := startChannel(t)
	c.broadcast(t, "first")
	b := browser.Launch(t)
	if err := b.Open(c.url + "?engine=native"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, `ladderd.engine === "native" && ladderd.status === "playing" && ladderd.frames > 10`)
	waitFor(t, b, `ladderd.status === "ended"`)
}

func waitFor(t *testing.T, b *browser.Browser, condition string) {
	t.Helper()
	if err := b.WaitFor(condition, patience); err != nil {
		var state string
		if e := b.Eval("JSON.stringify(ladderd)", &state); e != nil {
			state = e.Error()
		}
		t.Fatalf("%v\nstate: %s", err, state)
	}
}
