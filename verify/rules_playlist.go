package verify

import (
	"time"

	"ladderd/m3u8"
)

// playlistRules are about one state of a media playlist, with or without parts.
var playlistRules = []Rule{
	{
		ID: "target-duration", Section: "4.4.3.1", Severity: Must, playlist: targetDuration,
		Text: "EXT-X-TARGETDURATION is there, and no segment lasts longer when it is rounded to seconds.",
	},
	{
		ID: "map", Section: "3.1.2", Severity: Must, playlist: mapHolds,
		Text: "An EXT-X-MAP holds for each segment of fragmented MP4.",
	},
	{
		ID: "date-time", Section: "B.1", Severity: Should, playlist: dateTimes,
		Text: "Low-latency live media playlists have EXT-X-PROGRAM-DATE-TIME.",
	},
	{
		ID: "date-time-clear", Section: "6.2.1", Severity: Must, playlist: dateTimeClear,
		Text: "No date is two segments': what one overlaps of that before it is below a second, and not all of it.",
	},
	{
		ID: "date-time-goes-on", Section: "notes", Severity: Should, playlist: dateTimeGoesOn,
		Text: "EXT-X-PROGRAM-DATE-TIME goes on as the segments last.",
	},
	{
		ID: "listed-once", Section: "notes", Severity: Must, playlist: listedOnce,
		Text: "Each segment and each part has a URI or a byte range of its own, up to the next EXT-X-DISCONTINUITY.",
	},
	{
		ID: "hold-back", Section: "4.4.3.8", Severity: Must, playlist: holdBack,
		Text: "HOLD-BACK is at least three target durations.",
	},
	{
		ID: "skip-until", Section: "4.4.3.8", Severity: Must, playlist: skipUntil,
		Text: "CAN-SKIP-UNTIL is at least six target durations, and there where CAN-SKIP-DATERANGES is.",
	},
	{
		ID: "skip-asked", Section: "6.2.5.1", Severity: Must, playlist: skipAsked,
		Text: "EXT-X-SKIP comes only to clients that ask for a delta update.",
	},
	{
		ID: "map-discontinuity", Section: "4.4.4.3", Severity: Should, playlist: mapDiscontinuity,
		Text: "An EXT-X-MAP with other parameters stands behind an EXT-X-DISCONTINUITY.",
	},
	{
		ID: "segments", Section: "notes", Severity: Should, playlist: hasMedia,
		Text: "A media playlist lists media.",
	},
}

func targetDuration(f *finder, s *state) {
	if s.list.Line("EXT-X-TARGETDURATION") == 0 || s.list.Target <= 0 {
		f.found(1, "there is no EXT-X-TARGETDURATION")
		return
	}
	for i := range s.list.Segments {
		if seg := &s.list.Segments[i]; seg.Duration.Round(time.Second) > s.list.Target {
			f.found(seg.Line, "segment %d lasts %v, EXT-X-TARGETDURATION is %v", seg.MSN, seg.Duration, s.list.Target)
		}
	}
}

func mapHolds(f *finder, s *state) {
	if s.rendition.kind != fragmented || s.list.IFramesOnly {
		return
	}
	for i := range s.list.Segments {
		if seg := &s.list.Segments[i]; seg.Map == nil {
			f.found(seg.Line, "no EXT-X-MAP holds for segment %d", seg.MSN)
			return
		}
	}
}

func dateTimes(f *finder, s *state) {
	if s.list.Line("EXT-X-PROGRAM-DATE-TIME") == 0 && s.live() && s.lowLatency() {
		f.found(1, "there is no EXT-X-PROGRAM-DATE-TIME")
	}
}

// dateSlack is by how much a date may differ from the sum of durations: two frames
// of 30 a second. Half a second is seen in servers that read a clock anew for each
// segment, and throws players off that align renditions by it.
const dateSlack = 67 * time.Millisecond

