package verify

import (
	"fmt"
	"time"

	"ladderd/m3u8"
)

// reloadRules are about how a media playlist may change from one state to the next.
var reloadRules = []Rule{
	{
		ID: "target-constant", Section: "6.2.1", Severity: Must, reload: targetConstant,
		Text: "EXT-X-TARGETDURATION does not change.",
	},
	{
		ID: "part-target-constant", Section: "notes", Severity: Must, reload: partTargetConstant,
		Text: "PART-TARGET does not change.",
	},
	{
		ID: "sequence-rises", Section: "6.2.2", Severity: Must, reload: sequenceRises,
		Text: "EXT-X-MEDIA-SEQUENCE does not fall, and no number is passed over.",
	},
	{
		ID: "segments-stay", Section: "6.2.1", Severity: Must, reload: segmentsStay,
		Text: "Segments are added at the end and removed from the beginning; those listed stay as they were.",
	},
	{
		ID: "parts-stay", Section: "6.2.1", Severity: Must, reload: partsStay,
		Text: "Parts that were listed stay as they were while their segment's parts are listed.",
	},
	{
		ID: "discontinuity-sequence", Section: "6.2.2", Severity: Must, reload: discontinuitySequence,
		Text: "EXT-X-DISCONTINUITY-SEQUENCE counts each EXT-X-DISCONTINUITY that was removed.",
	},
	{
		ID: "discontinuity-told", Section: "6.2.2", Severity: Must, reload: discontinuityTold,
		Text: "Where segments are removed from a playlist with EXT-X-DISCONTINUITY, it has EXT-X-DISCONTINUITY-SEQUENCE.",
	},
	{
		ID: "window", Section: "6.2.2", Severity: Must, reload: window,
		Text: "Segments are removed only while the playlist stays three target durations long.",
	},
	{
		ID: "kind-constant", Section: "6.2.1", Severity: Must, reload: kindConstant,
		Text: "EVENT playlists only grow, VOD playlists do not change, and what has ended stays so.",
	},
	{
		ID: "held", Section: "6.2.5.2", Severity: Must, reload: held,
		Text: "A blocking reload is answered when what it asked for is in the playlist, not before.",
	},
	{
		ID: "reload-cache", Section: "B.1", Severity: Should, reload: reloadCache,
		Text: "Caches may keep the answer to a blocking reload, so that they can ask once for many players.",
	},
	{
		ID: "map-changes", Section: "notes", Severity: Must, reload: mapChanges,
		Text: "A new EXT-X-MAP comes only where the initialisation section is another one.",
	},
}

func targetConstant(f *finder, before, s *state) {
	if s.list.Target != before.list.Target {
		f.found(s.list.Line("EXT-X-TARGETDURATION"), "it was %v and is %v", before.list.Target, s.list.Target)
	}
}

func partTargetConstant(f *finder, before, s *state) {
	if s.list.PartTarget != before.list.PartTarget && !s.list.Ended {
		f.found(s.list.Line("EXT-X-PART-INF"), "it was %v and is %v", before.list.PartTarget, s.list.PartTarget)
	}
}

func sequenceRises(f *finder, before, s *state) {
	line := s.list.Line("EXT-X-MEDIA-SEQUENCE")
	next, _ := before.list.Next()
	if s.list.MediaSequence < before.list.MediaSequence {
		f.found(line, "it was %d and is %d", before.list.MediaSequence, s.list.MediaSequence)
	}
	// A client that polls may come too late; one that blocks gets each segment.
	if s.list.MediaSequence > next && s.asked != nil {
		f.found(line, "segments %d to %d were never listed", next, s.list.MediaSequence-1)
	}
	if now, _ := s.list.Next(); now < next {
		f.found(line, "segments up to %d were listed, now they end with %d", next-1, now-1)
	}
}

func segmentsStay(f *finder, before, s *state) {
	for i := range before.list.Segments {
		was := &before.list.Segments[i]
		is := s.list.Segment(was.MSN)
		if is == nil {
			continue // removed, or sequenceRises has found it
		}
		if what := changed(was, is); what != "" {
			f.found(is.Line, "segment %d: %s", was.MSN, what)
		}
	}
}

// changed says what of a segment that was listed is another now.
func changed(was, is *m3u8.Segment) string {
	switch {
	case was.URI != is.URI:
		return fmt.Sprintf("its URI was %s and is %s", was.URI, is.URI)
	case was.Duration != is.Duration:
		return fmt.Sprintf("EXTINF was %v and is %v", was.Duration, is.Duration)
	case was.Gap != is.Gap || was.Discontinuity != is.Discontinuity:
		return fmt.Sprintf("EXT-X-GAP and EXT-X-DISCONTINUITY were %v and %v and are %v and %v", was.Gap, was.Discontinuity, is.Gap, is.Discontinuity)
	case was.DateLine > 0 && is.DateLine > 0 && !was.DateTime.Equal(is.DateTime):
		return fmt.Sprintf("EXT-X-PROGRAM-DATE-TIME was %v and is %v", was.DateTime, is.DateTime)
	case !sameRange(was.Range, is.Range):
		return "its EXT-X-BYTERANGE is another one"
	case was.Map != nil && is.Map != nil && was.Map.URI != is.Map.URI:
		return fmt.Sprintf("EXT-X-MAP was %s and is %s", was.Map.URI, is.Map.URI)
	}
	return ""
}

