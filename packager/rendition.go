package packager

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Rendition is what viewers see of one rendition. All its methods may be called
// from any goroutine.
type Rendition struct {
	name   string
	video  bool
	format *format
	state  atomic.Pointer[state] // its doc is empty before the first part
}

// Name is the ladder's name of the rendition.
func (r *Rendition) Name() string { return r.name }

// waitTargets is how long a request is held, in target durations (rfc8216bis,
// 6.2.5.2).
const waitTargets = 3

// Playlist is the media playlist: at once where q is Plain, else as soon as it
// holds what q names, or as the stream ends. Errors: ErrNotReady, ErrQuery,
// ErrTooFarAhead, ErrUnmet, and the context's.
func (r *Rendition) Playlist(ctx context.Context, q Query) (Document, error) {
	if q.MSN < 0 {
		if q.Part >= 0 {
			return Document{}, ErrQuery
		}
		st := r.state.Load()
		if st.doc.Body == nil {
			return Document{}, ErrNotReady
		}
		return st.doc, nil
	}
	st, err := r.wait(ctx, func(st *state) (bool, error) {
		if st.tooFar(q) {
			return false, ErrTooFarAhead
		}
		return st.holds(q), nil
	})
	if err != nil {
		return Document{}, err
	}
	if st.doc.Body == nil {
		return Document{}, ErrNotReady
	}
	doc := st.doc
	doc.Blocking = true
	doc.MaxAge = 2 * waitTargets * st.target.Duration()
	return doc, nil
}

// Media is the init section, part or segment of that name, the last element of a
// URI in the playlist. The part that the playlist hints at is waited for. Errors:
// ErrNotFound, ErrUnmet, and the context's.
func (r *Rendition) Media(ctx context.Context, name string) (Resource, error) {
	var found Resource
	_, err := r.wait(ctx, func(st *state) (bool, error) {
		var ok bool
		if found, ok = r.find(st, name); ok {
			return true, nil
		}
		if st.ended || st.doc.Body == nil || st.limit == 0 || name != r.format.partName(st.open, st.parts) {
			return false, ErrNotFound
		}
		return false, nil
	})
	return found, err
}

// wait blocks until done says so of a state, or the stream has ended.
func (r *Rendition) wait(ctx context.Context, done func(*state) (bool, error)) (*state, error) {
	var timeout <-chan time.Time
	for {
		st := r.state.Load()
		ok, err := done(st)
		if err != nil {
			return nil, err
		}
		if ok || st.ended {
			return st, nil
		}
		if timeout == nil {
			timer := time.NewTimer(waitTargets * st.target.Duration())
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-st.changed:
		case <-timeout:
			return nil, ErrUnmet
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// holds says whether the playlist contains what q names. A part past the last of
// a complete segment is the first of the next one (rfc8216bis, 6.2.5.2).
func (st *state) holds(q Query) bool {
	if st.doc.Body == nil {
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

func (st *state) tooFar(q Query) bool {
	if st.ended {
		return false
	}
	last := st.open - 1
	return q.MSN > last+2 || st.limit > 0 && q.MSN == st.open && q.Part > int64(st.parts-1+st.limit)
}

func (st *state) segment(msn int64) *segment {
	if len(st.segments) == 0 {
		return nil
	}
	i := msn - st.segments[0].msn
	if i < 0 || i >= int64(len(st.segments)) {
		return nil
	}
	return st.segments[i]
}

func (r *Rendition) find(st *state, name string) (Resource, bool) {
	if strings.HasPrefix(name, "init") {
		return r.findInit(st, name)
	}
	base, ok := strings.CutSuffix(name, r.format.extension)
	number, index, isPart := strings.Cut(base, ".")
	msn, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return Resource{}, false
	}
	s := st.segment(msn)
	if s == nil {
		return Resource{}, false
	}
	if !isPart {
		if !s.complete || s.gap() || name != s.name() {
			return Resource{}, false
		}
		res := Resource{Type: r.mediaType(), Size: s.bytes, Chunks: make([][]byte, 0, len(s.parts))}
		for _, p := range s.parts {
			if !p.gap {
				res.Chunks = append(res.Chunks, p.data)
			}
		}
		return res, true
	}
	i, err := strconv.Atoi(index)
	if st.limit == 0 || err != nil || i < 0 || i >= len(s.parts) || s.parts[i].gap || name != r.format.partName(msn, i) {
		return Resource{}, false
	}
	return r.whole(s.parts[i].data), true
}

func (r *Rendition) findInit(st *state, name string) (Resource, bool) {
	for _, s := range st.segments {
		if s.init != nil && s.init.name == name {
			return r.whole(s.init.data), true
		}
	}
	return Resource{}, false
}

func (r *Rendition) whole(data []byte) Resource {
	return Resource{Chunks: [][]byte{data}, Size: int64(len(data)), Type: r.mediaType()}
}

func (r *Rendition) mediaType() string {
	if r.video {
		return r.format.video
	}
	return r.format.audio
}
