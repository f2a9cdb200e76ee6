package packager

import (
	"slices"

	"ladderd/media"
)

// holeAfter is the distance of two samples from which on the time between them
// is a hole, as a worker leaves that died, and not a long frame.
const holeAfter = media.Ticks(media.Clock)

// sample is a packet of a rendition's leading track: its video, or in audio_only
// its audio.
type sample struct {
	media.Packet
	// pos is where the sample lies on the clock: its DTS moved so that the IDR at
	// the segment's beginning lies at its own PTS. Unlike PTS it never goes back.
	pos media.Ticks
	dur media.Ticks // to the next sample, by DTS
	// audio is, in audio_only, what the frame decodes under.
	audio *media.AudioParams
}

// opened is a segment of one rendition, from its beginning on.
type opened struct {
	mark
	video *media.VideoParams // nil in audio_only
	init  *initSection       // set with the first part that is no gap
}

// span is a part to be: the time [start, end) of a segment and the samples of
// the leading track whose pos lies in it. There may be none, within a frame that
// lasts longer than a part.
type span struct {
	seg        *opened
	start, end media.Ticks
	samples    []sample
	gap        bool // nothing came for this time
	last       bool // the segment ends with it
	fresh      bool // what was before it is not continuous with it
}

// cutter lays the samples of a rendition's leading track on the clock: it
// follows the clock's segments, and divides them into spans that keep
// rfc8216bis's rules for part durations (4.4.4.9): at most PART-TARGET; at least
// 85 % of it except the last of a segment and what is next to a gap.
//
// A sample's duration is known when the next one comes, so spans are put out one
// frame late.
type cutter struct {
	clock  *clock
	leads  bool        // it decides where segments begin; the others look it up
	target media.Ticks // PART-TARGET
	emit   func(span)

	seg     *opened     // nil before the first
	at      media.Ticks // where the next span begins
	samples []sample    // those from at on; the last one's duration is not known yet
	offset  media.Ticks // of pos from DTS
	recent  media.Ticks // duration of the newest sample that has one
	prev    sample      // the newest sample
	still   still       // what holes are filled with
	video   *media.VideoParams
	lost    bool // samples are dropped until an IDR from which on they decode
	fresh   bool // the next span is not continuous with the one before
	stands  bool // a picture stands in a hole
}

// addVideo takes the next video packet in DTS order.
func (c *cutter) addVideo(p media.Packet) {
	changed := p.Video != nil && !p.Video.Same(c.video)
	if changed {
		c.video = p.Video
	}
	if c.video == nil || c.seg != nil && p.DTS <= c.prev.DTS {
		return
	}
	s := sample{Packet: p, pos: max(p.DTS+c.offset, c.prev.pos+1)}
	hole := c.seg != nil && (c.lost || p.Key && p.DTS-c.prev.DTS > holeAfter)
	if c.leads {
		c.lead(s, changed && c.seg != nil, hole)
	}
	starts := false
	if p.Key {
		if _, starts = c.clock.starting(p.PTS); starts {
			s.pos = p.PTS
			c.offset = p.PTS - p.DTS
		}
	}
	switch {
	case c.seg == nil && !starts:
		return
	case c.seg == nil || starts:
	case !p.Key && (c.lost || c.missedIDR(s.pos+1)), !c.decodes(s.pos):
		c.lost = true
		return
	}
	hole = hole || c.seg != nil && p.Key && c.missedIDR(s.pos)
	c.lost = false
	c.add(s, hole)
}

// lead tells the clock of a sample.
func (c *cutter) lead(s sample, changed, hole bool) {
	c.clock.decoded(s.DTS)
	if s.Key {
		c.clock.key(s.PTS, changed, hole)
	} else if c.seg != nil && !c.lost {
		c.clock.frame(s.pos)
	}
}

// missedIDR says whether a segment began after the newest sample and before pos,
// at an IDR that did not come: a worker died, and what follows does not decode.
func (c *cutter) missedIDR(pos media.Ticks) bool {
	for msn := c.seg.msn; ; {
		m, ok := c.clock.after(msn)
		if !ok || m.at >= pos {
			return false
		}
		if !m.forced {
			return true
		}
		msn = m.msn
	}
}

// decodes says whether a sample at pos does so under its segment's parameters. It
// does not where they change at an IDR at which no segment begins, because the
// other renditions have passed that time.
func (c *cutter) decodes(pos media.Ticks) bool {
	m, ok := c.clock.after(c.seg.msn)
	return ok && m.at <= pos || c.video.Same(c.seg.video)
}

// addAudio takes the next frame of audio_only. The clock must have passed its
// PTS.
func (c *cutter) addAudio(f frame) {
	_, known := c.clock.holding(f.PTS)
	if !known || c.seg != nil && f.PTS <= c.prev.PTS {
		return
	}
	s := sample{Packet: f.Packet, pos: f.PTS, audio: f.params}
	s.DTS = f.PTS
	c.recent = f.params.FrameTicks(1)
	c.add(s, c.seg != nil && f.PTS-c.prev.PTS > holeAfter)
}

// add appends s, whose pos is set, after putting out what it completes.
func (c *cutter) add(s sample, hole bool) {
	if c.seg == nil {
		m, _ := c.clock.holding(s.pos)
		c.begin(m)
	} else {
		end := s.pos
		if hole {
			end = c.lastEnd()
		} else {
			c.finish(s.DTS - c.prev.DTS)
			c.recent = s.DTS - c.prev.DTS
		}
		for {
			m, ok := c.clock.after(c.seg.msn)
			if !ok || m.at > s.pos {
				break
			}
			c.turn(min(end, m.at), m, s.pos)
		}
		if hole && c.at < s.pos {
			c.skip(min(end, s.pos), s.pos, false)
		}
		c.divide(s.pos)
		c.cutEarly(s.pos)
	}
	c.samples = append(c.samples, s)
	c.prev = s
	if s.Key {
		c.still = still{s, c.video, c.offset}
	}
}

