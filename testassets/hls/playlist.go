package hls

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/Eyevinn/hls-m3u8/m3u8"
	"github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

// Playlist is a media playlist.
type Playlist struct {
	Target        time.Duration // EXT-X-TARGETDURATION
	PartTarget    time.Duration // 0 where there are no parts
	HoldBack      time.Duration
	PartHoldBack  time.Duration
	BlockReload   bool
	MediaSequence int64
	Discontinuity int64 // EXT-X-DISCONTINUITY-SEQUENCE
	Segments      []Segment
	// Parts are those of the segment that is not complete yet.
	Parts []Part
	Hint  string // URI of the preload hint
	Ended bool
	Text  string
}

// Segment is one media segment.
type Segment struct {
	MSN           int64
	URI           string
	Map           string // URI of the initialisation section that holds
	Duration      time.Duration
	DateTime      time.Time
	Discontinuity bool
	Gap           bool
	Parts         []Part
}

// Part is one partial segment.
type Part struct {
	URI         string
	Duration    time.Duration
	Independent bool
	Gap         bool
}

// Next is the first media sequence number and part that p does not list.
func (p *Playlist) Next() (msn int64, part int) {
	return p.MediaSequence + int64(len(p.Segments)), len(p.Parts)
}

// ParseMedia reads a media playlist by both parsers.
func ParseMedia(body []byte) (*Playlist, error) {
	other, kind, err := m3u8.DecodeFrom(strings.NewReader(withoutFirstParts(string(body))), true)
	if err != nil {
		return nil, fmt.Errorf("hls-m3u8: %w", err)
	}
	if kind != m3u8.MEDIA {
		return nil, fmt.Errorf("hls-m3u8: no media playlist")
	}
	two := other.(*m3u8.MediaPlaylist)
	var one playlist.Media
	// gohlslib takes no playlist that has parts only, as it is in a stream's first
	// seconds; it has filled one in by the time that it says so.
	if err := one.Unmarshal(body); err != nil && len(two.GetAllSegments()) > 0 {
		return nil, fmt.Errorf("gohlslib: %w", err)
	}
	p := &Playlist{
		Target: time.Duration(one.TargetDuration) * time.Second, MediaSequence: int64(one.MediaSequence),
		Parts: parts(one.Parts), Ended: one.Endlist, Text: string(body),
	}
	if one.DiscontinuitySequence != nil {
		p.Discontinuity = int64(*one.DiscontinuitySequence)
	}
	if one.PartInf != nil {
		p.PartTarget = one.PartInf.PartTarget
	}
	if one.PreloadHint != nil {
		p.Hint = one.PreloadHint.URI
	}
	if c := two.ServerControl; c != nil {
		p.HoldBack, p.PartHoldBack = seconds(c.HoldBack), seconds(c.PartHoldBack)
		p.BlockReload = c.CanBlockReload
	}
	return p, p.addSegments(&one, two)
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

// addSegments takes the segments on which both parsers agree.
func (p *Playlist) addSegments(one *playlist.Media, two *m3u8.MediaPlaylist) error {
	segments := two.GetAllSegments()
	if len(segments) != len(one.Segments) || two.SeqNo != uint64(one.MediaSequence) || two.Closed != one.Endlist {
		return fmt.Errorf("the parsers see %d and %d segments from %d and %d, ended %v and %v",
			len(one.Segments), len(segments), one.MediaSequence, two.SeqNo, one.Endlist, two.Closed)
	}
	var initialisation string
	if two.Map != nil { // what stands before the first segment
		initialisation = two.Map.URI
	}
	for i, s := range one.Segments {
		t := segments[i]
		if s.URI != t.URI || absolute(s.Duration-seconds(t.Duration)) > time.Microsecond ||
			s.Gap != t.Gap || s.Discontinuity != t.Discontinuity {
			return fmt.Errorf("the parsers disagree about segment %d: %+v and %+v", i, s, t)
		}
		if t.Map != nil {
			initialisation = t.Map.URI
		}
		segment := Segment{
			MSN: p.MediaSequence + int64(i), URI: s.URI, Map: initialisation, Duration: s.Duration,
			Discontinuity: s.Discontinuity, Gap: s.Gap, Parts: parts(s.Parts),
		}
		if s.DateTime != nil {
			segment.DateTime = *s.DateTime
		}
		p.Segments = append(p.Segments, segment)
	}
	return nil
}

func parts(from []*playlist.MediaPart) []Part {
	var to []Part
	for _, p := range from {
		to = append(to, Part{URI: p.URI, Duration: p.Duration, Independent: p.Independent, Gap: p.Gap})
	}
	return to
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

func absolute(d time.Duration) time.Duration { return max(d, -d) }
