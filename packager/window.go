package packager

import (
	"ladderd/media"
)

const (
	// residence is how much of the newest complete media stays in memory though it
	// is on disk: what viewers at the live edge, and those who join them, ask for.
	residence = media.Ticks(6 * media.Clock)
	// longestGrace bounds how long a segment outlives its listing beyond what the
	// draft wants.
	longestGrace = media.Ticks(60 * media.Clock)
)

// window keeps a rendition's segments for as long as anyone may fetch them, and
// decides which are listed. It belongs to the stream's goroutine, which never
// waits for the disk: what that does not take in time stays in memory up to a
// bound, and then the window gets shorter.
type window struct {
	wanted media.Ticks // how much media is to be listed
	span   media.Ticks // how much is, as the disk is full: at most wanted
	full   int64       // how often it was, as far as span knows
	bound  int64       // bytes that may be in memory alone
	shelf  *shelf      // nil where nothing goes to the disk
	name   string      // the rendition's, for the shelf
	low    bool        // parts are listed
	target media.Ticks // the newest EXT-X-TARGETDURATION

	segments []*segment // complete ones, oldest first; readers hold slices of the array
	first    int        // the first that is listed
	held     []*segment // those in memory
	unsaved  []*segment // of them those that are not on disk; settle's
	open     segment    // valid where opened
	opened   bool
	text     transcript

	memory int64 // bytes of the segments in memory, the open one's among them
	index  int64 // bytes of what is known of complete segments, and of their lines
	lost   int64 // segments that left the playlist before their time
}

func newWindow(o Options, s *shelf, rendition string) *window {
	return &window{wanted: o.Window, span: o.Window, bound: o.Memory, shelf: s, name: rendition, low: o.Latency == Low}
}

// begin opens a segment. One that does not follow on what is there replaces it.
func (w *window) begin(s segment) {
	if n := len(w.segments); n > 0 {
		if w.segments[n-1].msn+1 != s.msn {
			w.clear()
		} else {
			s.from = w.segments[n-1].end()
		}
	}
	s.body = new(body)
	w.open, w.opened = s, true
}

func (w *window) clear() {
	w.forget(len(w.segments))
	w.text = transcript{}
}

func (w *window) add(p part) {
	if w.low {
		w.text.add(p, w.open.format.partName(w.open.msn, len(w.open.parts)))
	}
	w.open.add(p)
	w.memory += int64(len(p.data))
}

// complete closes the open segment, and has older ones leave memory, the playlist
// and the disk, each in its time. target is the newest EXT-X-TARGETDURATION.
func (w *window) complete(target media.Ticks) *segment {
	done := w.open
	done.complete = true
	w.text.complete(&done)
	w.opened, w.target = false, target
	w.segments = append(w.segments, &done)
	w.index += done.indexSize()
	if !done.gap() {
		w.held = append(w.held, &done)
		w.shelf.save(w.name, &done)
	}
	w.settle()
	w.adapt(done.dur)
	w.list()
	w.text.trim(w.segments, w.end()-listedParts*target)
	w.expire()
	return &done
}

// settle takes segments out of memory that are on disk and not new any more, and
// bounds what is in memory alone.
func (w *window) settle() {
	end := w.segments[len(w.segments)-1].end()
	w.unsaved = w.unsaved[:0]
	for _, s := range w.held {
		if !s.body.saved.Load() {
			w.unsaved = append(w.unsaved, s)
		} else if end-s.end() >= residence {
			w.release(s)
		}
	}
	w.bind(w.unsaved)
	w.held = inMemory(w.held)
	clear(w.unsaved)
}

// letGo takes all segments out of memory that are on disk, after the last one.
func (w *window) letGo() {
	for _, s := range w.held {
		if s.body.saved.Load() {
			w.release(s)
		}
	}
	w.held = inMemory(w.held)
}

// bind gives segments that are in memory alone as much as the bound, and listed ones
// half of that: then what the list has lost can be fetched for as long again as it
// lasts.
func (w *window) bind(unsaved []*segment) {
	bytes := int64(0)
	for _, s := range unsaved {
		bytes += s.bytes
	}
	for _, s := range unsaved {
		if bytes > w.bound/2 {
			w.unlist(s)
		}
		if bytes > w.bound && s.msn < w.segments[w.first].msn {
			w.release(s)
		}
		bytes -= s.bytes
	}
}

