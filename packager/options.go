package packager

import (
	"time"

	"ladderd/ladder"
	"ladderd/media"
)

// Options are a stream's settings.
type Options struct {
	// Part is the wanted part duration, 200–1000 ms; 0 means DefaultPart. What is
	// advertised as PART-TARGET is a little more, so that whole frames fit
	// (PartTarget).
	Part media.Ticks
	// Window is how much media a playlist lists; 0 means DefaultWindow.
	Window media.Ticks
	// Target is the longest segment that is expected, in whole seconds: 2 s where
	// IDRs lie on a fixed grid, 6 s where the source's own IDRs rule, which is what
	// 0 means.
	Target media.Ticks
	// Start is the wall clock at StartPTS, for EXT-X-PROGRAM-DATE-TIME.
	Start    time.Time
	StartPTS media.Ticks
}

// Defaults of Options.
const (
	DefaultPart   = media.Ticks(333 * media.Clock / 1000)
	DefaultWindow = media.Ticks(60 * media.Clock)
	DefaultTarget = media.Ticks(6 * media.Clock)
)

const millisecond = media.Ticks(media.Clock / 1000)

func (o Options) withDefaults() Options {
	if o.Part <= 0 {
		o.Part = DefaultPart
	}
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	if o.Target <= 0 {
		o.Target = DefaultTarget
	}
	return o
}

// partFloor is the least share of PART-TARGET that a part may last unless it is
// the last of its segment or next to a gap: 85 % (rfc8216bis, 4.4.4.9).
func partFloor(target media.Ticks) media.Ticks { return (target*85 + 99) / 100 }

// PartTarget is the PART-TARGET to advertise where parts of wanted length are
// asked for: the first whole millisecond above it at which, in each of the
// renditions' frame rates, a part of whole frames fits although RTMP rounds each
// timestamp to a millisecond, and lasts the 85 % that parts must; and at which a
// segment of 2 s divides into such parts without a rest. 333 ms give 334 ms at
// 24, 30 and 60 fps, and 360 ms at 25: with 334 ms its segments would end in a
// part of 80 ms, and hls.js takes a segment for loaded when no more than 200 ms
// of it are missing (bufferPadding of its FragmentTracker): 1.6 left that part
// out, 1.7.4 stood still for many seconds.
func PartTarget(wanted media.Ticks, renditions []ladder.Rendition) media.Ticks {
	least := (wanted + millisecond) / millisecond * millisecond
	for _, divides := range []bool{true, false} {
		for t := least; t <= wanted*5/4; t += millisecond {
			fits := true
			for _, r := range renditions {
				fits = fits && wholeFramesFit(t, r.Rate, divides)
			}
			if fits {
				return t
			}
		}
	}
	return least
}

// wholeFramesFit says whether parts of whole frames keep the rules at a rate:
// those with as many frames as target has room for, or, if a segment of 2 s is to
// be divided, the shorter ones of those that it is divided into.
func wholeFramesFit(target media.Ticks, rate media.Rate, divides bool) bool {
	if !rate.Known() {
		return true
	}
	den := media.Ticks(rate.Den) * media.Clock
	num := media.Ticks(rate.Num)
	n := target * num / den
	if n == 0 {
		return false
	}
	span := n * den / num                                            // of n frames, exactly
	jittered := (span + millisecond - 1) / millisecond * millisecond // rounded up to RTMP's unit
	if divides {
		frames := (2*media.Clock*num + den/2) / den
		parts := (frames + n - 1) / n
		span = frames / parts * den / num
	}
	return jittered <= target && span-millisecond >= partFloor(target)
}
