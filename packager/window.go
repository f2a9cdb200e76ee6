package packager

import (
	"bytes"
	"compress/gzip"
	"fmt"

	"ladderd/media"
)

// state is what readers of a rendition see: immutable, replaced by the next one
// with every part.
type state struct {
	segments []*segment // all that can be fetched, oldest first; the last may be incomplete
	open     int64      // media sequence number of the first segment that is not complete
	parts    int        // how many parts of it are there
	doc      Document
	target   media.Ticks
	limit    int // parts ahead of the last that may be asked for; 0 where there are none
	ended    bool
	changed  chan struct{} // closed when the next state is there
}

// window keeps a rendition's segments for as long as anyone may fetch them.
type window struct {
	segments []*segment // complete ones, oldest first
	open     segment    // valid where opened
	opened   bool
	listed   media.Ticks // EXT-X window
	zip      *gzip.Writer
	bytes    int64
}

func newWindow(listed media.Ticks) *window {
	zip, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return &window{listed: listed, zip: zip}
}

// begin opens a segment. One that does not follow on what is there replaces it.
func (w *window) begin(s segment) {
	if n := len(w.segments); n > 0 && w.segments[n-1].msn+1 != s.msn {
		w.segments, w.bytes = nil, 0
	}
	w.open, w.opened = s, true
}

func (w *window) add(p part) {
	w.open.add(p)
	w.bytes += int64(len(p.data))
}

// complete closes the open segment, and forgets what no player may still ask
// for: a segment that has gone from the playlist stays for its own duration and
// that of the longest playlist that listed it (rfc8216bis, 6.2.2). That playlist
// was shorter than listed and the segment together; the third duration is for the
// part at whose coming the segment went.
func (w *window) complete() *segment {
	done := w.open
	done.complete = true
	w.opened = false
	w.segments = append(w.segments, &done)
	total := media.Ticks(0)
	for _, s := range w.segments {
		total += s.dur
	}
	gone := 0
	for gone < len(w.segments)-1 && total-w.segments[gone].dur > 2*w.listed+3*w.segments[gone].dur {
		total -= w.segments[gone].dur
		w.bytes -= w.segments[gone].bytes
		gone++
	}
	if gone > 0 {
		w.segments = append([]*segment(nil), w.segments[gone:]...)
	}
	return &done
}

// snapshot renders the playlist of all that is there.
func (w *window) snapshot(target, partTarget media.Ticks, hint, ended bool) (*state, error) {
	all := append([]*segment(nil), w.segments...)
	st := &state{target: target, ended: ended, changed: make(chan struct{})}
	if w.opened && partTarget > 0 {
		open := w.open
		all = append(all, &open)
		st.open, st.parts = open.msn, len(open.parts)
	} else {
		st.open = all[len(all)-1].msn + 1
	}
	st.segments = all
	st.limit = advanceLimit(partTarget)
	list := playlist{target: target, partTarget: partTarget, segments: w.list(all), ended: ended}
	if hint && partTarget > 0 && !ended {
		list.hint = all[len(all)-1].format.partName(st.open, st.parts)
	}
	doc, err := w.document(list.render())
	doc.Final = ended
	doc.MaxAge = partTarget.Duration()
	if partTarget == 0 {
		doc.MaxAge = target.Duration() / 2
	}
	st.doc = doc
	return st, err
}

// list is the end of all that a playlist shows.
func (w *window) list(all []*segment) []*segment {
	if n := len(all); len(all[n-1].parts) == 0 && n > 1 {
		all = all[:n-1]
	}
	total := media.Ticks(0)
	for i := len(all) - 1; i >= 0; i-- {
		if total += all[i].dur; total >= w.listed {
			return all[i:]
		}
	}
	return all
}

func (w *window) document(body []byte) (Document, error) {
	var b bytes.Buffer
	w.zip.Reset(&b)
	if _, err := w.zip.Write(body); err != nil {
		return Document{}, fmt.Errorf("compress playlist: %w", err)
	}
	if err := w.zip.Close(); err != nil {
		return Document{}, fmt.Errorf("compress playlist: %w", err)
	}
	return Document{Body: body, Gzip: b.Bytes()}, nil
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
