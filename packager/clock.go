package packager

import "ladderd/media"

// Segment lengths.
const (
	// minSegment groups shorter GOPs into one segment.
	minSegment = media.Ticks(media.Clock * 9 / 10)
	// maxSegment is where a segment is cut although no IDR has come.
	maxSegment = media.Ticks(media.Clock * 10)
)

// mark is where a segment begins.
type mark struct {
	msn           int64
	at            media.Ticks // PTS
	forced        bool        // not at an IDR
	discontinuity bool
	discs         int64 // discontinuities up to this one and with it
}

// clock maps media time to media sequence numbers. Where the ladder passes the
// source's video through, that rendition decides, else the first to reach a time,
// whether a segment begins there; all others look it up. It belongs to the
// stream's goroutine.
type clock struct {
	marks  []mark // the retained ones, oldest first, without holes in msn
	retain media.Ticks

	target   media.Ticks // the longest segment, in whole seconds: EXT-X-TARGETDURATION
	frontier media.Ticks // the greatest video DTS: no segment will be begun before it
	seen     media.Ticks // the greatest position of any video sample
	seenKey  media.Ticks // the greatest PTS of an IDR
	// pending is the time from which on the next new segment is a discontinuity,
	// because parameters changed without an IDR; negative where there is none.
	pending media.Ticks
	dirty   bool // a segment was begun without an IDR
}

func newClock(target, retain media.Ticks) *clock {
	target = (target + media.Clock - 1) / media.Clock * media.Clock
	return &clock{target: target, retain: retain, seen: -1, seenKey: -1, pending: -1}
}

// key takes note of an IDR. changed says that parameters change with it, hole
// that its rendition has had no media for a while.
func (c *clock) key(pts media.Ticks, changed, hole bool) {
	if pts <= c.seenKey {
		return
	}
	c.seenKey = pts
	c.seen = max(c.seen, pts)
	if len(c.marks) == 0 {
		c.begin(mark{at: pts})
		return
	}
	last := c.last()
	if pts <= last.at {
		return
	}
	if hole {
		for pts-c.last().at > c.target+media.Clock/2 {
			c.begin(mark{at: c.last().at + c.target})
		}
		last = c.last()
	}
	changed = changed || c.pending >= 0 && pts >= c.pending
	if changed || last.forced || pts-last.at >= minSegment {
		c.begin(mark{at: pts, discontinuity: changed})
	}
}

// frame takes note of a sample that is no IDR, by its position.
func (c *clock) frame(pos media.Ticks) {
	if pos <= c.seen || len(c.marks) == 0 {
		return
	}
	c.seen = pos
	if pos-c.last().at >= maxSegment {
		c.dirty = true
		c.begin(mark{at: pos, forced: true})
	}
}

// decoded moves the frontier to a video sample's DTS.
func (c *clock) decoded(dts media.Ticks) { c.frontier = max(c.frontier, dts) }

// discontinue makes the next segment to begin at or after pts a discontinuity,
// and has it begin at the next IDR, unless others have passed pts already.
func (c *clock) discontinue(pts media.Ticks) {
	if len(c.marks) > 0 && c.last().at < pts {
		c.pending = pts
	}
}

func (c *clock) last() mark { return c.marks[len(c.marks)-1] }

func (c *clock) begin(m mark) {
	if len(c.marks) > 0 {
		last := c.last()
		m.msn = last.msn + 1
		m.discs = last.discs
		c.stretch(m.at - last.at)
	}
	if m.discontinuity {
		m.discs++
		c.pending = -1
	}
	c.marks = append(c.marks, m)
	for len(c.marks) > 1 && m.at-c.marks[1].at > c.retain {
		c.marks = c.marks[1:]
	}
}

// stretch raises the target duration to that of a segment which is longer than
// promised. rfc8216bis (4.4.3.1) forbids the change and also forbids the segment;
// players take the first much better than the second.
func (c *clock) stretch(duration media.Ticks) {
	rounded := (duration + media.Clock/2) / media.Clock * media.Clock
	c.target = max(c.target, min(rounded, maxSegment))
}

// starting is the segment that begins exactly at pts.
func (c *clock) starting(pts media.Ticks) (mark, bool) {
	m, ok := c.holding(pts)
	return m, ok && m.at == pts
}

// holding is the newest segment that begins at or before pos.
func (c *clock) holding(pos media.Ticks) (mark, bool) {
	for i := len(c.marks) - 1; i >= 0; i-- {
		if c.marks[i].at <= pos {
			return c.marks[i], true
		}
	}
	return mark{}, false
}

// after is the oldest retained segment behind msn.
func (c *clock) after(msn int64) (mark, bool) {
	if len(c.marks) == 0 {
		return mark{}, false
	}
	i := max(0, msn+1-c.marks[0].msn)
	if i >= int64(len(c.marks)) {
		return mark{}, false
	}
	return c.marks[i], true
}

// ending is where segment msn ends or, while that is not known, would end if it
// lasted as long as the longer of the two before, as one may have been cut short.
func (c *clock) ending(msn int64) media.Ticks {
	if m, ok := c.after(msn); ok {
		return m.at
	}
	n := len(c.marks)
	longest := media.Ticks(0)
	for i := max(1, n-2); i < n; i++ {
		longest = max(longest, c.marks[i].at-c.marks[i-1].at)
	}
	if longest == 0 {
		longest = c.target
	}
	return c.last().at + longest
}
