package stamp

import (
	"errors"
	"fmt"
	"math"
)

// unreadableShare is how many of the pictures may be without a readable number: the
// first ones of a small rendition after a change of scene, at worst.
const unreadableShare = 0.02

// standstill is how long the picture may stand at a change of rendition, in seconds:
// less than that is not seen, and a busy browser takes as long to change decoders.
const standstill = 0.25

// Continuous holds what a browser showed to what a viewer may expect of an unbroken
// broadcast whose frames are numbered, fps of them a second: no frame comes twice
// or too early, and the numbers follow the player's timeline throughout; no gap
// between buffered ranges is longer than a frame; and at a change of rendition no
// frame is missing but those that the browser itself says it did not show, and the
// picture does not stand. Elsewhere a busy machine may cost frames.
func (w Watched) Continuous(fps float64) error {
	var errs []error
	unreadable := 0
	var last *Frame
	for i := range w.Frames {
		f := &w.Frames[i]
		if f.Number < 0 {
			unreadable++
			continue
		}
		if last != nil {
			errs = append(errs, follows(*last, *f, fps))
		}
		last = f
	}
	if len(w.Frames) < 2 || float64(unreadable) > unreadableShare*float64(len(w.Frames)) {
		errs = append(errs, fmt.Errorf("%d of %d pictures cannot be read", unreadable, len(w.Frames)))
	}
	for _, h := range w.Holes {
		if h.Length > 1/fps {
			errs = append(errs, fmt.Errorf("the buffer has a hole of %.3f s at %.3f s", h.Length, h.At))
		}
	}
	return errors.Join(errs...)
}

// follows says what is wrong with showing b next after a.
func follows(a, b Frame, fps float64) error {
	step := int(int16(uint16(b.Number) - uint16(a.Number)))
	timeline := int(math.Round((b.Media - a.Media) * fps))
	stood := (b.Shown - a.Shown) / 1000
	unseen := b.Presented - a.Presented - 1 + b.Dropped - a.Dropped
	switch at := fmt.Sprintf("frame %d (%d lines, at %.3f s), shown after %d (%d lines, at %.3f s)",
		b.Number, b.Height, b.Media, a.Number, a.Height, a.Media); {
	case step < 1:
		return fmt.Errorf("%s: a step back or a repetition", at)
	case step != timeline:
		return fmt.Errorf("%s: the timeline goes on by %d frames", at, timeline)
	case a.Height != b.Height && stood > standstill:
		return fmt.Errorf("%s: the picture stood for %.3f s", at, stood)
	case a.Height != b.Height && step-1 > unseen:
		return fmt.Errorf("%s: %d frames between them are missing, of which the browser dropped %d", at, step-1, unseen)
	}
	return nil
}

// Renditions are the picture heights that were shown, in their order, each time
// that one took another's place.
func (w Watched) Renditions() []int {
	var heights []int
	for _, f := range w.Frames {
		if len(heights) == 0 || heights[len(heights)-1] != f.Height {
			heights = append(heights, f.Height)
		}
	}
	return heights
}
