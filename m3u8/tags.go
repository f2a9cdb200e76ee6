package m3u8

import "strings"

// ParseMedia reads a media playlist. Errors: ErrNotPlaylist, ErrOtherKind,
// ErrTooLarge; all else is in its Problems.
func ParseMedia(body []byte) (*Media, error) { return ParseMediaIn(body, Scope{}) }

// ParseMediaIn is ParseMedia with what the playlist's variables refer to.
func ParseMediaIn(body []byte, scope Scope) (*Media, error) {
	p := &Media{after: map[string]int64{}}
	p.scope = scope
	if err := scan(body, &p.Header, p); err != nil {
		return nil, err
	}
	if line := p.Line("EXT-X-STREAM-INF"); line > 0 {
		if p.Line("EXTINF") == 0 && p.Line("EXT-X-TARGETDURATION") == 0 {
			return nil, ErrOtherKind
		}
	}
	for _, tag := range multivariantTags {
		if line := p.Line(tag); line > 0 {
			p.problem(line, "%s, a tag of multivariant playlists, stands in a media playlist", tag)
		}
	}
	if p.Open.Line > 0 {
		p.problem(p.Open.Line, "no URI follows EXTINF")
	}
	if p.gap {
		p.problem(p.Line("EXT-X-GAP"), "no segment follows EXT-X-GAP")
	}
	p.number()
	return p, nil
}

// number gives each segment its media sequence number and its discontinuity's.
func (p *Media) number() {
	msn, discontinuity := p.MediaSequence, p.DiscontinuitySequence
	if p.Skip != nil {
		msn += p.Skip.Segments
	}
	for i := range p.Segments {
		msn, discontinuity = p.Segments[i].numbered(msn, discontinuity)
	}
	p.Open.numbered(msn, discontinuity)
}

func (s *Segment) numbered(msn, discontinuity int64) (nextMSN, last int64) {
	if s.Discontinuity {
		discontinuity++
	}
	s.MSN, s.DiscontinuityNumber = msn, discontinuity
	return msn + 1, discontinuity
}

func (p *Media) tag(line int, name, value string) bool {
	read, ok := mediaTags[name]
	if ok {
		read(p, line, name, value)
	}
	return ok
}

// mediaTags are the tags of media playlists: of the playlist (4.4.3), of segments
// (4.4.4), of metadata (4.4.5).
var mediaTags = map[string]func(p *Media, line int, name, value string){
	"EXT-X-TARGETDURATION": func(p *Media, line int, name, value string) {
		p.Target = seconds(float64(p.integer(line, name, value)))
	},
	"EXT-X-MEDIA-SEQUENCE": func(p *Media, line int, name, value string) {
		p.early(line, name)
		p.MediaSequence = p.sequence(line, name, value)
	},
	"EXT-X-DISCONTINUITY-SEQUENCE": func(p *Media, line int, name, value string) {
		p.early(line, name)
		if p.Line("EXT-X-DISCONTINUITY") > 0 {
			p.problem(line, "%s stands behind an EXT-X-DISCONTINUITY", name)
		}
		p.DiscontinuitySequence = p.sequence(line, name, value)
	},
	"EXT-X-ENDLIST":       func(p *Media, line int, name, value string) { p.Ended = true },
	"EXT-X-I-FRAMES-ONLY": func(p *Media, line int, name, value string) { p.IFramesOnly = true },
	"EXT-X-PLAYLIST-TYPE": func(p *Media, line int, name, value string) {
		if p.Type = value; value != "EVENT" && value != "VOD" {
			p.problem(line, "%s is %q, not EVENT or VOD", name, value)
		}
	},
	"EXT-X-SERVER-CONTROL": (*Media).readControl,
	"EXT-X-PART-INF": func(p *Media, line int, name, value string) {
		a := p.attributes(line, name, value)
		a.required("PART-TARGET")
		p.PartTarget = a.duration("PART-TARGET")
	},

	"EXTINF": (*Media).readInf,
	"EXT-X-BYTERANGE": func(p *Media, line int, name, value string) {
		p.Open.Range = p.byteRange(line, name, value)
	},
	"EXT-X-DISCONTINUITY": func(p *Media, line int, name, value string) {
		p.beforeParts(line, name)
		p.Open.Discontinuity = true
	},
	"EXT-X-GAP": func(p *Media, line int, name, value string) { p.gap = true },
	"EXT-X-KEY": (*Media).readKey,
	"EXT-X-MAP": (*Media).readMap,
	"EXT-X-PROGRAM-DATE-TIME": func(p *Media, line int, name, value string) {
		t, zoned, ok := dateTime(strings.TrimSpace(value))
		if !ok {
			p.problem(line, "%s: %q is no date and time", name, value)
		} else if !zoned && p.Unzoned == 0 {
			p.Unzoned = line
		}
		p.beforeParts(line, name)
		p.Open.DateTime, p.Open.DateLine = t, line
	},
	"EXT-X-BITRATE": func(p *Media, line int, name, value string) {
		p.bitrate = &Bitrate{line, p.integer(line, name, value)}
	},
	"EXT-X-PART": (*Media).readPart,

	"EXT-X-DATERANGE":        (*Media).readDateRange,
	"EXT-X-SKIP":             (*Media).readSkip,
	"EXT-X-PRELOAD-HINT":     (*Media).readHint,
	"EXT-X-RENDITION-REPORT": (*Media).readReport,

	// ParseMedia looks for these.
	"EXT-X-STREAM-INF": ignored, "EXT-X-MEDIA": ignored, "EXT-X-I-FRAME-STREAM-INF": ignored,
	"EXT-X-SESSION-DATA": ignored, "EXT-X-SESSION-KEY": ignored, "EXT-X-CONTENT-STEERING": ignored,
}