func dateTimeGoesOn(f *finder, s *state) {
	s.eachDate(func(seg, _ *m3u8.Segment, off time.Duration) {
		if off.Abs() > dateSlack && !seg.Discontinuity {
			f.found(seg.DateLine, "segment %d begins %v off where the one before it ends", seg.MSN, off)
		}
	})
}

func dateTimeClear(f *finder, s *state) {
	s.eachDate(func(seg, before *m3u8.Segment, off time.Duration) {
		if off <= -time.Second || off < -dateSlack && -off >= before.Duration {
			f.found(seg.DateLine, "segment %d begins %v before the one before it ends", seg.MSN, -off)
		}
	})
}

// eachDate visits the segments with a date behind others whose date is known; off is
// from the end of the one before.
func (s *state) eachDate(visit func(seg, before *m3u8.Segment, off time.Duration)) {
	var at time.Time
	var before *m3u8.Segment
	check := func(seg *m3u8.Segment) {
		if seg.DateLine > 0 && before != nil && !at.IsZero() {
			visit(seg, before, seg.DateTime.Sub(at))
		}
		if seg.DateLine > 0 {
			at = seg.DateTime
		}
		if !at.IsZero() {
			at = at.Add(seg.Duration)
		}
		before = seg
	}
	for i := range s.list.Segments {
		check(&s.list.Segments[i])
	}
	check(&s.list.Open)
}

// listedOnce takes what is played again behind a discontinuity, as fillers and
// channels that go round are, for another segment.
func listedOnce(f *finder, s *state) {
	type place struct {
		uri           string
		offset        int64
		discontinuity int64
	}
	parts, segments := map[place]int{}, map[place]int{}
	once := func(seen map[place]int, seg *m3u8.Segment, uri string, r *m3u8.ByteRange, line int) {
		p := place{uri: uri, discontinuity: seg.DiscontinuityNumber}
		if r != nil {
			p.offset = r.Offset
		}
		if before := seen[p]; before > 0 {
			f.found(line, "%s is listed in line %d already", uri, before)
		}
		seen[p] = line
	}
	all := func(seg *m3u8.Segment) {
		for _, part := range seg.Parts {
			if !part.Gap {
				once(parts, seg, part.URI, part.Range, part.Line)
			}
		}
	}
	for i := range s.list.Segments {
		seg := &s.list.Segments[i]
		if all(seg); !seg.Gap {
			once(segments, seg, seg.URI, seg.Range, seg.URILine)
		}
	}
	all(&s.list.Open)
}

func holdBack(f *finder, s *state) {
	if c := s.list.Control; c.HoldBack > 0 && c.HoldBack < 3*s.list.Target {
		f.found(c.Line, "HOLD-BACK is %v, the target duration %v", c.HoldBack, s.list.Target)
	}
}

func skipUntil(f *finder, s *state) {
	c := s.list.Control
	if c.SkipUntil > 0 && c.SkipUntil < 6*s.list.Target || c.SkipDateRanges && c.SkipUntil == 0 {
		f.found(c.Line, "CAN-SKIP-UNTIL is %v, the target duration %v", c.SkipUntil, s.list.Target)
	}
}

func skipAsked(f *finder, s *state) {
	if s.skip != nil {
		f.found(s.skip.Line, "%d segments were skipped without _HLS_skip", s.skip.Segments)
	}
}

// mapDiscontinuity compares parameters, not bytes, and only those that were fetched.
func mapDiscontinuity(f *finder, s *state) {
	for i := 1; i < len(s.list.Segments); i++ {
		seg := &s.list.Segments[i]
		a, b := s.list.Segments[i-1].Map, seg.Map
		if a != nil && b != nil && a.URI != b.URI && !seg.Discontinuity && s.rendition.otherTracks(a.URI, b.URI) {
			f.found(b.Line, "%s has other parameters than %s, and segment %d no EXT-X-DISCONTINUITY", b.URI, a.URI, seg.MSN)
		}
	}
}

func hasMedia(f *finder, s *state) {
	if len(s.list.Segments) == 0 && len(s.list.Open.Parts) == 0 {
		f.found(1, "there is neither a segment nor a part")
	}
}