func sameRange(a, b *m3u8.ByteRange) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func partsStay(f *finder, before, s *state) {
	check := func(was *m3u8.Segment) {
		is := s.list.Segment(was.MSN)
		if next, _ := s.list.Next(); is == nil && was.MSN == next {
			is = &s.list.Open
		}
		// A complete segment may drop its parts, all of them.
		if is == nil || len(is.Parts) == 0 && is.URI != "" {
			return
		}
		for i, p := range was.Parts {
			if i >= len(is.Parts) {
				f.found(is.Line, "part %d.%d was listed and is not", was.MSN, i)
				return
			}
			q := is.Parts[i]
			if p.URI != q.URI || p.Duration != q.Duration || p.Independent != q.Independent || p.Gap != q.Gap || !sameRange(p.Range, q.Range) {
				f.found(q.Line, "part %d.%d was %s of %v and is %s of %v, or its attributes changed", was.MSN, i, p.URI, p.Duration, q.URI, q.Duration)
			}
		}
	}
	for i := range before.list.Segments {
		check(&before.list.Segments[i])
	}
	check(&before.list.Open)
}

func discontinuitySequence(f *finder, before, s *state) {
	for i := range before.list.Segments {
		was := &before.list.Segments[i]
		is := s.list.Segment(was.MSN)
		if is != nil && is.Discontinuity == was.Discontinuity && is.DiscontinuityNumber != was.DiscontinuityNumber {
			f.found(max(s.list.Line("EXT-X-DISCONTINUITY-SEQUENCE"), 1),
				"segment %d had the discontinuity sequence number %d and has %d", was.MSN, was.DiscontinuityNumber, is.DiscontinuityNumber)
			return
		}
	}
}

func discontinuityTold(f *finder, before, s *state) {
	if s.list.MediaSequence > before.list.MediaSequence && before.list.Line("EXT-X-DISCONTINUITY") > 0 &&
		s.list.Line("EXT-X-DISCONTINUITY-SEQUENCE") == 0 {
		f.found(s.list.Line("EXT-X-MEDIA-SEQUENCE"), "segments were removed, and there is no EXT-X-DISCONTINUITY-SEQUENCE")
	}
}

func window(f *finder, before, s *state) {
	if s.list.MediaSequence > before.list.MediaSequence && !s.list.Ended && s.list.Duration() < 3*s.list.Target {
		f.found(s.list.Line("EXT-X-MEDIA-SEQUENCE"), "%v are listed, the target duration is %v", s.list.Duration(), s.list.Target)
	}
}

func kindConstant(f *finder, before, s *state) {
	line := max(s.list.Line("EXT-X-PLAYLIST-TYPE"), 1)
	was, _ := before.list.Next()
	is, _ := s.list.Next()
	switch {
	case s.list.Type != before.list.Type:
		f.found(line, "EXT-X-PLAYLIST-TYPE was %q and is %q", before.list.Type, s.list.Type)
	case s.list.Type != "" && s.list.MediaSequence != before.list.MediaSequence:
		f.found(line, "segments were removed")
	case before.list.Ended && (!s.list.Ended || was != is):
		f.found(line, "it had ended with segment %d; now it ends with %d, EXT-X-ENDLIST %v", was-1, is-1, s.list.Ended)
	}
}

func held(f *finder, _, s *state) {
	if s.asked == nil || s.list.Ended || s.holds(*s.asked) {
		return
	}
	msn, part := s.list.Next()
	f.found(0, "media sequence number %d, part %d was asked for; the playlist ends before %d.%d", s.asked.msn, s.asked.part, msn, part)
}

func reloadCache(f *finder, _, s *state) {
	if age, _ := maxAge(s.reply); s.asked != nil && age < time.Second {
		f.found(0, "Cache-Control is %q", s.reply.header.Get("Cache-Control"))
	}
}

func mapChanges(f *finder, _, s *state) {
	for i := 1; i < len(s.list.Segments); i++ {
		a, b := s.list.Segments[i-1].Map, s.list.Segments[i].Map
		if a != nil && b != nil && a.URI != b.URI && s.rendition.sameInit(a.URI, b.URI) {
			f.found(b.Line, "%s holds the same as %s", b.URI, a.URI)
		}
	}
}
