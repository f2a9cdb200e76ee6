package verify

import (
	"reflect"
	"slices"
)

// decodableRules are about where a player can begin to decode, and what it is told of
// changes.
var decodableRules = []Rule{
	{
		ID: "begins-with-idr", Section: "3", Severity: Should, segment: beginsWithIDR,
		Text: "Segments begin with an IDR.",
	},
	{
		ID: "independent-segments", Section: "4.4.2.1", Severity: Must, segment: independentSegments,
		Text: "With EXT-X-INDEPENDENT-SEGMENTS, segments begin with a picture that can be decoded by itself.",
	},
	{
		ID: "segment-independent", Section: "B.1", Severity: Must, segment: segmentIndependent,
		Text: "Segments of low-latency streams have a picture that can be decoded by itself.",
	},
	{
		ID: "independent-true", Section: "4.4.4.9", Severity: Must, segment: independentTrue,
		Text: "Parts that are INDEPENDENT have a picture that can be decoded by itself.",
	},
	{
		ID: "independent-marked", Section: "4.4.4.9", Severity: Should, segment: independentMarked,
		Text: "Parts with an IDR are INDEPENDENT.",
	},
	{
		ID: "independent-first", Section: "notes", Severity: Should, segment: independentFirst,
		Text: "INDEPENDENT parts begin with a picture that can be decoded by itself.",
	},
	{
		ID: "discontinuity-needed", Section: "4.4.4.3", Severity: Should, segment: discontinuityNeeded,
		Text: "EXT-X-DISCONTINUITY stands only where tracks, parameters or timestamps change.",
	},
	{
		ID: "bitrate-true", Section: "4.4.4.8", Severity: Must, segment: bitrateTrue,
		Text: "EXT-X-BITRATE is within 10 % of each segment's bit rate.",
	},
	{
		ID: "iframes-true", Section: "4.4.3.6", Severity: Must, segment: iframesTrue, iframes: true,
		Text: "The segments of an I-frame playlist begin with a picture that can be decoded by itself.",
	},
}

// alone says whether a picture can be decoded by itself: an IDR, or what the
// container or an SEI message says is a random access point.
func (s sample) alone() bool { return s.key || s.sync || s.recovers }

func beginsWithIDR(f *finder, s *segment) {
	if s.media != nil && len(s.media.video) > 0 && !s.media.video[0].key && !s.holed {
		f.found(s.listed.URILine, "segment %d begins with another picture", s.listed.MSN)
	}
}

func independentSegments(f *finder, s *segment) {
	r := s.rendition
	if s.media == nil || len(s.media.video) == 0 || s.holed || !r.verifier.independent && !r.last.list.IndependentSegments {
		return
	}
	if !s.media.video[0].alone() {
		f.found(s.listed.URILine, "segment %d begins with a picture that needs others", s.listed.MSN)
	}
}

func segmentIndependent(f *finder, s *segment) {
	if s.media == nil || len(s.media.video) == 0 || s.holed || !s.rendition.last.lowLatency() {
		return
	}
	if !slices.ContainsFunc(s.media.video, sample.alone) {
		f.found(s.listed.URILine, "all pictures of segment %d need others", s.listed.MSN)
	}
}

// eachPart visits the parts with pictures.
func (s *segment) eachPart(visit func(i int, p *partMedia)) {
	for i := range s.parts {
		if p := &s.parts[i]; p.media != nil && len(p.media.video) > 0 {
			visit(i, p)
		}
	}
}

func independentTrue(f *finder, s *segment) {
	s.eachPart(func(i int, p *partMedia) {
		if p.listed.Independent && !slices.ContainsFunc(p.media.video, sample.alone) {
			f.found(p.listed.Line, "all pictures of part %d.%d need others", s.listed.MSN, i)
		}
	})
}

func independentMarked(f *finder, s *segment) {
	s.eachPart(func(i int, p *partMedia) {
		if !p.listed.Independent && slices.ContainsFunc(p.media.video, func(v sample) bool { return v.key }) {
			f.found(p.listed.Line, "part %d.%d has an IDR and no INDEPENDENT=YES", s.listed.MSN, i)
		}
	})
}

func independentFirst(f *finder, s *segment) {
	s.eachPart(func(i int, p *partMedia) {
		if p.listed.Independent && !p.media.video[0].alone() && slices.ContainsFunc(p.media.video, sample.alone) {
			f.found(p.listed.Line, "part %d.%d begins with a picture that needs others", s.listed.MSN, i)
		}
	})
}

// discontinuityNeeded can only tell where all that is seen goes on: an encoder that
// was started anew and changed nothing else needs no discontinuity either.
func discontinuityNeeded(f *finder, s *segment) {
	if !s.listed.Discontinuity || s.before == nil || s.before.media == nil || s.media == nil || s.holed || s.before.holed {
		return
	}
	a, b := s.before.media, s.media
	from, ok1 := a.first()
	to, ok2 := b.first()
	off := clockTime(step(from, to)) - s.before.listed.Duration
	if !ok1 || !ok2 || off.Abs() > frameSlack || !slices.Equal(a.codecs, b.codecs) || !reflect.DeepEqual(a.params, b.params) ||
		a.strange || b.strange || (len(a.audio) > 0) != (len(b.audio) > 0) {
		return
	}
	if one, two := s.before.listed.Map, s.listed.Map; one != nil && two != nil && one.URI != two.URI && !s.rendition.sameInit(one.URI, two.URI) {
		return
	}
	f.found(s.listed.Line, "segment %d goes on with the tracks, parameters and timestamps of the one before it", s.listed.MSN)
}

func bitrateTrue(f *finder, s *segment) {
	told := s.listed.Bitrate
	if told == nil || s.media == nil || s.listed.Duration <= 0 {
		return
	}
	is := bitRate(s.media.size, s.listed.Duration) / 1000
	// Rounded to whole kilobits.
	if rate := float64(told.Rate); rate < 0.9*is-1 || rate > 1.1*is+1 {
		f.found(told.Line, "segment %d has %.0f kb/s, EXT-X-BITRATE is %d", s.listed.MSN, is, told.Rate)
	}
}

// iframesTrue leaves out what cannot be read: the range of an I-frame in a transport
// stream has no tables, and one of fragmented MP4 may end before its box does.
func iframesTrue(f *finder, s *segment) {
	if s.media != nil && len(s.media.video) > 0 && !s.media.video[0].alone() {
		f.found(s.listed.URILine, "segment %d begins with a picture that needs others", s.listed.MSN)
	}
}
