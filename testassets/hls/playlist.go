package hls

import (
	"fmt"
	"strings"
	"time"

	foreign "github.com/Eyevinn/hls-m3u8/m3u8"
	"github.com/bluenviron/gohlslib/v2/pkg/playlist"

	"ladderd/m3u8"
)

// Playlist is a media playlist.
type Playlist struct {
	*m3u8.Media
	Text string
}

// Segment and Part are what a playlist lists.
type (
	Segment = m3u8.Segment
	Part    = m3u8.Part
)

// ParseMedia reads a media playlist. It holds it to the grammar, and two parsers
// that are not ours to seeing the same in it.
func ParseMedia(body []byte) (*Playlist, error) {
	p, err := m3u8.ParseMedia(body)
	if err != nil {
		return nil, err
	}
	if len(p.Problems) > 0 {
		return nil, fmt.Errorf("%v", p.Problems)
	}
	other, kind, err := foreign.DecodeFrom(strings.NewReader(withoutFirstParts(string(body))), true)
	if err != nil {
		return nil, fmt.Errorf("hls-m3u8: %w", err)
	}
	if kind != foreign.MEDIA {
		return nil, fmt.Errorf("hls-m3u8: no media playlist")
	}
	var one playlist.Media
	// gohlslib takes no playlist that has parts only, as it is in a stream's first
	// seconds; it has filled one in by the time that it says so.
	if err := one.Unmarshal(body); err != nil && len(p.Segments) > 0 {
		return nil, fmt.Errorf("gohlslib: %w", err)
	}
	return &Playlist{p, string(body)}, agree(p, &one, other.(*foreign.MediaPlaylist))
}

// withoutFirstParts leaves out the parts up to the first complete segment: hls-m3u8
// takes no part before one, as they are in a stream's first seconds and in every
// playlist short enough to list the parts of all of its segments.
func withoutFirstParts(text string) string {
	var b strings.Builder
	segments := false
	for line := range strings.Lines(text) {
		segments = segments || !strings.HasPrefix(line, "#")
		if segments || !strings.HasPrefix(line, "#EXT-X-PART:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// agree wants the other parsers to see what p has.
func agree(p *m3u8.Media, one *playlist.Media, two *foreign.MediaPlaylist) error {
	segments := two.GetAllSegments()
	if len(p.Segments) != len(one.Segments) || len(p.Segments) != len(segments) || len(p.Open.Parts) != len(one.Parts) ||
		p.MediaSequence != int64(one.MediaSequence) || p.MediaSequence != int64(two.SeqNo) ||
		p.Ended != one.Endlist || p.Ended != two.Closed {
		return fmt.Errorf("the parsers see %d, %d and %d segments from %d, %d and %d, and %d and %d parts; ended %v, %v and %v",
			len(p.Segments), len(one.Segments), len(segments), p.MediaSequence, one.MediaSequence, two.SeqNo,
			len(p.Open.Parts), len(one.Parts), p.Ended, one.Endlist, two.Closed)
	}
	for i, s := range p.Segments {
		a, b := one.Segments[i], segments[i]
		if s.URI != a.URI || s.URI != b.URI || s.Gap != a.Gap || s.Gap != b.Gap || len(s.Parts) != len(a.Parts) ||
			s.Discontinuity != a.Discontinuity || s.Discontinuity != b.Discontinuity ||
			absolute(s.Duration-a.Duration) > time.Microsecond || absolute(s.Duration.Seconds()-b.Duration) > 1e-6 {
			return fmt.Errorf("the parsers disagree about segment %d: %+v, %+v and %+v", s.MSN, s, a, b)
		}
		for k, part := range s.Parts {
			if c := a.Parts[k]; part.URI != c.URI || part.Gap != c.Gap || part.Independent != c.Independent ||
				absolute(part.Duration-c.Duration) > time.Microsecond {
				return fmt.Errorf("the parsers disagree about part %d.%d: %+v and %+v", s.MSN, k, part, c)
			}
		}
	}
	return nil
}

// mapOf is the URI of the initialisation section that holds for a segment, empty
// where none does.
func mapOf(s Segment) string {
	if s.Map == nil {
		return ""
	}
	return s.Map.URI
}

func absolute[N time.Duration | float64](d N) N { return max(d, -d) }
