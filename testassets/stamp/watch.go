package stamp

import (
	_ "embed"
	"fmt"
	"strings"

	"ladderd/testassets/browser"
)

//go:embed watch.js
var watchScript string

// Frame is a picture that a browser has shown.
type Frame struct {
	Number int     `json:"number"` // what is coded in it; −1 where that cannot be read
	Media  float64 `json:"media"`  // its time on the player's timeline, seconds
	Shown  float64 `json:"shown"`  // when it was due on the screen, Unix milliseconds
	// Presented counts the pictures that reached the screen, those included of
	// which a busy page never heard; Dropped those that came too late for it.
	Presented int     `json:"presented"`
	Dropped   int     `json:"dropped"`
	Ahead     float64 `json:"ahead"` // media that was buffered beyond it, seconds
	Height    int     `json:"height"`
}

// Hole is a gap between two ranges of the player's buffer, in seconds.
type Hole struct {
	At     float64 `json:"at"`
	Length float64 `json:"length"`
}

// Watched is what happened since Watch.
type Watched struct {
	Frames []Frame   `json:"frames"`
	Holes  []Hole    `json:"holes"` // that playback had still to cross
	Waits  []float64 `json:"waits"` // where the player ran out of media, seconds
	Errors []string  `json:"errors"`
}

// Watch begins to note what the page's first video element shows. A second call
// forgets what the first has noted.
func Watch(b *browser.Browser) error { return b.Eval(watchScript, nil) }

// Seen is what has been noted so far.
func Seen(b *browser.Browser) (Watched, error) {
	var w Watched
	if err := b.Eval("window.watched", &w); err != nil {
		return w, err
	}
	if len(w.Errors) > 0 {
		return w, fmt.Errorf("read stamps: %s", strings.Join(w.Errors, "; "))
	}
	return w, nil
}
