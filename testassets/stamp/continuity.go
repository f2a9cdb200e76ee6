package stamp

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// unreadableShare is how many of the pictures may be without a readable number: the
// first ones of a small rendition after a change of scene, at worst.
const unreadableShare = 0.02

// standstill is how long the picture may stand at a change of rendition, in seconds:
// less than that is not seen, and a busy browser takes as long to change decoders.
const standstill = 0.25

// Continuous holds what a browser showed to what a viewer may expect of an unbroken
// broadcast whose frames are numbered, fps of them a second, however busy the
// machine: no frame comes twice or too early, the numbers follow the player's
// timeline throughout, and no gap between buffered ranges is longer than a frame.
func (w Watched) Continuous(fps float64) error {
	var errs []error
	read := w.readable()
	for i := 1; i < len(read); i++ {
		errs = append(errs, follows(read[i-1], read[i], fps))
	}
	unreadable := len(w.Frames) - len(read)
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

// Smooth holds it to what a machine can show that has time for it: at a change of
// rendition no frame is missing but those that the browser itself says it did not
// show, and the picture does not stand. A machine that was busy just then fails it,
// and passes when it is tried again. Between changes frames may be missing.
func (w Watched) Smooth() error {
	var errs []error
	read := w.readable()
	for i := 1; i < len(read); i++ {
		errs = append(errs, changes(read[i-1], read[i]))
	}
	return errors.Join(errs...)
}

// readable are the frames whose number could be read.
func (w Watched) readable() []Frame {
	return slices.DeleteFunc(slices.Clone(w.Frames), func(f Frame) bool { return f.Number < 0 })
}

// follows says what is wrong with showing b next after a.
func follows(a, b Frame, fps float64) error {
	step := steps(a, b)
	switch timeline := int(math.Round((b.Media - a.Media) * fps)); {
	case step < 1:
		return fmt.Errorf("%s: a step back or a repetition", after(a, b))
	case step != timeline:
		return fmt.Errorf("%s: the timeline goes on by %d frames", after(a, b), timeline)
	}
	return nil
}

// changes says what a viewer saw of the change of rendition between a and b, if it
// is one.
func changes(a, b Frame) error {
	if a.Height == b.Height {
		return nil
	}
	stood := (b.Shown - a.Shown) / 1000
	missing := steps(a, b) - 1
	unseen := b.Presented - a.Presented - 1 + b.Dropped - a.Dropped
	switch {
	case stood > standstill:
		return fmt.Errorf("%s: the picture stood for %.3f s", after(a, b), stood)
	case missing > unseen:
		return fmt.Errorf("%s: %d frames between them are missing, of which the browser dropped %d", after(a, b), missing, unseen)
	}
	return nil
}

// steps is by how many frames b is later than a.
func steps(a, b Frame) int { return int(int16(uint16(b.Number) - uint16(a.Number))) }

func after(a, b Frame) string {
	return fmt.Sprintf("frame %d (%d lines, at %.3f s), shown after %d (%d lines, at %.3f s)",
		b.Number, b.Height, b.Media, a.Number, a.Height, a.Media)
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
