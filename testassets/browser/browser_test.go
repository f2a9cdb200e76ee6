package browser

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const patience = 60 * time.Second

// player plays one fragmented MP4 file by Media Source Extensions.
const player = `<!doctype html><title>media</title><video id="v" muted></video><button id="b">0</button><script>
	const source = new MediaSource();
	v.src = URL.createObjectURL(source);
	source.onsourceopen = async () => {
		const buffer = source.addSourceBuffer('video/mp4; codecs="avc1.64001f,mp4a.40.2"');
		buffer.onupdateend = () => source.readyState === "open" && source.endOfStream();
		buffer.appendBuffer(await (await fetch("movie.mp4")).arrayBuffer());
		await v.play();
		console.log("plays", v.videoWidth);
	};
	b.onclick = (event) => { b.textContent = event.isTrusted };
</script>`

// TestBrowserPlaysFragmentedMP4 makes sure that the browser has the codecs that
// all players' tests stand on, and that it plays to the end without a click.
func TestBrowserPlaysFragmentedMP4(t *testing.T) {
	movie := filepath.Join(t.TempDir(), "movie.mp4")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2",
		"-f", "lavfi", "-i", "sine=d=2", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "high", "-pix_fmt", "yuv420p",
		"-g", "15", "-c:a", "aac", "-movflags", "cmaf+frag_keyframe+empty_moov", movie).CombinedOutput()
	if err != nil {
		t.Fatalf("make the movie: %v\n%s", err, out)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(player)) })
	mux.HandleFunc("/movie.mp4", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, movie) })
	server := httptest.NewServer(mux)
	defer server.Close()

	b := Launch(t)
	if err := b.Open(server.URL); err != nil {
		t.Fatal(err)
	}
	if err := b.WaitFor("v.ended && v.currentTime > 1.9", patience); err != nil {
		t.Fatal(err)
	}
	var frames int
	if err := b.Eval("v.getVideoPlaybackQuality().totalVideoFrames", &frames); err != nil || frames < 30 {
		t.Errorf("%d frames were shown: %v", frames, err)
	}
	if log := strings.Join(b.Console(), "\n"); !strings.Contains(log, "plays 320") {
		t.Errorf("the page's console was not read: %q", log)
	}
	if err := b.Click("#b"); err != nil {
		t.Fatal(err)
	}
	if err := b.WaitFor(`b.textContent === "true"`, patience); err != nil {
		t.Error(err)
	}
}

func TestUsageCountsTheBrowsers(t *testing.T) {
	b := Launch(t)
	if err := b.Open("data:text/html,<title>x</title>"); err != nil {
		t.Fatal(err)
	}
	before, err := Usage()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Eval("(() => { const end = performance.now() + 300; while (performance.now() < end); })()", nil); err != nil {
		t.Fatal(err)
	}
	after, err := Usage()
	if err != nil || after <= before {
		t.Errorf("%v before a busy loop, %v after it: %v", before, after, err)
	}
}

func TestEvalGivesValuesAndErrors(t *testing.T) {
	b := Launch(t)
	if err := b.Open("data:text/html,<title>x</title>"); err != nil {
		t.Fatal(err)
	}
	var got struct{ Names []string }
	if err := b.Eval(`Promise.resolve({Names: ["a", "b"]})`, &got); err != nil || strings.Join(got.Names, "") != "ab" {
		t.Errorf("got %v, %v", got, err)
	}
	var nothing *int
	if err := b.Eval("undefined", &nothing); err != nil || nothing != nil {
		t.Errorf("undefined: got %v, %v", nothing, err)
	}
	if err := b.Eval("missing.name", nil); err == nil || !strings.Contains(err.Error(), "missing is not defined") {
		t.Errorf("an exception came back as %v", err)
	}
}

func TestWaitForSaysWhatItSawLast(t *testing.T) {
	b := Launch(t)
	if err := b.Open(`data:text/html,<script>console.log("the reason")</script>`); err != nil {
		t.Fatal(err)
	}
	if err := b.WaitFor(`console.log("looked"), false`, time.Millisecond); err == nil {
		t.Error("false was taken for true")
	}
	err := b.WaitFor("document.title", 300*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), `last: ""`) || !strings.Contains(err.Error(), "the reason") {
		t.Errorf("got %v", err)
	}
}

func TestScreenshotHasTheViewportsSize(t *testing.T) {
	b := Launch(t)
	if err := errors.Join(b.Open("data:text/html,<title>x</title>"), b.Viewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "page.png")
	if err := b.Screenshot(path); err != nil {
		t.Fatal(err)
	}
	png, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Width and height stand behind the signature, the length and "IHDR".
	if want := []byte{0, 0, 390 >> 8, 390 & 255, 0, 0, 844 >> 8, 844 & 255}; !bytes.Equal(png[16:24], want) {
		t.Errorf("the picture's size is % x, want % x", png[16:24], want)
	}
}

func TestCloseEndsAllProcesses(t *testing.T) {
	b, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Open("about:blank"); err == nil {
		t.Error("a closed browser opened a page")
	}
}
