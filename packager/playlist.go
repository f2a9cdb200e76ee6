package packager

import (
	"fmt"
	"strconv"

	"ladderd/media"
)

// playlist is all that a media playlist tells. Its text follows
// draft-pantos-hls-rfc8216bis. It is immutable, and rendered when somebody asks.
type playlist struct {
	target     media.Ticks
	partTarget media.Ticks // 0 where no parts are listed
	segments   []*segment  // complete ones
	parts      [][]byte    // EXT-X-PART of the last of them
	open       *segment    // nil where it has no part
	openParts  []byte      // its EXT-X-PART
	hint       string      // name of the part to come; empty where it is not known
	reports    []report
	ended      bool
}

// report is how far another rendition is: EXT-X-RENDITION-REPORT.
type report struct {
	name string
	msn  int64
	part int // −1 where no parts are listed
}

// Hold-back distances (4.4.3.8), how far back parts are listed (4.4.4.9) and from
// where on segments are skipped (CAN-SKIP-UNTIL, 4.4.3.8), in target durations.
const (
	holdBack    = 3
	listedParts = 3
	skipUntil   = 6
)

// Versions of playlists (8): what Apple's low-latency playlists have, and what
// EXT-X-SKIP, EXT-X-GAP and, in multivariant playlists, EXT-X-MEDIA call for.
const (
	lowVersion   = 9
	skipVersion  = 9
	gapVersion   = 8
	mediaVersion = 4
)

// skippable is how many segments a delta update leaves out: those which end before
// the skip boundary, counted back from the end of the last complete segment
// (rfc8216bis, 6.2.5.1). Once the stream has ended there is no delta update.
func (p *playlist) skippable() int {
	n := 0
	if p.ended || len(p.segments) == 0 {
		return 0
	}
	boundary := p.segments[len(p.segments)-1].end() - skipUntil*p.target
	for p.segments[n].end() < boundary {
		n++
	}
	return n
}

