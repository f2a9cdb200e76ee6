package rtmp

// clock makes RTMP's 32 bits of milliseconds, which wrap after 49 days, into 64.
// Audio and video share it.
type clock struct {
	last    int64
	started bool
}

// unwrap takes ts as what is nearest to the timestamp before it.
func (c *clock) unwrap(ts uint32) int64 {
	if !c.started {
		c.started, c.last = true, int64(ts)
		return c.last
	}
	c.last += int64(int32(ts - uint32(c.last)))
	return c.last
}

// near is unwrap without leaving a trace: for messages whose timestamps need not be
// of the media's clock.
func (c *clock) near(ts uint32) int64 {
	still := *c
	return still.unwrap(ts)
}
