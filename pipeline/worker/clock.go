package worker

import "ladderd/media"

// sampleClock gives samples their time by counting them. The source's timestamps
// are rounded, in RTMP to a whole millisecond; counting from the first of them
// keeps the output free of jitter and gaps.
type sampleClock struct {
	rate    int         // samples a second
	written int64       // samples so far
	anchor  media.Ticks // time of sample number base
	base    int64
	started bool
}

// wrote counts n samples, the first of which the source dates pts. Where that is
// off the count by more than an AAC frame, the count was wrong: samples are missing
// or too many, and from here on the source's time holds.
func (c *sampleClock) wrote(pts media.Ticks, n int) {
	off := pts - c.at(c.written)
	limit := media.Ticks(media.FrameSamples * media.Clock / c.rate)
	if !c.started || off > limit || off < -limit {
		c.anchor, c.base, c.started = pts, c.written, true
	}
	c.written += int64(n)
}

// at is the time of sample number n.
func (c *sampleClock) at(n int64) media.Ticks {
	return c.anchor + media.Ticks((n-c.base)*media.Clock/int64(c.rate))
}