// adapt has a full disk cost a quarter of what is listed, which makes room for the
// segments to come, and then tries for more with each one that is taken.
func (w *window) adapt(dur media.Ticks) {
	full := w.shelf.timesFull()
	if full == w.full {
		w.span = min(w.wanted, w.span+dur)
		return
	}
	w.full = full
	w.span = min(w.span, w.end()-w.segments[w.first].from) * 3 / 4
}

// inMemory drops the segments that are not.
func inMemory(list []*segment) []*segment {
	kept := list[:0]
	for _, s := range list {
		if s.body.chunks.Load() != nil {
			kept = append(kept, s)
		}
	}
	clear(list[len(kept):])
	return kept
}

func (w *window) release(s *segment) {
	s.body.release()
	w.memory -= s.bytes
}

// unlist has the playlist begin behind s, unless too little would be left of it.
func (w *window) unlist(s *segment) {
	for w.segments[w.first].msn <= s.msn && w.spare(w.first) {
		w.first++
		w.lost++
	}
}

// list moves the playlist's beginning on: it shows no more than its end that is as
// long as the window, and no less than three target durations of whole segments
// (rfc8216bis, 6.2.2).
func (w *window) list() {
	end := w.end()
	for w.first+1 < len(w.segments) && end-w.segments[w.first+1].from >= w.span && w.spare(w.first) {
		w.first++
		if w.span < w.wanted {
			w.lost++
		}
	}
}

// spare says whether the playlist is long enough without segment i.
func (w *window) spare(i int) bool {
	return w.segments[len(w.segments)-1].end()-w.segments[i].end() >= holdBack*w.target
}

// end is where the newest media end that may be listed.
func (w *window) end() media.Ticks {
	if w.opened && w.low {
		return w.open.end()
	}
	return w.segments[len(w.segments)-1].end()
}

// expire forgets what no player may still ask for. rfc8216bis (6.2.2) wants a
// segment to be there from its appearance on for its own duration and that of the
// longest playlist that listed it: as long as the window, and two more segments. It
// stays for as long again as the window, as RFC 8216 wants, but at most a minute,
// since that would double the disk that hours take.
func (w *window) expire() {
	end := w.segments[len(w.segments)-1].end()
	gone := 0
	for gone < w.first {
		s := w.segments[gone]
		if end-s.end() <= max(w.span, holdBack*w.target)+min(w.span, longestGrace)+3*s.dur {
			break
		}
		gone++
	}
	w.forget(gone)
}

// forget drops the oldest segments.
func (w *window) forget(n int) {
	for _, s := range w.segments[:n] {
		if s.body.chunks.Load() != nil {
			w.release(s)
		}
		w.shelf.discard(w.name, s)
		w.index -= s.indexSize()
	}
	w.segments = w.segments[n:]
	w.first = max(0, w.first-n)
	w.held = inMemory(w.held)
}

// snapshot is what readers are to see of all that is there. Nothing is rendered
// for it: that is done when somebody asks. partTarget is 0 where no parts are listed.
func (w *window) snapshot(target, partTarget media.Ticks, hint, ended bool, reports []report) *state {
	w.target = target
	st := &state{target: target, ended: ended, limit: advanceLimit(partTarget), age: partTarget.Duration(), changed: make(chan struct{})}
	if !w.low {
		st.age = target.Duration() / 2
	}
	list := &playlist{target: target, partTarget: partTarget, ended: ended, reports: reports}
	if w.opened && w.low {
		open := w.open
		st.opening, st.open, st.parts = &open, open.msn, len(open.parts)
		if st.parts > 0 {
			list.open, list.openParts = &open, w.text.open
		}
	} else {
		st.open = w.segments[len(w.segments)-1].msn + 1
	}
	if n := len(w.segments); n > 0 {
		w.list()
		w.text.trim(w.segments, w.end()-listedParts*target)
		st.segments, list.segments, list.parts = w.segments[:n:n], w.segments[w.first:n:n], w.text.parts
	}
	if hint && w.low && !ended {
		list.hint = w.open.format.partName(st.open, st.parts)
	}
	if len(list.segments) > 0 || list.open != nil {
		st.list = list
	}
	return st
}

// advanceLimit is how many parts past the last one may be asked for
// (rfc8216bis, 6.2.5.2, "Advance Part Limit").
func advanceLimit(partTarget media.Ticks) int {
	if partTarget == 0 {
		return 0
	}
	if partTarget >= media.Clock {
		return 3
	}
	return int((3*media.Clock + partTarget - 1) / partTarget)
}