// render is the playlist without its first segments, which are those that a client
// has from an earlier one (EXT-X-SKIP).
func (p *playlist) render(skip int) Document {
	b := text{body: make([]byte, 0, 1024+128*(len(p.segments)-skip))}
	b.body = p.appendHeader(b.body, p.version(skip))
	if skip > 0 {
		b.body = fmt.Appendf(b.body, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", skip)
	}
	p.appendSegments(&b, skip)
	if p.hint != "" {
		b.body = fmt.Appendf(b.body, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s\"\n", p.hint)
	}
	for _, r := range p.reports {
		b.body = r.append(b.body)
	}
	if p.ended {
		b.body = append(b.body, "#EXT-X-ENDLIST\n"...)
	}
	return Document{Body: b.body, Gzip: b.gzip()}
}

// version is lowVersion where there are parts, else the least that the tags call for.
func (p *playlist) version(skip int) int {
	switch {
	case p.partTarget > 0:
		return lowVersion
	case skip > 0:
		return skipVersion
	}
	for _, s := range p.segments {
		if s.gap() {
			return gapVersion
		}
	}
	return p.segments[0].format.version
}

func (p *playlist) appendHeader(b []byte, version int) []byte {
	b = fmt.Appendf(b, "#EXTM3U\n#EXT-X-VERSION:%d\n", version)
	b = fmt.Appendf(b, "#EXT-X-TARGETDURATION:%d\n", p.target/media.Clock)
	b = p.appendControl(b)
	first := p.open
	if len(p.segments) > 0 {
		first = p.segments[0]
	}
	b = fmt.Appendf(b, "#EXT-X-MEDIA-SEQUENCE:%d\n", first.msn)
	before := first.discs
	if first.discontinuity {
		before--
	}
	if before > 0 {
		b = fmt.Appendf(b, "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", before)
	}
	return b
}

// appendControl tells what the server can do. Reloads may block in plain HLS too,
// for a media sequence number alone: the draft ties that to no part (6.2.5.2), and
// hls.js, ExoPlayer and AVPlayer then have each segment as soon as it is listed, with
// one request where polling takes two or more.
func (p *playlist) appendControl(b []byte) []byte {
	b = fmt.Appendf(b, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=%d,", skipUntil*p.target/media.Clock)
	if p.partTarget > 0 {
		b = fmt.Appendf(b, "PART-HOLD-BACK=%s,", decimals(holdBack*p.partTarget, 3))
	}
	b = fmt.Appendf(b, "HOLD-BACK=%d\n", holdBack*p.target/media.Clock)
	if p.partTarget > 0 {
		b = fmt.Appendf(b, "#EXT-X-PART-INF:PART-TARGET=%s\n", decimals(p.partTarget, 3))
	}
	return b
}

func (r report) append(b []byte) []byte {
	b = fmt.Appendf(b, "#EXT-X-RENDITION-REPORT:URI=\"../%s/index.m3u8\",LAST-MSN=%d", r.name, r.msn)
	if r.part >= 0 {
		b = fmt.Appendf(b, ",LAST-PART=%d", r.part)
	}
	return append(b, '\n')
}

// appendSegments lists the parts of the newest segments, but none once the
// stream has ended: hls.js 1.6 stops loading parts at EXT-X-ENDLIST, and takes
// the last segment for loaded where it had some of its parts, so that it never
// played the last one and never ended. Without parts it loads the segment.
//
// The first segment is told its init section whatever was told before it; also the
// first behind those skipped, as Shaka takes none from the playlist that it had.
func (p *playlist) appendSegments(b *text, skip int) {
	parts := p.parts
	if p.ended {
		parts = nil
	}
	for i := skip; i < len(p.segments); {
		s, old := p.segments[i], len(p.segments)-len(parts)
		if whole := s.page; i > skip && i+pageLength <= old && whole.first == s.msn && whole == p.segments[i+pageLength-1].page {
			b.addPage(whole)
			i += pageLength
			continue
		}
		if i == skip && !s.tells {
			b.body = s.appendHead(b.body, s.told)
		} else {
			b.body = append(b.body, s.text[:s.split]...)
		}
		if i >= old {
			b.body = append(b.body, parts[i-old]...)
		}
		b.body = append(b.body, s.text[s.split:]...)
		i++
	}
	if s := p.open; s != nil && !p.ended {
		told := s.init
		if len(p.segments) > 0 && told == p.segments[len(p.segments)-1].told {
			told = nil
		}
		b.body = s.appendHead(b.body, told)
		b.body = append(b.body, p.openParts...)
	}
}

// appendHead writes what comes before the segment's parts; init may be nil.
func (s *segment) appendHead(b []byte, init *initSection) []byte {
	if s.discontinuity {
		b = append(b, "#EXT-X-DISCONTINUITY\n"...)
	}
	if init != nil && init.name != "" {
		b = fmt.Appendf(b, "#EXT-X-MAP:URI=\"%s\"\n", init.name)
	}
	b = append(b, "#EXT-X-PROGRAM-DATE-TIME:"...)
	b = s.time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z07:00")
	return append(b, '\n')
}

// appendWhole lists a complete segment. One of which some parts are there is no
// EXT-X-GAP: its URI delivers those parts, and a player that comes later gets
// them, while one at the live edge sees the parts' GAP attributes.
func (s *segment) appendWhole(b []byte) []byte {
	if s.gap() {
		b = append(b, "#EXT-X-GAP\n"...)
	}
	return fmt.Appendf(b, "#EXTINF:%s,\n%s\n", decimals(s.dur, 5), s.name())
}

func appendPart(b []byte, p part, name string) []byte {
	b = fmt.Appendf(b, "#EXT-X-PART:DURATION=%s,URI=\"%s\"", decimals(p.dur, 5), name)
	if p.independent {
		b = append(b, ",INDEPENDENT=YES"...)
	}
	if p.gap {
		b = append(b, ",GAP=YES"...)
	}
	return append(b, '\n')
}

// decimals writes t in seconds. Five decimals tell every tick from the next.
func decimals(t media.Ticks, n int) string {
	return strconv.FormatFloat(t.Seconds(), 'f', n, 64)
}
