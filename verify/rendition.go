package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"ladderd/m3u8"
	"ladderd/media"
)

// rendition is one media playlist and its media. Its goroutine (follow) owns it;
// the rules for renditions and pairs read it when that has ended.
type rendition struct {
	verifier  *verifier
	url, name string
	variant   *m3u8.Variant // nil where no EXT-X-STREAM-INF has it
	iframes   bool          // EXT-X-I-FRAME-STREAM-INF has it
	listedIn  string        // URL of the playlist that lists it; its own where none does
	// place is where redirects from url led to; nil before the first answer. Other
	// renditions' goroutines read it.
	place atomic.Pointer[string]

	kind  container
	inits map[string]*initSection
	first *state
	last  *state // the newest one
	// fetched are the numbers up to which segments were fetched; parts are those of
	// segments that are not complete yet.
	fetched  int64
	parts    map[int64][]partMedia
	holes    map[int64]bool // segments that are gaps or have some
	segment  *segment       // the last one
	followed time.Duration  // media that came since the beginning
	pause    time.Duration  // the longest time without a change
	changed  time.Time      // when the playlist changed last
	answers  answers

	// What is kept of the media.
	seen    []summary
	codecs  []string
	strange bool // there is a track of a codec that is not known here
	params  *media.VideoParams
	periods []int64 // from picture to picture, in ticks
}

// initSection is an initialisation section, once it was fetched.
type initSection struct {
	body []byte
	head *fmp4.Init
	err  error
}

// summary is what is kept of a segment for comparison with other renditions.
type summary struct {
	msn, discontinuity int64
	line               int
	duration           time.Duration
	date               time.Time // of its beginning
	bytes              int
	first              int64 // PTS of the first picture
	hasFirst           bool
	idrs               []int64 // their PTS
	holed              bool
	last               bool // of a stream that has ended
}

// Limits of what is kept of a rendition, whatever its server lists.
const (
	maxSummaries = 4000
	maxPeriods   = 4000
	maxInits     = 64
	maxParts     = 64 // of one segment
)

func (r *rendition) target() time.Duration {
	if r.last == nil {
		return 0
	}
	return r.last.list.Target
}

// others are the other playlists of the stream that reports are due of.
func (r *rendition) others() []*rendition {
	var all []*rendition
	for _, other := range r.verifier.renditions {
		if other != r && !other.iframes && !r.iframes {
			all = append(all, other)
		}
	}
	return all
}

// is says whether a URL is the rendition's: as it is listed, or where that led to.
func (r *rendition) is(url string) bool {
	place := r.place.Load()
	return url == r.url || place != nil && url == *place
}

func (r *rendition) summary(msn int64) *summary {
	i, ok := slices.BinarySearchFunc(r.seen, msn, func(s summary, msn int64) int { return int(s.msn - msn) })
	if !ok {
		return nil
	}
	return &r.seen[i]
}

// take fetches the media that s lists and that were not fetched before, as long as
// there is need for them, and holds them to the rules.
func (r *rendition) take(ctx context.Context, s *state) error {
	r.noteHoles(s.list)
	for i := range s.list.Segments {
		seg := &s.list.Segments[i]
		if seg.MSN < r.fetched {
			continue
		}
		if err := r.takeParts(ctx, s, seg); err != nil {
			return err
		}
		if err := r.takeSegment(ctx, s, seg); err != nil {
			return err
		}
		r.fetched = seg.MSN + 1
		if !s.live() && r.taken() >= r.verifier.options.Duration {
			return nil
		}
	}
	if n := len(s.list.Segments); s.list.Ended && n > 0 {
		// It may have been listed, and taken, before the playlist ended.
		if end := r.summary(s.list.Segments[n-1].MSN); end != nil {
			end.last = true
		}
	}
	return r.takeParts(ctx, s, &s.list.Open)
}

func (r *rendition) taken() time.Duration {
	var sum time.Duration
	for i := range r.seen {
		sum += r.seen[i].duration
	}
	return sum
}

func (r *rendition) noteHoles(p *m3u8.Media) {
	note := func(seg *m3u8.Segment) {
		if seg.Gap || slices.ContainsFunc(seg.Parts, func(p m3u8.Part) bool { return p.Gap }) {
			r.holes[seg.MSN] = true
		}
	}
	for i := range p.Segments {
		note(&p.Segments[i])
	}
	note(&p.Open)
}

// takeParts fetches the parts of a segment that were not fetched yet.
func (r *rendition) takeParts(ctx context.Context, s *state, seg *m3u8.Segment) error {
	for i := len(r.parts[seg.MSN]); i < min(len(seg.Parts), maxParts); i++ {
		part := partMedia{listed: seg.Parts[i]}
		if !part.listed.Gap {
			body, err := r.resource(ctx, s, part.listed.URI, part.listed.Range, part.listed.Line, true)
			if err != nil {
				return err
			}
			if body != nil {
				part.media, _ = demux(r.head(ctx, s, seg.Map), body) // what cannot be read shows in the segment
			}
			r.verifier.collector.count(func(c *Checked) { c.Parts++ })
		}
		r.parts[seg.MSN] = append(r.parts[seg.MSN], part)
	}
	return nil
}

