package packager

import (
	"sync"
	"time"

	"ladderd/media"
)

// state is what readers of a rendition see: immutable, replaced by the next one
// with every part. What it is as text is rendered by the first who asks, for all.
type state struct {
	segments []*segment // complete ones that can be fetched, oldest first
	opening  *segment   // the one that is not complete, if it has begun
	open     int64      // media sequence number of the first segment that is not complete
	parts    int        // how many parts of it are there
	list     *playlist  // nil before the first part
	target   media.Ticks
	age      time.Duration // how long a playlist without delivery directives holds
	limit    int           // parts ahead of the last that may be asked for; 0 where none are listed
	ended    bool
	changed  chan struct{} // closed when the next state is there

	full, delta rendering
}

// rendering is a document that is made once.
type rendering struct {
	once sync.Once
	doc  Document
}

func (r *rendering) get(render func() Document) Document {
	r.once.Do(func() { r.doc = render() })
	return r.doc
}

func (st *state) ready() bool { return st.list != nil }

// document is the playlist, or the delta update if that leaves out anything.
func (st *state) document(delta bool) Document {
	if !delta {
		return st.full.get(func() Document { return st.list.render(0) })
	}
	return st.delta.get(func() Document {
		if n := st.list.skippable(); n > 0 {
			return st.list.render(n)
		}
		return st.document(false)
	})
}

// last is the newest part that the playlist lists; −1 where it lists none.
func (st *state) last() (msn int64, part int) {
	if st.parts > 0 {
		return st.open, st.parts - 1
	}
	newest := st.segments[len(st.segments)-1]
	if st.limit == 0 {
		return newest.msn, -1
	}
	return newest.msn, len(newest.parts) - 1
}

// holds says whether the playlist contains what q names. A part past the last of
// a complete segment is the first of the next one (rfc8216bis, 6.2.5.2).
func (st *state) holds(q Query) bool {
	if !st.ready() {
		return false
	}
	if q.Part < 0 || q.MSN > st.open || st.limit == 0 {
		return q.MSN < st.open
	}
	if q.MSN == st.open {
		return q.Part < int64(st.parts)
	}
	if s := st.segment(q.MSN); s != nil && q.Part >= int64(len(s.parts)) {
		return q.MSN+1 < st.open || st.parts > 0
	}
	return true
}

// tooFar says whether q is to be refused (rfc8216bis, 6.2.5.2).
func (st *state) tooFar(q Query) bool {
	if st.ended {
		return false
	}
	last := st.open - 1
	if q.MSN > last+2 {
		return true
	}
	limit := int64(st.limit)
	switch q.MSN {
	case st.open:
		return limit > 0 && q.Part > int64(st.parts-1)+limit
	case st.open + 1:
		// However many parts the open segment will have, this one is that far ahead.
		return limit > 0 && q.Part >= limit
	}
	return false
}

// segment finds a segment that can be fetched, whole or in part.
func (st *state) segment(msn int64) *segment {
	if st.opening != nil && st.opening.msn == msn {
		return st.opening
	}
	if len(st.segments) == 0 {
		return nil
	}
	i := msn - st.segments[0].msn
	if i < 0 || i >= int64(len(st.segments)) {
		return nil
	}
	return st.segments[i]
}
