package packager

import (
	"time"
	"unsafe"

	"ladderd/media"
)

// part is a rendered partial segment.
type part struct {
	dur         media.Ticks
	data        []byte // nil in a gap
	gap         bool
	independent bool
}

// piece is what a segment remembers of a part. It is small: a window of hours has
// tens of thousands of them.
type piece struct {
	dur         media.Ticks
	size        int32 // bytes
	gap         bool
	independent bool
}

// segment is what playlists list. Once it is complete nothing of it changes but
// where its bytes are; before, snapshots hold copies.
type segment struct {
	mark
	format   *format
	time     time.Time // of its beginning: EXT-X-PROGRAM-DATE-TIME
	init     *initSection
	parts    []piece
	from     media.Ticks // duration of all segments before it
	dur      media.Ticks // of its parts
	bytes    int64       // of its parts
	complete bool
	body     *body
	lines    // valid where complete
}

func (s *segment) add(p part) {
	s.parts = append(s.parts, piece{p.dur, int32(len(p.data)), p.gap, p.independent})
	s.body.add(p.data)
	s.dur += p.dur
	s.bytes += int64(len(p.data))
}

// indexSize is how many bytes a complete segment takes without its media.
func (s *segment) indexSize() int64 {
	return int64(unsafe.Sizeof(*s)) + int64(len(s.parts))*int64(unsafe.Sizeof(piece{})) + int64(len(s.text))
}

// end is where the next segment's from is.
func (s *segment) end() media.Ticks { return s.from + s.dur }

// gap says that nothing of the segment is there.
func (s *segment) gap() bool { return s.bytes == 0 }

func (s *segment) name() string { return s.format.segmentName(s.msn) }