// takeSegment fetches a complete segment and applies the rules for media.
func (r *rendition) takeSegment(ctx context.Context, s *state, listed *m3u8.Segment) error {
	seg := &segment{rendition: r, listed: *listed, holed: r.holes[listed.MSN], parts: r.parts[listed.MSN]}
	delete(r.parts, listed.MSN)
	delete(r.holes, listed.MSN)
	if r.segment != nil && r.segment.listed.MSN == listed.MSN-1 {
		seg.before = r.segment
	}
	if !listed.Gap && listed.Key == nil {
		body, err := r.resource(ctx, s, listed.URI, listed.Range, listed.URILine, true)
		if err != nil {
			return err
		}
		if body != nil {
			seg.media, seg.err = demux(r.head(ctx, s, listed.Map), body)
		}
		r.verifier.collector.count(func(c *Checked) { c.Segments++ })
	}
	r.verifier.collector.apply(r.url, func(rule *Rule, f *finder) {
		if rule.segment != nil && rule.iframes == s.list.IFramesOnly {
			rule.segment(f, seg)
		}
	})
	r.keep(seg)
	if seg.before != nil {
		seg.before.before = nil
	}
	r.segment = seg
	return nil
}

// resource fetches a part, a segment or an initialisation section; nil where it
// is not there.
func (r *rendition) resource(ctx context.Context, s *state, uri string, span *m3u8.ByteRange, line int, segments bool) ([]byte, error) {
	url, err := resolve(s.reply.base, uri)
	if err != nil {
		return nil, fmt.Errorf("line %d of %s: %w", line, r.url, err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	reply, err := r.verifier.client.media(ctx, url, span)
	if err != nil {
		return nil, err
	}
	res := &resource{reply: reply, line: line, kind: containerOf(reply.body), segments: segments, span: span, target: s.list.Target}
	if res.segments && r.kind == unknownContainer && res.sent() {
		r.kind = res.kind
	}
	r.verifier.collector.apply(r.url, func(rule *Rule, f *finder) {
		if rule.resource != nil {
			rule.resource(f, res)
		}
	})
	if !res.sent() {
		return nil, nil
	}
	return reply.body, nil
}

var errNoInit = errors.New("no initialisation section")

// head is the initialisation section that holds, nil where there is none.
func (r *rendition) head(ctx context.Context, s *state, m *m3u8.Map) *fmp4.Init {
	if m == nil {
		return nil
	}
	known, ok := r.inits[m.URI]
	if !ok && len(r.inits) < maxInits {
		known = &initSection{err: errNoInit}
		if body, err := r.resource(ctx, s, m.URI, m.Range, m.Line, false); err == nil && body != nil {
			known.body = body
			known.head, known.err = readInit(body)
		}
		r.inits[m.URI] = known
	}
	if known == nil || known.err != nil {
		return nil
	}
	return known.head
}

// sameInit says whether two initialisation sections that were fetched are equal.
func (r *rendition) sameInit(a, b string) bool {
	one, two := r.inits[a], r.inits[b]
	return one != nil && two != nil && len(one.body) > 0 && bytes.Equal(one.body, two.body)
}

// otherTracks says whether two initialisation sections that were read differ in
// their tracks or these' parameters.
func (r *rendition) otherTracks(a, b string) bool {
	one, two := r.inits[a], r.inits[b]
	return one != nil && two != nil && one.head != nil && two.head != nil && !reflect.DeepEqual(one.head.Tracks, two.head.Tracks)
}

// keep notes what the rules for renditions and pairs need of a segment.
func (r *rendition) keep(s *segment) {
	sum := summary{
		msn: s.listed.MSN, discontinuity: s.listed.DiscontinuityNumber, line: s.listed.Line,
		duration: s.listed.Duration, date: s.listed.DateTime, holed: s.holed,
	}
	if m := s.media; m != nil {
		sum.bytes = m.size
		sum.first, sum.hasFirst = m.first()
		for i, v := range m.video {
			if v.key {
				sum.idrs = append(sum.idrs, v.pts)
			}
			if i > 0 && len(r.periods) < maxPeriods {
				r.periods = append(r.periods, step(m.video[i-1].dts, v.dts))
			}
		}
		r.strange = r.strange || m.strange
		if m.params != nil {
			r.params = m.params
		}
		for _, codec := range m.codecs {
			if !slices.Contains(r.codecs, codec) {
				r.codecs = append(r.codecs, codec)
			}
		}
	}
	if len(r.seen) == maxSummaries {
		r.seen = r.seen[1:]
	}
	r.seen = append(r.seen, sum)
}
