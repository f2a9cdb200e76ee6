package m3u8

import "time"

// Media is a media playlist (rfc8216bis, 4.4.3 to 4.4.5). Values of tags that are
// absent are zero; Line tells whether a tag is there.
type Media struct {
	Header
	Target                time.Duration // EXT-X-TARGETDURATION
	MediaSequence         int64
	DiscontinuitySequence int64
	Type                  string // EXT-X-PLAYLIST-TYPE: EVENT, VOD or empty
	IFramesOnly           bool
	Ended                 bool // EXT-X-ENDLIST
	Control               ServerControl
	PartTarget            time.Duration // 0 where there are no parts
	Skip                  *Skip         // set in a delta update that was not merged
	Segments              []Segment
	// Open is the segment that is not complete yet: its parts, and what tags say of it.
	Open       Segment
	Hints      []Hint
	Reports    []Report
	DateRanges []DateRange
	Keys       []Tagged // all EXT-X-KEY, those of method NONE as well
	Unzoned    int      // line of the first date without a time zone; 0 where there is none

	// What holds for the segments that come.
	gap            bool
	initialisation *Map
	key            *Key
	bitrate        *Bitrate
	after          map[string]int64 // by tag and URI, and by URI, where the last byte range ends
}

// ServerControl is EXT-X-SERVER-CONTROL (4.4.3.8). Durations that are not told are 0.
type ServerControl struct {
	Line                   int // 0 where the tag is absent
	BlockReload            bool
	HoldBack, PartHoldBack time.Duration
	SkipUntil              time.Duration
	SkipDateRanges         bool
}

// Segment is a media segment, and the tags that apply to it.
type Segment struct {
	Line                int // of EXTINF
	URILine             int
	MSN                 int64
	DiscontinuityNumber int64 // EXT-X-DISCONTINUITY-SEQUENCE and the discontinuities up to it
	URI                 string
	Range               *ByteRange // nil where the resource is the segment
	Duration            time.Duration
	WholeSeconds        bool // EXTINF is an integer
	DateTime            time.Time
	DateLine            int // of EXT-X-PROGRAM-DATE-TIME; 0 where the segment has none
	Discontinuity       bool
	Gap                 bool
	Map                 *Map     // that holds; nil where there is none
	Key                 *Key     // that holds; nil where there is none
	Bitrate             *Bitrate // that holds; nil where there is none
	Parts               []Part
	// Late are tags that stand behind the segment's first part, though they hold for it.
	Late []Tag
}

// Bitrate is EXT-X-BITRATE (4.4.4.8).
type Bitrate struct {
	Line int
	Rate int64 // kilobits per second
}

// Part is a partial segment (4.4.4.9).
type Part struct {
	Line             int
	URI              string
	Range            *ByteRange // nil where the resource is the part
	Duration         time.Duration
	Independent, Gap bool
}

// ByteRange is a range of a resource, in bytes.
type ByteRange struct{ Length, Offset int64 }

// Map is EXT-X-MAP (4.4.4.5).
type Map struct {
	Line  int
	URI   string
	Range *ByteRange
}

// Key is EXT-X-KEY (4.4.4.4) with a method other than NONE.
type Key struct {
	Line                   int
	Method, URI, KeyFormat string
}

// Hint is EXT-X-PRELOAD-HINT (4.4.5.3).
type Hint struct {
	Line          int
	Type          string // PART or MAP
	URI           string
	Start, Length int64 // bytes; Length is −1 where it is not known
}

// Report is EXT-X-RENDITION-REPORT (4.4.5.4).
type Report struct {
	Line              int
	URI               string
	LastMSN, LastPart int64 // −1 where they are not told
}

// Skip is EXT-X-SKIP (4.4.5.2).
type Skip struct {
	Line     int
	Segments int64
	Removed  []string // RECENTLY-REMOVED-DATERANGES
	// ToldRemoved says that this attribute is there, perhaps empty.
	ToldRemoved bool
}

// DateRange is EXT-X-DATERANGE (4.4.5.1).
type DateRange struct {
	Line       int
	ID, Class  string
	Start, End time.Time     // zero where they are not told
	Duration   time.Duration // 0 where it is not told
	Attributes Attributes
}

// Next is the first media sequence number and part that p does not list.
func (p *Media) Next() (msn int64, part int) {
	msn = p.MediaSequence + int64(len(p.Segments))
	if p.Skip != nil {
		msn += p.Skip.Segments
	}
	return msn, len(p.Open.Parts)
}

// Segment is the segment with that media sequence number, nil where it is not listed.
func (p *Media) Segment(msn int64) *Segment {
	if len(p.Segments) == 0 {
		return nil
	}
	i := msn - p.Segments[0].MSN
	if i < 0 || i >= int64(len(p.Segments)) {
		return nil
	}
	return &p.Segments[i]
}

// Duration is how much media p lists, with the parts of the open segment.
func (p *Media) Duration() time.Duration {
	var sum time.Duration
	for i := range p.Segments {
		sum += p.Segments[i].Duration
	}
	for i := range p.Open.Parts {
		sum += p.Open.Parts[i].Duration
	}
	return sum
}

// PartHint is the URI of the part that is hinted at, empty where there is none.
func (p *Media) PartHint() string {
	for _, h := range p.Hints {
		if h.Type == "PART" {
			return h.URI
		}
	}
	return ""
}
