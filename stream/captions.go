package stream

import (
	"slices"

	"ladderd/media"
)

const (
	// maxWaiting bounds the captions that wait for pictures, in bytes: the full rate,
	// 600 entries a second, for as long as a message's time may be ahead.
	maxWaiting = 600 * 10 * media.CaptionSize
	// maxReordered is how many pictures may have come before one that is shown before
	// them (ITU-T H.264, A.3.1).
	maxReordered = 16
)

// captions puts what a publisher says in messages into its pictures, so that all
// renditions carry it as they carry captions of the source's own. It belongs to one
// publisher; its zero value is ready.
//
// Captions stay in the order of their times, which their codes depend on. So they go
// only into pictures before which nothing that is still to come will be shown: with B-frames
// these are all but the ones that the B-frames refer to, and captions that belong to such
// a one are a picture late.
type captions struct {
	waiting []caption // by their times; of the same time as they came
	bytes   int       // of the entries that wait
	display display
	// inPictures says that the source's own pictures hold captions, which win.
	inPictures bool
}

// caption is what one message said.
type caption struct {
	at      media.Ticks // the stream's time from which on it may be shown
	entries []byte
}

// wait keeps entries for the first picture at or past at. It returns how many it had
// to give up for them: the oldest ones.
func (c *captions) wait(at media.Ticks, entries []byte) (lost int) {
	if len(entries) == 0 || c.inPictures {
		return 0
	}
	// Encoders that send a message with each picture send them in the order of decoding.
	i := len(c.waiting)
	for i > 0 && c.waiting[i-1].at > at {
		i--
	}
	c.waiting = slices.Insert(c.waiting, i, caption{at, entries})
	c.bytes += len(entries)
	for c.bytes > maxWaiting {
		lost += len(c.take(c.bytes - maxWaiting))
	}
	return lost / media.CaptionSize
}

// into gives p the captions that are due with it, as a new access unit, and returns
// how many they are. conflict says that p is the first picture with captions of its
// own while others were to be put in: these are given up, now and from now on.
func (c *captions) into(p *media.Packet) (put int, conflict bool) {
	next := c.display.next(p.PTS, p.DTS)
	if len(c.waiting) == 0 {
		return 0, false
	}
	if media.Captioned(media.Captions(p.Data)) {
		c.waiting, c.bytes, c.inPictures = nil, 0, true
		return 0, true
	}
	if !next {
		return 0, false
	}
	var entries []byte
	for len(c.waiting) > 0 && c.waiting[0].at <= p.PTS && len(entries) < media.MaxCaptions {
		entries = append(entries, c.take(media.MaxCaptions-len(entries))...)
	}
	if len(entries) > 0 {
		p.Data = media.WithCaptions(p.Data, entries)
	}
	return len(entries) / media.CaptionSize, false
}

// take takes up to most bytes of the oldest message, most being rounded up to whole
// entries.
func (c *captions) take(most int) []byte {
	oldest := &c.waiting[0]
	most = (most + media.CaptionSize - 1) / media.CaptionSize * media.CaptionSize
	n := min(most, len(oldest.entries))
	taken := oldest.entries[:n]
	oldest.entries = oldest.entries[n:]
	c.bytes -= n
	if len(oldest.entries) == 0 {
		c.waiting = c.waiting[1:]
	}
	return taken
}

// display follows which pictures have come, in order of display, from packets in
// order of decoding.
type display struct {
	begun bool
	last  media.Ticks   // DTS of the packet before
	all   media.Ticks   // the PTS up to which all pictures have come
	ahead []media.Ticks // PTS of pictures past a gap, rising
}

// next says whether the picture is shown next, after all that have come without a
// gap, so that none of those still to come will be shown before it. It goes by the
// distance of the packets, and by the DTS, below which no later picture is shown.
func (d *display) next(pts, dts media.Ticks) bool {
	if !d.begun {
		d.begun, d.last, d.all = true, dts, pts
		return true
	}
	step := sane(dts - d.last)
	near := step * 3 / 2 // frames may be off their time
	d.last = dts
	d.all = max(d.all, dts-step)
	next := pts <= d.all+near
	if next && len(d.ahead) == 0 {
		d.all = max(d.all, pts)
		return true
	}
	i, _ := slices.BinarySearch(d.ahead, pts)
	d.ahead = slices.Insert(d.ahead, i, pts)
	for len(d.ahead) > 0 && (d.ahead[0] <= d.all+near || len(d.ahead) > maxReordered) {
		d.all = max(d.all, d.ahead[0])
		d.ahead = d.ahead[1:]
	}
	return next
}
