package stamp

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/browser"
)

const patience = 60 * time.Second

const page = `<!doctype html><title>stamps</title><video muted src="stamps.mp4"></video>`

// TestBrowserReadsStampsOfASmallRendition encodes frames as hard as the smallest
// rendition is, and reads their numbers from the screen.
func TestBrowserReadsStampsOfASmallRendition(t *testing.T) {
	const width, height, frames = 284, 160, 45
	var raw bytes.Buffer
	for n := range frames {
		frame := bytes.Repeat([]byte{100}, width*height*3/2)
		Draw(frame, width, height, uint16(40000+n*97))
		raw.Write(frame)
	}
	file := filepath.Join(t.TempDir(), "stamps.mp4")
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", width, height),
		"-framerate", "15", "-i", "pipe:0", "-c:v", "libx264", "-preset", "veryfast", "-b:v", "200k", "-maxrate", "200k", "-bufsize", "40k", file)
	cmd.Stdin = &raw
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("encode: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "page.html"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(file))))
	defer server.Close()

	b := browser.Launch(t)
	if err := b.Open(server.URL + "/page.html"); err != nil {
		t.Fatal(err)
	}
	if err := Watch(b); err != nil {
		t.Fatal(err)
	}
	if err := b.Eval("document.querySelector('video').play()", nil); err != nil {
		t.Fatal(err)
	}
	if err := b.WaitFor("document.querySelector('video').ended", patience); err != nil {
		t.Fatal(err)
	}
	seen, err := Seen(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Frames) < frames/2 {
		t.Fatalf("only %d frames were noted", len(seen.Frames))
	}
	for _, f := range seen.Frames {
		if want := 40000 + int(f.Media*15+0.5)*97; f.Number != want || f.Height != height {
			t.Errorf("at %.3f s: %d in a picture of %d lines, not %d", f.Media, f.Number, f.Height, want)
		}
	}
}

// unbroken is a second at 10 frames each of two renditions.
func unbroken() Watched {
	var w Watched
	for i := range 20 {
		height := 360
		if i >= 10 {
			height = 160
		}
		w.Frames = append(w.Frames, Frame{Number: (65530 + i) & 0xffff, Media: 5 + float64(i)/10, Shown: float64(100 * i), Presented: i, Height: height})
	}
	return w
}

func TestFaultsAreFound(t *testing.T) {
	if err := whole(unbroken()); err != nil {
		t.Fatalf("an unbroken broadcast: %v", err)
	}
	tests := []struct {
		name, want string
		change     func(*Watched)
	}{
		{"a frame twice", "a step back or a repetition", func(w *Watched) { w.Frames[10].Number = w.Frames[9].Number }},
		{"a step back", "a step back or a repetition", func(w *Watched) { w.Frames[10].Number = w.Frames[7].Number }},
		{"media that jumps", "the timeline goes on by 1 frames", func(w *Watched) {
			for i := 10; i < 20; i++ {
				w.Frames[i].Number += 3
			}
		}},
		{"a picture that stands at a switch", "the picture stood for 0.400 s", func(w *Watched) {
			for i := 10; i < 20; i++ {
				w.Frames[i].Shown += 300
			}
		}},
		{"frames that are skipped at a switch", "3 frames between them are missing", func(w *Watched) {
			w.Frames = append(w.Frames[:7], w.Frames[10:]...)
			for i := 7; i < len(w.Frames); i++ {
				w.Frames[i].Presented -= 3
				w.Frames[i].Shown -= 300
			}
		}},
		{"a hole", "a hole of 0.200 s at 5.900 s", func(w *Watched) { w.Holes = []Hole{{At: 5.9, Length: 0.2}} }},
		{"nothing to read", "2 of 20 pictures cannot be read", func(w *Watched) { w.Frames[3].Number, w.Frames[4].Number = -1, -1 }},
	}
	for _, test := range tests {
		w := unbroken()
		test.change(&w)
		if err := whole(w); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestBetweenChangesFramesMayBeMissing(t *testing.T) {
	w := unbroken()
	w.Frames = append(w.Frames[:3], w.Frames[5:]...)
	w.Holes = []Hole{{At: 5.9, Length: 0.05}}
	if err := whole(w); err != nil {
		t.Error(err)
	}
}

// TestOnlyABusyMachineMayTryAgain: what Smooth finds is the machine's, perhaps; what
// Continuous finds never is.
func TestOnlyABusyMachineMayTryAgain(t *testing.T) {
	slow := unbroken()
	for i := 10; i < 20; i++ {
		slow.Frames[i].Shown += 300
	}
	if slow.Continuous(10) != nil || slow.Smooth() == nil {
		t.Error("a picture that stands at a change is not Smooth's to find")
	}
	broken := unbroken()
	broken.Frames[10].Number = broken.Frames[9].Number
	if broken.Continuous(10) == nil {
		t.Error("a frame that comes twice is not Continuous's to find")
	}
}

func whole(w Watched) error { return errors.Join(w.Continuous(10), w.Smooth()) }
