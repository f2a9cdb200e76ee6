package packager

import (
	"bytes"
	"fmt"
	"strconv"

	"ladderd/media"
)

// playlist is all that a media playlist tells. Its text follows
// draft-pantos-hls-rfc8216bis.
type playlist struct {
	target     media.Ticks
	partTarget media.Ticks
	segments   []*segment // the last one may be incomplete
	hint       string     // name of the part to come; empty where it is not known
	ended      bool
}

// Hold-back distances (4.4.3.8) and how far back parts are listed (4.4.4.9), in
// target durations.
const (
	holdBack    = 3
	listedParts = 3
)

func (p *playlist) render() []byte {
	var b bytes.Buffer
	b.Grow(256 + 320*len(p.segments))
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:9\n")
	fmt.Fprintf(&b, "#EXT-X-TARGETDURATION:%d\n", p.target/media.Clock)
	fmt.Fprintf(&b, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%s,HOLD-BACK=%d\n",
		decimals(holdBack*p.partTarget, 3), holdBack*p.target/media.Clock)
	fmt.Fprintf(&b, "#EXT-X-PART-INF:PART-TARGET=%s\n", decimals(p.partTarget, 3))
	first := p.segments[0]
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n", first.msn)
	before := first.discs
	if first.discontinuity {
		before--
	}
	if before > 0 {
		fmt.Fprintf(&b, "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", before)
	}
	p.renderSegments(&b)
	switch {
	case p.ended:
		b.WriteString("#EXT-X-ENDLIST\n")
	case p.hint != "":
		fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s\"\n", p.hint)
	}
	return b.Bytes()
}

// renderSegments lists the parts of the newest segments, but none once the
// stream has ended: hls.js 1.6 stops loading parts at EXT-X-ENDLIST, and takes
// the last segment for loaded where it had some of its parts, so that it never
// played the last one and never ended. Without parts it loads the segment.
func (p *playlist) renderSegments(b *bytes.Buffer) {
	partsFrom := len(p.segments)
	for behind := media.Ticks(0); partsFrom > 0 && behind < listedParts*p.target && !p.ended; {
		partsFrom--
		behind += p.segments[partsFrom].dur
	}
	var init *initSection
	for i, s := range p.segments {
		if s.discontinuity {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		if s.init != nil && s.init != init {
			init = s.init
			fmt.Fprintf(b, "#EXT-X-MAP:URI=\"%s\"\n", init.name)
		}
		b.WriteString("#EXT-X-PROGRAM-DATE-TIME:")
		b.WriteString(s.time.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		b.WriteByte('\n')
		if i >= partsFrom {
			s.renderParts(b)
		}
		if s.complete {
			s.renderWhole(b)
		}
	}
}

func (s *segment) renderParts(b *bytes.Buffer) {
	for i, part := range s.parts {
		fmt.Fprintf(b, "#EXT-X-PART:DURATION=%s,URI=\"%s\"", decimals(part.dur, 5), partName(s.msn, i))
		if part.independent {
			b.WriteString(",INDEPENDENT=YES")
		}
		if part.gap {
			b.WriteString(",GAP=YES")
		}
		b.WriteByte('\n')
	}
}

// renderWhole lists a complete segment. One of which some parts are there is no
// EXT-X-GAP: its URI delivers those parts, and a player that comes later gets
// them, while one at the live edge sees the parts' GAP attributes.
func (s *segment) renderWhole(b *bytes.Buffer) {
	if s.gap() {
		b.WriteString("#EXT-X-GAP\n")
	}
	fmt.Fprintf(b, "#EXTINF:%s,\n%s\n", decimals(s.dur, 5), s.name())
}

// decimals writes t in seconds. Five decimals tell every tick from the next.
func decimals(t media.Ticks, n int) string {
	return strconv.FormatFloat(t.Seconds(), 'f', n, 64)
}