func ignored(*Media, int, string, string) {}

// multivariantTags are those of multivariant playlists (4.4.6).
var multivariantTags = []string{
	"EXT-X-STREAM-INF", "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA", "EXT-X-SESSION-KEY", "EXT-X-CONTENT-STEERING",
}

// beforeParts notes a tag that stands behind the first part of the segment that it
// holds for (4.4.4.9).
func (p *Media) beforeParts(line int, name string) {
	if n := len(p.Open.Late); len(p.Open.Parts) > 0 && n < maxProblems {
		p.Open.Late = append(p.Open.Late, Tag{name, line})
	}
}

// early wants a tag to stand before the first segment.
func (p *Media) early(line int, name string) {
	if len(p.Segments) > 0 || len(p.Open.Parts) > 0 {
		p.problem(line, "%s stands behind the first segment", name)
	}
}

// sequence is a sequence number. Those near 2⁶³ would run over while segments are
// counted.
func (p *Media) sequence(line int, name, value string) int64 {
	n := p.integer(line, name, value)
	if n >= 1<<62 {
		p.problem(line, "%s: %d is out of this client's range", name, n)
		return 0
	}
	return n
}

func (p *Media) readControl(line int, name, value string) {
	a := p.attributes(line, name, value)
	p.Control = ServerControl{
		Line: line, BlockReload: a.yes("CAN-BLOCK-RELOAD"), HoldBack: a.duration("HOLD-BACK"),
		PartHoldBack: a.duration("PART-HOLD-BACK"), SkipUntil: a.duration("CAN-SKIP-UNTIL"),
		SkipDateRanges: a.yes("CAN-SKIP-DATERANGES"),
	}
}

func (p *Media) readInf(line int, name, value string) {
	number, _, comma := strings.Cut(value, ",")
	if !comma {
		p.problem(line, "EXTINF: no comma follows the duration")
	}
	f, ok := decimalFraction(number)
	if !ok {
		p.problem(line, "EXTINF: %q is no duration", number)
	}
	if p.Open.Line > 0 {
		p.problem(p.Open.Line, "no URI follows EXTINF")
	}
	p.Open.Line, p.Open.Duration, p.Open.WholeSeconds = line, seconds(f), !strings.Contains(number, ".")
}

func (p *Media) readKey(line int, name, value string) {
	a := p.attributes(line, name, value)
	a.required("METHOD")
	p.beforeParts(line, name)
	p.Keys = append(p.Keys, Tagged{line, a.all()})
	key := &Key{Line: line, Method: a.enumerated("METHOD"), URI: a.quoted("URI"), KeyFormat: a.quoted("KEYFORMAT")}
	if p.key = key; key.Method == "NONE" {
		p.key = nil
	}
}

