package packager

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"ladderd/media"
)

// Rendition is what viewers see of one rendition. All its methods may be called
// from any goroutine.
type Rendition struct {
	name   string
	video  bool
	format *format
	shelf  *shelf       // nil where all is in memory
	others []*Rendition // of the stream, in its order
	state  atomic.Pointer[state]
}

// Name is the ladder's name of the rendition.
func (r *Rendition) Name() string { return r.name }

// waitTargets is how long a request is held, in target durations (rfc8216bis,
// 6.2.5.2).
const waitTargets = 3

// Playlist is the media playlist: at once where q names no segment, else as soon as
// it holds what q names, or as the stream ends. With q.Skip it is the delta update,
// where there is something to skip. Errors: ErrNotReady, ErrQuery, ErrTooFarAhead,
// ErrUnmet, and the context's.
func (r *Rendition) Playlist(ctx context.Context, q Query) (Document, error) {
	st := r.state.Load()
	if q.MSN < 0 && q.Part >= 0 {
		return Document{}, ErrQuery
	}
	if q.MSN >= 0 {
		var err error
		st, err = r.wait(ctx, func(st *state) (bool, error) {
			if st.tooFar(q) {
				return false, ErrTooFarAhead
			}
			return st.holds(q), nil
		})
		if err != nil {
			return Document{}, err
		}
	}
	if !st.ready() {
		return Document{}, ErrNotReady
	}
	doc := st.document(q.Skip)
	doc.Final, doc.MaxAge = st.ended, st.age
	if q.MSN >= 0 {
		doc.Blocking = true
		doc.MaxAge = 2 * waitTargets * st.target.Duration()
	}
	return doc, nil
}

// Media is the init section, part or segment of that name, the last element of a
// URI in the playlist. The part that the playlist hints at is waited for. Errors:
// ErrNotFound, ErrUnmet, and the context's.
func (r *Rendition) Media(ctx context.Context, name string) (Resource, error) {
	var found Resource
	_, err := r.wait(ctx, func(st *state) (ok bool, err error) {
		found, err = r.find(st, name)
		if errors.Is(err, ErrNotFound) && !st.ended && st.ready() && st.limit > 0 && name == r.format.partName(st.open, st.parts) {
			return false, nil
		}
		return err == nil, err
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

// reports tell how far the other renditions are that have media. The first part of a
// segment is passed over for the one before it: hls.js 1.6 takes LAST-PART=0 for none
// and asks for a part as late as the last of the rendition that it leaves, which is
// then held for most of a segment. A report that is a part behind costs nobody
// anything, as the playlist that it leads to is whole.
func (r *Rendition) reports() []report {
	var list []report
	for _, other := range r.others {
		if st := other.state.Load(); st.ready() && !st.ended {
			msn, part := st.last()
			if before := st.segment(msn - 1); part == 0 && before != nil {
				msn, part = before.msn, len(before.parts)-1
			}
			list = append(list, report{other.name, msn, part})
		}
	}
	return list
}

// find is what a state has under a name.
func (r *Rendition) find(st *state, name string) (Resource, error) {
	if strings.HasPrefix(name, "init") {
		return r.findInit(st, name)
	}
	base, ok := strings.CutSuffix(name, r.format.extension)
	number, index, isPart := strings.Cut(base, ".")
	msn, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return Resource{}, ErrNotFound
	}
	s := st.segment(msn)
	if s == nil {
		return Resource{}, ErrNotFound
	}
	if !isPart {
		if !s.complete || s.gap() || name != s.name() {
			return Resource{}, ErrNotFound
		}
		return r.read(s, 0, len(s.parts))
	}
	i, err := strconv.Atoi(index)
	if st.limit == 0 || err != nil || i < 0 || i >= len(s.parts) || s.parts[i].gap || name != r.format.partName(msn, i) {
		return Resource{}, ErrNotFound
	}
	return r.read(s, i, i+1)
}

// read is a segment's parts from one to before another. Parts come from memory while
// they are there. A whole segment comes from its file as soon as there is one: a
// viewer who takes long over it would hold it in memory, where nobody counts it any
// more once the window has let go of it.
func (r *Rendition) read(s *segment, from, to int) (Resource, error) {
	res := Resource{Type: r.mediaType()}
	dur := media.Ticks(0)
	for _, p := range s.parts[from:to] {
		res.Size += int64(p.size)
		dur += p.dur
	}
	res.Duration = dur.Duration()
	whole := s.complete && to-from == len(s.parts)
	if whole && s.body.saved.Load() {
		if file, err := r.shelf.open(r.name, s.msn); err == nil {
			res.File = file
			return res, nil
		} // memory may still have it
	}
	if chunks := s.body.chunks.Load(); chunks != nil {
		for _, data := range (*chunks)[from:to] {
			if len(data) > 0 {
				res.Chunks = append(res.Chunks, data)
			}
		}
		return res, nil
	}
	if !s.body.saved.Load() {
		return Resource{}, ErrNotFound
	}
	file, err := r.shelf.open(r.name, s.msn)
	if err != nil {
		return Resource{}, err
	}
	for _, p := range s.parts[:from] {
		res.Offset += int64(p.size)
	}
	res.File = file
	return res, nil
}

func (r *Rendition) findInit(st *state, name string) (Resource, error) {
	if s := st.opening; s != nil && s.init != nil && s.init.name == name {
		return r.whole(s.init.data), nil
	}
	for i := len(st.segments) - 1; i >= 0; i-- {
		if s := st.segments[i]; s.init != nil && s.init.name == name {
			return r.whole(s.init.data), nil
		}
	}
	return Resource{}, ErrNotFound
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
