package packager

import (
	"time"

	"ladderd/media"
)

// part is a rendered partial segment.
type part struct {
	dur         media.Ticks
	data        []byte // nil in a gap
	gap         bool
	independent bool
}

// segment is what playlists list. Once it is complete nothing of it changes;
// before, snapshots hold copies.
type segment struct {
	mark
	format   *format
	time     time.Time // of its beginning: EXT-X-PROGRAM-DATE-TIME
	init     *initSection
	parts    []part
	dur      media.Ticks // of its parts
	bytes    int64       // of its parts
	complete bool
}

func (s *segment) add(p part) {
	s.parts = append(s.parts, p)
	s.dur += p.dur
	s.bytes += int64(len(p.data))
}

// gap says that nothing of the segment is there.
func (s *segment) gap() bool { return s.bytes == 0 }

func (s *segment) name() string { return s.format.segmentName(s.msn) }