// finish sets the newest sample's duration.
func (c *cutter) finish(dur media.Ticks) {
	if n := len(c.samples); n > 0 {
		c.samples[n-1].dur = dur
	}
}

// lastEnd guesses where the newest sample ends, as nothing follows on it.
func (c *cutter) lastEnd() media.Ticks {
	end := c.prev.pos + max(c.recent, 1)
	if m, ok := c.clock.after(c.seg.msn); ok {
		end = max(min(end, m.at), c.prev.pos+1)
	}
	c.finish(end - c.prev.pos)
	return end
}

// end puts out all there is.
func (c *cutter) end() {
	if c.seg == nil {
		return
	}
	end := c.lastEnd()
	c.close(end, end)
	c.seg = nil
}

// turn goes on to segment m; media came up to end, and go on at pos.
func (c *cutter) turn(end media.Ticks, m mark, pos media.Ticks) {
	if m.msn == c.seg.msn+1 {
		c.close(end, m.at)
	} else {
		// The hole is longer than the clock remembers, and than any playlist.
		c.samples = nil
		c.put(span{start: c.at, end: c.at, last: true})
	}
	c.begin(m)
	if next, ok := c.clock.after(m.msn); ok && next.at <= pos && c.still.params != nil {
		c.seg.video = c.still.params // all of it is in the hole
	}
}

func (c *cutter) begin(m mark) {
	c.seg = &opened{mark: m, video: c.video}
	c.at = m.at
	c.fresh = c.fresh || m.msn == 0
}

// close ends the segment at boundary; media came up to end, the rest is a gap.
func (c *cutter) close(end, boundary media.Ticks) {
	switch {
	case c.at >= boundary:
		// Only an encoder whose reordering delay shrinks in mid-stream gets here:
		// its IDR lies before pictures that come earlier in decoding order.
		c.put(span{start: c.at, end: c.at, last: true})
	case end < boundary:
		c.skip(end, boundary, true)
	default:
		c.divide(boundary)
		c.put(span{start: c.at, end: boundary, samples: c.samples, last: true})
	}
	c.samples = nil
}

// skip passes over a hole: media came up to end and go on at to, or the segment
// ends there. The last picture stands, like a long frame; a segment of which
// nothing came begins with the still. Where there is none, gaps are listed.
func (c *cutter) skip(end, to media.Ticks, last bool) {
	if !c.still.decodes(c.seg.video) {
		c.miss(end, to, last)
		return
	}
	if n := len(c.samples); n > 0 {
		c.samples[n-1].dur = to - c.samples[n-1].pos
	} else {
		c.samples = c.still.show(c.at, to)
	}
	c.stands = true
	c.divide(to)
	if last {
		c.put(span{start: c.at, end: to, samples: c.samples, last: true})
		c.samples = nil
	}
	c.stands = false
}

// miss lists a hole as gaps.
func (c *cutter) miss(end, to media.Ticks, last bool) {
	c.divide(end)
	if end > c.at {
		c.put(span{start: c.at, end: end, samples: c.samples, last: last && end == to})
	}
	c.samples = nil
	for c.at < to {
		next := min(c.at+c.target, to)
		c.put(span{start: c.at, end: next, gap: true, last: last && next == to})
	}
}

// divide puts out spans while the media up to end fill more than one.
func (c *cutter) divide(end media.Ticks) {
	for end-c.at > c.target {
		cut := c.at + c.target // within a long frame, unless a frame's end serves
		for _, s := range c.samples {
			if s.pos >= c.at+partFloor(c.target) && s.pos <= c.at+c.target {
				cut = s.pos
			}
		}
		if floor := c.at + partFloor(c.target); c.stands && end-cut < c.target-partFloor(c.target) {
			cut = floor // what is left has room for a frame of audio
		}
		n := 0
		for n < len(c.samples) && c.samples[n].pos < cut {
			n++
		}
		c.put(span{start: c.at, end: cut, samples: c.samples[:n:n]})
		c.samples = slices.Clone(c.samples[n:])
	}
}

// cutEarly puts out the span up to pos, where a frame begins, if one more like
// those before would make it too long: that saves waiting for the next one. It
// also does where the rest of the segment, if that ends as expected, then divides
// into equal parts: otherwise the last one could be so short that hls.js passes
// over it (PartTarget).
func (c *cutter) cutEarly(pos media.Ticks) {
	have := pos - c.at
	if have < partFloor(c.target) {
		return
	}
	full := have+c.recent > c.target+millisecond // timestamps are rounded to it
	if full || have+c.recent/2 >= c.share() {
		c.put(span{start: c.at, end: pos, samples: c.samples})
		c.samples = nil
	}
}

// share is how long the parts from c.at to the segment's expected end are if all
// are equal.
func (c *cutter) share() media.Ticks {
	rest := c.clock.ending(c.seg.msn) - c.at
	if rest <= 0 {
		return c.target + millisecond // it is longer than expected
	}
	parts := (rest - millisecond + c.target - 1) / c.target
	return rest / max(parts, 1)
}

func (c *cutter) put(s span) {
	s.seg = c.seg
	s.fresh = c.fresh
	c.fresh = s.gap
	c.at = s.end
	c.emit(s)
}
