package stream

import "ladderd/media"

// Start is the PTS of a stream's first IDR: far enough from zero that the DTS of
// a reordered source is never negative.
const Start media.Ticks = media.Clock

const (
	// jumpBack and jumpAhead are how far a track's timestamps may step before the
	// source's clock is held to have jumped. A track may go back a little (late
	// frames, two tracks stamped by two threads) and ahead by as much as an encoder
	// on a bad network leaves out; what is past that would be a hole that no viewer
	// sits through.
	jumpBack  media.Ticks = 1 * media.Clock
	jumpAhead media.Ticks = 10 * media.Clock
	// reorderMost is how far display may be behind decoding: H.264 reorders at most
	// 16 frames (ITU-T H.264, A.3.1), here at 4 a second.
	reorderMost media.Ticks = 4 * media.Clock
)

// timeline maps a source's timestamps to the stream's single clock: the first
// IDR is at Start, and DTS rises strictly on each track, whatever the source's
// clock does, and whichever source comes next (join).
//
// Both tracks share the source's clock, so both share the offset to it: frames
// that an encoder left out of one track stay left out, and the tracks stay in
// step. When the clock jumps, the tracks reach the jump at different packets;
// hence each remembers the offset that it took last, and each packet takes that
// one or the newest, whichever continues its track better. A track that has
// reached the newest never goes back: by then the two may differ by as little as
// frames that were left out.
type timeline struct {
	offset media.Ticks // out = in + offset, since the last jump
	begins media.Ticks // where the source's first IDR is
	tracks [3]track    // by media.Kind
	jumps  int
}

type track struct {
	begun  bool
	offset media.Ticks // the last packet's
	last   media.Ticks // DTS of the last packet put out
	step   media.Ticks // from the one before to it
	shown  media.Ticks // the greatest PTS
	seam   media.Ticks // DTS of the last packet of the source before; 0 for the first source
}

// newTimeline begins at the source's first IDR.
func newTimeline(firstIDR media.Ticks) *timeline {
	return &timeline{offset: Start - firstIDR, begins: Start}
}

// join has another source go on where this one ends: its first IDR, at the PTS idr on
// its own clock, comes right after what has been shown last on any track, and not before
// after. It returns where that is.
func (t *timeline) join(idr, after media.Ticks) (at media.Ticks) {
	at = after
	for i := range t.tracks {
		tr := &t.tracks[i]
		if tr.shown > 0 {
			at = max(at, tr.shown+sane(tr.step))
		}
		// The new source's tracks are measured by each other, as at a stream's beginning.
		tr.begun, tr.seam = false, tr.last
	}
	t.offset, t.begins = at-idr, at
	return at
}

// place gives p the stream's time. It says whether the source's clock jumped at
// this packet.
func (t *timeline) place(p *media.Packet) (jumped bool) {
	tr := &t.tracks[p.Kind]
	offset := t.offset
	if want, known := t.expected(p.Kind); known {
		// A track may begin as far behind the other as it may be left out: its first
		// packets may have been that long on their way.
		own, back := t.offset, jumpAhead
		if tr.begun {
			own, back = tr.offset, jumpBack
		}
		offset, jumped = t.choose(p.DTS, want, own, back)
	}
	reorder := p.PTS - p.DTS
	if reorder < 0 || reorder > reorderMost {
		reorder = 0 // not possible: a damaged tag
	}
	p.DTS += offset
	p.PTS = p.DTS + reorder
	switch {
	case p.DTS <= tr.seam:
		// A source that reorders joins one that does not: its first pictures are decoded
		// sooner than the other's last, and yet shown when they should be.
		p.DTS = max(tr.seam, tr.last) + 1
		p.PTS = max(p.PTS, p.DTS)
	case tr.begun && p.DTS <= tr.last:
		p.DTS = tr.last + 1 // two frames within one of the source's milliseconds
		p.PTS = p.DTS + reorder
	}
	tr.shown = max(tr.shown, p.PTS)
	tr.step, tr.last, tr.offset, tr.begun = p.DTS-tr.last, p.DTS, offset, true
	return jumped
}

// choose picks the newest offset or the track's own for a packet with the source's
// DTS in that should come at about want, and up to back before that, and makes a
// new one where neither fits.
func (t *timeline) choose(in, want, own, back media.Ticks) (offset media.Ticks, jumped bool) {
	off := func(o media.Ticks) media.Ticks { return in + o - want }
	fits := func(o media.Ticks) bool { return off(o) >= -back && off(o) <= jumpAhead }
	switch {
	case fits(own) && (!fits(t.offset) || abs(off(own)) < abs(off(t.offset))):
		return own, false
	case fits(t.offset):
		return t.offset, false
	}
	t.offset = t.resume(want) - in
	t.jumps++
	return t.offset, true
}

// at is the stream's time of a message with the source's timestamp in: the video's,
// by whichever offset brings it nearer to the picture that is due. Some encoders give
// messages a time of 0, or one of another clock: these belong to that picture.
func (t *timeline) at(in media.Ticks) media.Ticks {
	want, known := t.expected(media.Video)
	if !known {
		want = t.begins
	}
	at := in + t.offset
	if video := t.tracks[media.Video]; video.begun && abs(in+video.offset-want) < abs(at-want) {
		at = in + video.offset
	}
	if abs(at-want) > jumpAhead {
		return want
	}
	return at
}

// end is where a track's last packet ends, by decoding.
func (t *timeline) end(k media.Kind) media.Ticks {
	tr := t.tracks[k]
	return tr.last + sane(tr.step)
}

// shown is where the picture that is shown last ends.
func (t *timeline) shown(k media.Kind) media.Ticks {
	tr := t.tracks[k]
	return tr.shown + sane(tr.step)
}

// newest is the picture's that is shown last.
func (t *timeline) newest() media.Ticks { return t.tracks[media.Video].shown }

// expected is when the next packet of a track should come; a track that has not
// begun is measured by the other one.
func (t *timeline) expected(k media.Kind) (media.Ticks, bool) {
	if t.tracks[k].begun {
		return t.end(k), true
	}
	for _, tr := range t.tracks {
		if tr.begun {
			return tr.last, true
		}
	}
	return 0, false
}

// resume is where the track that meets a jump first goes on: not before anything
// that has been put out on either track.
func (t *timeline) resume(want media.Ticks) media.Ticks {
	for _, tr := range t.tracks {
		if tr.begun {
			want = max(want, tr.last)
		}
	}
	return want
}

// sane keeps a hole from being taken for the distance of frames.
func sane(step media.Ticks) media.Ticks {
	if step <= 0 || step > media.Clock/5 {
		return media.Clock / 30
	}
	return step
}

func abs(t media.Ticks) media.Ticks {
	if t < 0 {
		return -t
	}
	return t
}
