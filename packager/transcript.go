package packager

import (
	"bytes"
	"sync"

	"ladderd/media"
)

// lines are a complete segment's part of the playlist, rendered once.
type lines struct {
	text  []byte       // without parts
	split int          // where the parts' lines go in text
	told  *initSection // that of the newest EXT-X-MAP, nil where there is none yet
	tells bool         // that one is in text
	page  *page        // that text lies in
}

// pageLength is how many segments a page has: about 10 KB of text, which is enough
// for gzip, and little to compress anew where the window begins within a page.
const pageLength = 128

// page is the text of segments that follow on one another. It is compressed once,
// so that a playlist of hours is not for every part of it. It is for readers once
// it is full.
type page struct {
	first int64 // media sequence number of the first segment
	count int
	text  []byte

	once     sync.Once
	deflated []byte
}

// compressed is the page as deflate blocks that end at a byte's boundary.
func (p *page) compressed() []byte {
	p.once.Do(func() {
		var b bytes.Buffer
		deflate(&b, p.text, false)
		p.deflated = bytes.Clone(b.Bytes())
	})
	return p.deflated
}

// transcript writes a rendition's lines as its segments come.
type transcript struct {
	open  []byte       // EXT-X-PART of the open segment; readers hold slices of the array
	parts [][]byte     // those of the newest complete segments, oldest first
	init  *initSection // the newest that was mapped
	page  *page
}

func (t *transcript) add(p part, name string) { t.open = appendPart(t.open, p, name) }

// complete sets the segment's lines.
func (t *transcript) complete(s *segment) {
	t.parts = append(t.parts, t.open)
	t.open = nil
	if t.page == nil || t.page.count == pageLength {
		const usual = 96 // bytes of a segment
		t.page = &page{first: s.msn, text: make([]byte, 0, pageLength*usual)}
	}
	news := (*initSection)(nil)
	if s.init != nil && s.init != t.init {
		news, t.init = s.init, s.init
	}
	s.told, s.tells = t.init, news != nil
	p := t.page
	from := len(p.text)
	p.text = s.appendHead(p.text, news)
	s.split = len(p.text) - from
	p.text = s.appendWhole(p.text)
	s.text = p.text[from:len(p.text):len(p.text)]
	s.page = p
	p.count++
}

// trim forgets the parts' lines of segments that ended by limit.
func (t *transcript) trim(segments []*segment, limit media.Ticks) {
	for len(t.parts) > 0 && segments[len(segments)-len(t.parts)].end() <= limit {
		t.parts = t.parts[1:]
	}
}
