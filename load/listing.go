package load

import (
	"fmt"
	"time"

	"ladderd/m3u8"
)

// listing is one state of a media playlist as a player uses it. It is made once for
// all viewers that were sent the same bytes, and never changed.
type listing struct {
	media    *m3u8.Media // whole: what a delta update refers to
	segments []segment   // the last may be incomplete
	next     cursor      // the first part that is not listed
	sync     time.Duration
	reload   string    // delivery directives for the next state; empty where the server holds no requests
	skip     bool      // whether delta updates may be asked for
	skipping string    // reload, for a delta update
	seen     time.Time // when the first viewer had it
	skipped  int64     // segments at its beginning that a delta update left out
}

// segment is a media segment; whole is its own, where it is complete.
type segment struct {
	msn      int64
	start    time.Duration // since the listing's first segment
	complete bool
	whole    piece
	parts    []piece
}

// piece is what one request brings: a part or a segment.
type piece struct {
	uri, span   string // span is a Range header, empty for the whole resource
	init        initSection
	startsAt    time.Duration // since the listing's first segment
	length      time.Duration
	end         time.Time // program date-time; zero where it is not told
	there       time.Time // when the first viewer saw it listed; zero where nobody knows
	independent bool
	gap         bool
	whole       bool // a segment
}

type initSection struct{ uri, span string }

// cursor is a place in the stream: a part's. Where segments have no parts, part is 0.
type cursor struct {
	msn  int64
	part int
}

func newListing(m *m3u8.Media) *listing {
	l := &listing{media: m, skip: m.Control.SkipUntil > 0}
	l.next.msn, l.next.part = m.Next()
	at := start{}
	for i := range m.Segments {
		l.segments = append(l.segments, at.segment(&m.Segments[i], true))
	}
	if len(m.Open.Parts) > 0 {
		open := m.Open
		open.MSN = l.next.msn
		l.segments = append(l.segments, at.segment(&open, false))
	}
	// The distance from the edge at which hls.js begins (its latency controller).
	switch {
	case m.PartTarget > 0 && m.Control.PartHoldBack > 0:
		l.sync = m.Control.PartHoldBack
	case m.Control.HoldBack > 0:
		l.sync = m.Control.HoldBack
	default:
		l.sync = 3 * m.Target
	}
	if m.Control.BlockReload && !m.Ended {
		l.reload = fmt.Sprintf("_HLS_msn=%d", l.next.msn)
		if m.PartTarget > 0 {
			l.reload += fmt.Sprintf("&_HLS_part=%d", l.next.part)
		}
		l.skipping = l.reload + "&_HLS_skip=YES"
		if m.Control.SkipDateRanges {
			l.skipping = l.reload + "&_HLS_skip=v2"
		}
	}
	return l
}

// start runs along a playlist and tells where each element begins.
type start struct {
	offset time.Duration
	date   time.Time
}

func (at *start) segment(s *m3u8.Segment, complete bool) segment {
	if !s.DateTime.IsZero() {
		at.date = s.DateTime
	}
	seg := segment{msn: s.MSN, start: at.offset, complete: complete}
	init := initSection{}
	if s.Map != nil {
		init = initSection{s.Map.URI, spanOf(s.Map.Range)}
	}
	inside := *at
	for _, p := range s.Parts {
		q := inside.piece(p.Duration)
		q.uri, q.span, q.init = p.URI, spanOf(p.Range), init
		q.independent, q.gap = p.Independent, p.Gap
		seg.parts = append(seg.parts, q)
	}
	if !complete {
		*at = inside
		return seg
	}
	seg.whole = at.piece(s.Duration)
	seg.whole.uri, seg.whole.span, seg.whole.init = s.URI, spanOf(s.Range), init
	seg.whole.gap, seg.whole.independent, seg.whole.whole = s.Gap, true, true
	return seg
}

// piece goes on by an element's length.
func (at *start) piece(length time.Duration) piece {
	p := piece{startsAt: at.offset, length: length}
	at.offset += length
	if !at.date.IsZero() {
		at.date = at.date.Add(length)
	}
	p.end = at.date
	return p
}

// spanOf is the Range header of a byte range.
func spanOf(r *m3u8.ByteRange) string {
	if r == nil || r.Length <= 0 {
		return ""
	}
	from := max(r.Offset, 0)
	return fmt.Sprintf("bytes=%d-%d", from, from+r.Length-1)
}

// begin is where hls.js begins to load: at the last independent part before the sync
// position in that one's segment, or with the whole segment where its parts are not
// listed. lead is how much of it lies before that position. It is not ok while no
// segment is complete.
func (l *listing) begin() (at cursor, lead time.Duration, ok bool) {
	if len(l.segments) == 0 || !l.segments[0].complete {
		return cursor{}, 0, false
	}
	last := l.segments[len(l.segments)-1]
	edge := last.start + last.whole.length
	for _, p := range last.parts {
		edge = max(edge, p.startsAt+p.length)
	}
	want := max(edge-l.sync, 0)
	i := len(l.segments) - 1
	for i > 0 && l.segments[i].start > want {
		i--
	}
	s := l.segments[i]
	at, from := cursor{msn: s.msn}, s.start
	for n, p := range s.parts {
		if p.independent && p.startsAt <= want {
			at.part, from = n, p.startsAt
		}
	}
	return at, want - from, true
}

// outcome says what became of a look for the next piece.
type outcome int

const (
	found outcome = iota
	later         // it is not listed yet
	gone          // it is not listed any more
	over          // the stream has ended
)

// find is the piece at a place, and the place behind it.
func (l *listing) find(at cursor) (piece, cursor, outcome) {
	if len(l.segments) == 0 {
		return piece{}, at, later
	}
	i := at.msn - l.segments[0].msn
	switch {
	case i < 0:
		return piece{}, at, gone
	case i >= int64(len(l.segments)) && l.media.Ended:
		return piece{}, at, over
	case i >= int64(len(l.segments)):
		return piece{}, at, later
	}
	s := &l.segments[i]
	switch {
	case at.part < len(s.parts):
		return s.parts[at.part], cursor{at.msn, at.part + 1}, found
	case !s.complete:
		return piece{}, at, later
	case at.part == 0 || len(s.parts) == 0:
		// Also where the parts behind those that were loaded are not listed any more:
		// hls.js loads the segment, of which some is there already.
		return s.whole, cursor{msn: at.msn + 1}, found
	}
	return l.find(cursor{msn: at.msn + 1})
}
