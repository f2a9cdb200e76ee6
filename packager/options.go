package packager

import (
	"fmt"
	"time"

	"ladderd/ladder"
	"ladderd/media"
)

// Options are a stream's settings.
type Options struct {
	// Container is what media are packed in; empty means FMP4.
	Container Container
	// Latency is what playlists list; empty means Low.
	Latency Latency
	// Part is the wanted part duration, 200–1000 ms; 0 means DefaultPart. What is
	// advertised as PART-TARGET is a little more, so that whole frames fit
	// (PartTarget). Without parts it does not matter.
	Part media.Ticks
	// Window is how much media a playlist lists, but at least three target durations;
	// 0 means DefaultWindow.
	Window media.Ticks
	// Disk takes the segments that are not new any more. Without one all are in
	// memory, and the window is what Memory has room for.
	Disk *Disk
	// Memory bounds what a rendition keeps of media that the disk has not taken, in
	// bytes; the playlist lists half of it. Three target durations are always
	// listed. 0 means DefaultMemory.
	Memory int64
	// Target is the longest segment that is expected, in whole seconds: 2 s where
	// IDRs lie on a fixed grid, 6 s where the source's own IDRs rule, which is what
	// 0 means.
	Target media.Ticks
	// SourceBitrate is what the encoder announces, of video and audio together, in bits
	// per second; 0 where it does not. It stands for what is passed through until a
	// segment of that has been measured.
	SourceBitrate int
	// Start is the wall clock at StartPTS, for EXT-X-PROGRAM-DATE-TIME.
	Start    time.Time
	StartPTS media.Ticks
}

// Latency says whether viewers get segments in parts. The values are the IVS API's
// (latencyMode).
type Latency string

// The latency modes. Plain HLS (Normal) has playlists that change once a segment,
// and for all players the same.
const (
	Low    Latency = "LOW"
	Normal Latency = "NORMAL"
)

// Defaults of Options.
const (
	DefaultPart   = media.Ticks(333 * media.Clock / 1000)
	DefaultWindow = media.Ticks(60 * media.Clock)
	DefaultTarget = media.Ticks(6 * media.Clock)
	DefaultMemory = 32 << 20
)

const millisecond = media.Ticks(media.Clock / 1000)

func (o Options) withDefaults() Options {
	if o.Container == "" {
		o.Container = FMP4
	}
	if o.Latency == "" {
		o.Latency = Low
	}
	if o.Part <= 0 {
		o.Part = DefaultPart
	}
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	if o.Target <= 0 {
		o.Target = DefaultTarget
	}
	return o
}

// check refuses what no stream can be packaged with.
func (o Options) check() error {
	switch {
	case formats[o.Container] == nil:
		return fmt.Errorf("package stream: unknown container %q", o.Container)
	case o.Latency != Low && o.Latency != Normal:
		return fmt.Errorf("package stream: unknown latency mode %q", o.Latency)
	case o.Part < 200*millisecond || o.Part > 1000*millisecond:
		return fmt.Errorf("package stream: part duration %v; 200 ms to 1 s are allowed", o.Part.Duration())
	}
	return nil
}

// wholeSegment is, in plain HLS, how long a part may be: longer than any segment,
// so that each segment is one part, which no playlist lists.
const wholeSegment = 2 * maxSegment

// partTarget is how long the renditions' parts may be.
func (o Options) partTarget(renditions []ladder.Rendition) media.Ticks {
	if o.Latency == Normal {
		return wholeSegment
	}
	return PartTarget(o.Part, renditions)
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
