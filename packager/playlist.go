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
	partTarget media.Ticks // 0 where no parts are listed
	segments   []*segment  // at least one; the last one may be incomplete
	hint       string      // name of the part to come; empty where it is not known
	ended      bool
}

// Hold-back distances (4.4.3.8) and how far back parts are listed (4.4.4.9), in
// target durations.
const (
	holdBack    = 3
	listedParts = 3
)

// Versions of playlists (8): what Apple's low-latency playlists have, and what
// EXT-X-GAP and, in multivariant playlists, EXT-X-MEDIA call for.
const (
	lowVersion   = 9
	gapVersion   = 8
	mediaVersion = 4
)

func (p *playlist) render() []byte {
	var b bytes.Buffer
	b.Grow(256 + 320*len(p.segments))
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n", p.version())
	fmt.Fprintf(&b, "#EXT-X-TARGETDURATION:%d\n", p.target/media.Clock)
	p.renderControl(&b)
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

// version is lowVersion where there are parts, else the least that the tags call for.
func (p *playlist) version() int {
	if p.partTarget > 0 {
		return lowVersion
	}
	v := p.segments[0].format.version
	for _, s := range p.segments {
		if s.gap() {
			v = max(v, gapVersion)
		}
	}
	return v
}

// renderControl tells what the server can do. Reloads may block in plain HLS too,
// for a media sequence number alone: the draft ties that to no part (6.2.5.2), and
// hls.js, ExoPlayer and AVPlayer then have each segment as soon as it is listed, with
// one request where polling takes two or more.
func (p *playlist) renderControl(b *bytes.Buffer) {
	b.WriteString("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,")
	if p.partTarget > 0 {
		fmt.Fprintf(b, "PART-HOLD-BACK=%s,", decimals(holdBack*p.partTarget, 3))
	}
	fmt.Fprintf(b, "HOLD-BACK=%d\n", holdBack*p.target/media.Clock)
	if p.partTarget > 0 {
		fmt.Fprintf(b, "#EXT-X-PART-INF:PART-TARGET=%s\n", decimals(p.partTarget, 3))
	}
}

// renderSegments lists the parts of the newest segments, but none once the
// stream has ended: hls.js 1.6 stops loading parts at EXT-X-ENDLIST, and takes
// the last segment for loaded where it had some of its parts, so that it never
// played the last one and never ended. Without parts it loads the segment.
func (p *playlist) renderSegments(b *bytes.Buffer) {
	partsFrom := len(p.segments)
	for behind := media.Ticks(0); partsFrom > 0 && p.partTarget > 0 && behind < listedParts*p.target && !p.ended; {
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
			init.renderMap(b)
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

func (i *initSection) renderMap(b *bytes.Buffer) {
	if i.name != "" {
		fmt.Fprintf(b, "#EXT-X-MAP:URI=\"%s\"\n", i.name)
	}
}

func (s *segment) renderParts(b *bytes.Buffer) {
	for i, part := range s.parts {
		fmt.Fprintf(b, "#EXT-X-PART:DURATION=%s,URI=\"%s\"", decimals(part.dur, 5), s.format.partName(s.msn, i))
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
