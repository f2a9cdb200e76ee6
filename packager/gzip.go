package packager

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"sync"
)

// text is a playlist that is being written, and which of its pages are compressed
// already.
type text struct {
	body  []byte
	pages []placed
}

// placed is a page at its place in a text, in bytes.
type placed struct {
	*page
	at int
}

func (t *text) addPage(p *page) {
	t.pages = append(t.pages, placed{p, len(t.body)})
	t.body = append(t.body, p.text...)
}

// gzip is the text as one gzip member (RFC 1952): what lies between the pages is
// compressed now. Deflate blocks that were made apart may follow on each other, as
// none refers to what is before it (RFC 1951, 3.2).
func (t *text) gzip() []byte {
	var b bytes.Buffer
	b.Grow(512 + len(t.body)/6)
	const fastest, unknownSystem = 4, 255
	b.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, fastest, unknownSystem})
	at := 0
	for _, p := range t.pages {
		if p.at > at {
			deflate(&b, t.body[at:p.at], false)
		}
		b.Write(p.compressed())
		at = p.at + len(p.text)
	}
	deflate(&b, t.body[at:], true)
	end := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(t.body))
	b.Write(binary.LittleEndian.AppendUint32(end, uint32(len(t.body))))
	return b.Bytes()
}

// compressors are shared: each has two thirds of a megabyte of tables.
var compressors = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // the level is valid
	return w
}}

// deflate appends data as deflate blocks. All but the last of a stream end with an
// empty block, at a byte's boundary.
func deflate(b *bytes.Buffer, data []byte, last bool) {
	w := compressors.Get().(*flate.Writer)
	defer compressors.Put(w)
	w.Reset(b)
	// Writing to memory does not fail.
	_, _ = w.Write(data)
	if last {
		_ = w.Close()
	} else {
		_ = w.Flush()
	}
}