func (p *Media) readMap(line int, name, value string) {
	a := p.attributes(line, name, value)
	a.required("URI")
	p.beforeParts(line, name)
	p.initialisation = &Map{Line: line, URI: a.quoted("URI")}
	if a.has("BYTERANGE") {
		p.initialisation.Range = p.byteRange(line, name, a.quoted("BYTERANGE"))
		if r := p.initialisation.Range; r != nil && r.Offset < 0 {
			p.problem(line, "%s: BYTERANGE tells no offset", name)
			r.Offset = 0
		}
	}
}

func (p *Media) readPart(line int, name, value string) {
	a := p.attributes(line, name, value)
	a.required("URI", "DURATION")
	part := Part{
		Line: line, URI: a.quoted("URI"), Duration: a.duration("DURATION"),
		Independent: a.yes("INDEPENDENT"), Gap: a.yes("GAP"),
	}
	if a.has("BYTERANGE") {
		part.Range = p.byteRange(line, name, a.quoted("BYTERANGE"))
		p.locate(line, name, part.URI, part.Range)
	}
	p.Open.Parts = append(p.Open.Parts, part)
	// What holds for the segment holds for its parts.
	p.Open.Map, p.Open.Key = p.initialisation, p.key
}

// locate gives a byte range without an offset the one at which the last range of
// the same resource ends: that of the last segment for a segment (4.4.4.2), that of
// the last part for a part (4.4.4.9), and the other where there is none.
func (p *Media) locate(line int, name, uri string, r *ByteRange) {
	if r == nil {
		return
	}
	if r.Offset < 0 {
		at, ok := p.after[name+uri]
		if !ok {
			at, ok = p.after[uri]
		}
		if !ok {
			p.problem(line, "%s: no range of %s before this one tells where it begins", name, uri)
		}
		r.Offset = at
	}
	p.after[name+uri] = r.Offset + r.Length
	p.after[uri] = p.after[name+uri]
}

func (p *Media) readDateRange(line int, name, value string) {
	a := p.attributes(line, name, value)
	a.required("ID")
	p.DateRanges = append(p.DateRanges, DateRange{
		Line: line, ID: a.quoted("ID"), Class: a.quoted("CLASS"), Start: a.date("START-DATE"), End: a.date("END-DATE"),
		Duration: a.duration("DURATION"), Attributes: a.all(),
	})
}

func (p *Media) readSkip(line int, name, value string) {
	p.early(line, name)
	a := p.attributes(line, name, value)
	a.required("SKIPPED-SEGMENTS")
	skip := &Skip{Line: line, Segments: a.integer("SKIPPED-SEGMENTS", 0)}
	if skip.Segments > maxLines {
		p.problem(line, "%s: more than %d segments", name, maxLines)
		skip.Segments = 0
	}
	skip.ToldRemoved = a.has("RECENTLY-REMOVED-DATERANGES")
	if removed := a.quoted("RECENTLY-REMOVED-DATERANGES"); removed != "" {
		skip.Removed = strings.Split(removed, "\t")
	}
	p.Skip = skip
}

func (p *Media) readHint(line int, name, value string) {
	a := p.attributes(line, name, value)
	a.required("TYPE", "URI")
	p.Hints = append(p.Hints, Hint{
		Line: line, Type: a.enumerated("TYPE", "PART", "MAP"), URI: a.quoted("URI"),
		Start: a.integer("BYTERANGE-START", 0), Length: a.integer("BYTERANGE-LENGTH", -1),
	})
}

func (p *Media) readReport(line int, name, value string) {
	a := p.attributes(line, name, value)
	a.required("URI")
	p.Reports = append(p.Reports, Report{
		Line: line, URI: a.quoted("URI"), LastMSN: a.integer("LAST-MSN", -1), LastPart: a.integer("LAST-PART", -1),
	})
}

// uri completes the open segment.
func (p *Media) uri(line int, text string) {
	s := p.Open
	if s.Line == 0 {
		p.problem(line, "a URI without an EXTINF before it")
		s.Line = line
	}
	s.URI, s.URILine, s.Map, s.Key, s.Gap = text, line, p.initialisation, p.key, p.gap
	p.locate(line, "EXT-X-BYTERANGE", text, s.Range)
	if s.Range == nil {
		s.Bitrate = p.bitrate
	}
	p.Segments = append(p.Segments, s)
	p.Open, p.gap = Segment{}, false
}
