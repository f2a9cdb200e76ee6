package stream

import (
	"math"

	"ladderd/media"
)

const (
	// cadenceOver is how much media is looked at before its frames are judged.
	cadenceOver = 10 * media.Clock
	// dropsFound is the share of frames that has to be left out before it is told: 1.5 a
	// second of 30. It is over when less than dropsLast are.
	dropsFound, dropsLast = 0.05, 0.02

	// nearBy is how far a distance of frames may be from the usual: cameras and RTMP's
	// milliseconds are not exact.
	nearBy = 0.3
	// regular is the share of distances that are the usual one, at the least, where an
	// encoder leaves out frames; of a captured screen, which sends what changes, fewer are.
	regular = 0.6
	// holeMost is how many frames are left out at a time, in the mean: more than that is a
	// screen that rests between its movements.
	holeMost = 5
	// steadily is that of a source that has a frame rate and keeps it.
	steadily = 0.95
	// fewest is the share of a steady source's frames below which it is another picture, or
	// starvation; bitsLeft the share of its bits: a screen that stands nearly still.
	fewest, bitsLeft = 0.3, 0.5
)

// cadence tells whether an encoder leaves out frames, by their timestamps. There are two
// ways to know. Where most frames are the source's period apart and others a multiple of
// it, the holes are what was left out. And where a source kept its frame rate and now has
// fewer, with about as many bits, they are: an encoder that only does every second frame has
// no holes. A captured screen does neither. Stops of more than framesGap are another finding.
type cadence struct {
	last   media.Ticks
	begun  bool
	passed media.Ticks // of the stretch that is looked at, as the next five
	frames int         // distances of frames
	near   int         // those that are as they should be
	holes  int
	missed int // periods in holes
	bytes  int
	steady float64 // bytes per second while the source kept its frame rate; 0 if it never has
}

// regularity is what is said of a stretch.
type regularity struct {
	lost  float64 // share of the frames
	rate  float64 // frames per second
	usual float64 // frames per second
}

// take looks at a frame. At the end of a stretch it judges it, unless it has stops.
func (c *cadence) take(dts media.Ticks, bytes int, period media.Ticks) (r regularity, judged bool) {
	step := dts - c.last
	begun := c.begun
	c.last, c.begun = dts, true
	if !begun || period <= 0 {
		return regularity{}, false
	}
	if step <= 0 || step > framesGap {
		c.restart()
		return regularity{}, false
	}
	c.passed += step
	c.frames++
	c.bytes += bytes
	periods := float64(step) / float64(period)
	if math.Abs(periods-1) <= nearBy {
		c.near++
	}
	if periods >= 1.5 {
		c.holes++
		c.missed += int(math.Round(periods)) - 1
	}
	if c.passed < cadenceOver {
		return regularity{}, false
	}
	r = c.judge(period)
	c.restart()
	return r, true
}

func (c *cadence) restart() { *c = cadence{last: c.last, begun: true, steady: c.steady} }

func (c *cadence) judge(period media.Ticks) regularity {
	seconds, frames := c.passed.Seconds(), float64(c.frames)
	r := regularity{rate: frames / seconds, usual: 1 / period.Seconds()}
	lost := max(0, 1-frames*period.Seconds()/seconds)
	bytes, near := float64(c.bytes)/seconds, float64(c.near)/frames
	switch {
	case near >= steadily && lost < dropsLast:
		c.steady = bytes
	case near >= regular && c.missed <= holeMost*c.holes:
		r.lost = min(lost, float64(c.missed)/(frames+float64(c.missed)))
	case near < regular && c.steady > 0 && 1-lost >= fewest && bytes >= bitsLeft*c.steady:
		r.lost = lost
	}
	return r
}
