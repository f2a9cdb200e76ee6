package verify

import (
	"slices"
	"strings"
	"time"

	"ladderd/m3u8"
)

// partRules are about one state of a media playlist with parts.
var partRules = []Rule{
	{
		ID: "part-inf", Section: "4.4.3.7", Severity: Must, playlist: partInf,
		Text: "A playlist with parts has EXT-X-PART-INF.",
	},
	{
		ID: "part-target", Section: "4.4.4.9", Severity: Must, playlist: partTarget,
		Text: "No part lasts longer than PART-TARGET.",
	},
	{
		ID: "part-floor", Section: "4.4.4.9", Severity: Must, playlist: partFloor,
		Text: "Parts last at least 85 % of PART-TARGET, but for the last of a segment, those beside gaps and INDEPENDENT ones.",
	},
	{
		ID: "part-sum", Section: "notes", Severity: Must, playlist: partSum,
		Text: "The parts of a segment add up to its EXTINF.",
	},
	{
		ID: "part-independent", Section: "notes", Severity: Should, playlist: partIndependent,
		Text: "The first part of each segment is INDEPENDENT.",
	},
	{
		ID: "part-age", Section: "6.2.2", Severity: Should, playlist: partAge,
		Text: "Parts are listed near the live edge only: for three target durations.",
	},
	{
		ID: "block-reload", Section: "2", Severity: Must, playlist: blockReload,
		Text: "Low-latency playlists offer blocking reload.",
	},
	{
		ID: "http2", Section: "B.1", Severity: Should, playlist: http2,
		Text: "Low latency over TLS comes by HTTP/2, so that parts and playlists share a connection.",
	},
	{
		ID: "part-hold-back", Section: "4.4.3.8", Severity: Must, playlist: partHoldBack,
		Text: "PART-HOLD-BACK is there, and at least two part target durations.",
	},
	{
		ID: "part-hold-back-safe", Section: "4.4.3.8", Severity: Should, playlist: partHoldBackSafe,
		Text: "PART-HOLD-BACK is at least three part target durations.",
	},
	{
		ID: "preload-hint", Section: "B.1", Severity: Must, reload: preloadHint,
		Text: "A playlist with parts hints at the next part while one is to come.",
	},
	{
		ID: "hint-new", Section: "4.4.5.3", Severity: Must, playlist: hintNew,
		Text: "The part that is hinted at is not listed yet.",
	},
	{
		ID: "reports", Section: "B.1", Severity: Must, playlist: reports,
		Text: "A low-latency playlist reports once on each other playlist, but not on itself.",
	},
	{
		ID: "delta-offered", Section: "notes", Severity: Should, playlist: deltaOffered,
		Text: "Low-latency playlists offer delta updates.",
	},
}

func partInf(f *finder, s *state) {
	if line := s.list.Line("EXT-X-PART"); line > 0 && s.list.PartTarget <= 0 {
		f.found(line, "EXT-X-PART without EXT-X-PART-INF")
	}
}

// eachPart visits the parts with the segment that they are in; open says that more
// of them may come.
func (s *state) eachPart(visit func(seg *m3u8.Segment, i int, open bool)) {
	for i := range s.list.Segments {
		for k := range s.list.Segments[i].Parts {
			visit(&s.list.Segments[i], k, false)
		}
	}
	for k := range s.list.Open.Parts {
		visit(&s.list.Open, k, true)
	}
}

// roundedPart is what writing a duration with three decimals may add to it.
const roundedPart = time.Millisecond / 2

func partTarget(f *finder, s *state) {
	if s.list.PartTarget <= 0 {
		return
	}
	s.eachPart(func(seg *m3u8.Segment, i int, _ bool) {
		if p := seg.Parts[i]; p.Duration > s.list.PartTarget+roundedPart {
			f.found(p.Line, "part %d.%d lasts %v, PART-TARGET is %v", seg.MSN, i, p.Duration, s.list.PartTarget)
		}
	})
}

func partFloor(f *finder, s *state) {
	s.eachPart(func(seg *m3u8.Segment, i int, _ bool) {
		p := seg.Parts[i]
		last := i == len(seg.Parts)-1
		if last || p.Gap || p.Independent || seg.Parts[i+1].Gap {
			return
		}
		if p.Duration < s.list.PartTarget*85/100-roundedPart {
			f.found(p.Line, "part %d.%d lasts %v, PART-TARGET is %v", seg.MSN, i, p.Duration, s.list.PartTarget)
		}
	})
}

func partSum(f *finder, s *state) {
	for i := range s.list.Segments {
		seg := &s.list.Segments[i]
		if len(seg.Parts) == 0 || i == 0 {
			continue // the first one's parts may be there in part
		}
		var sum time.Duration
		for _, p := range seg.Parts {
			sum += p.Duration
		}
		if off := sum - seg.Duration; off.Abs() > time.Duration(len(seg.Parts)+1)*roundedPart {
			f.found(seg.Line, "segment %d lasts %v, its parts %v", seg.MSN, seg.Duration, sum)
		}
	}
}

func partIndependent(f *finder, s *state) {
	s.eachPart(func(seg *m3u8.Segment, i int, _ bool) {
		if p := seg.Parts[i]; i == 0 && !p.Independent && !p.Gap {
			f.found(p.Line, "part %d.0 is not INDEPENDENT", seg.MSN)
		}
	})
}

func partAge(f *finder, s *state) {
	behind := s.list.Duration()
	for i := range s.list.Segments {
		seg := &s.list.Segments[i]
		// A segment that reaches into the last three target durations has its parts,
		// and one more is left for servers that drop them when the next one is there.
		if behind -= seg.Duration; behind > 5*s.list.Target && len(seg.Parts) > 0 {
			f.found(seg.Parts[0].Line, "the parts of segment %d are listed, %v before the end", seg.MSN, behind)
			return
		}
	}
}

func blockReload(f *finder, s *state) {
	if s.lowLatency() && !s.list.Ended && !s.list.Control.BlockReload {
		f.found(max(s.list.Control.Line, 1), "there is no CAN-BLOCK-RELOAD=YES")
	}
}

func http2(f *finder, s *state) {
	if s.lowLatency() && s.reply.major == 1 && strings.HasPrefix(s.rendition.url, "https:") {
		f.found(0, "it comes by HTTP/1")
	}
}

func partHoldBack(f *finder, s *state) {
	if c := s.list.Control; s.lowLatency() && c.PartHoldBack+roundedPart < 2*s.list.PartTarget || s.lowLatency() && c.PartHoldBack == 0 {
		f.found(max(c.Line, 1), "PART-HOLD-BACK is %v, PART-TARGET %v", c.PartHoldBack, s.list.PartTarget)
	}
}

func partHoldBackSafe(f *finder, s *state) {
	if c := s.list.Control; s.lowLatency() && c.PartHoldBack+roundedPart < 3*s.list.PartTarget {
		f.found(max(c.Line, 1), "PART-HOLD-BACK is %v, PART-TARGET %v", c.PartHoldBack, s.list.PartTarget)
	}
}

func hintNew(f *finder, s *state) {
	for _, h := range s.list.Hints {
		s.eachPart(func(seg *m3u8.Segment, i int, _ bool) {
			if p := seg.Parts[i]; p.URI == h.URI && p.Range == nil {
				f.found(h.Line, "the hint is at part %d.%d, which is listed", seg.MSN, i)
			}
		})
	}
}

// preloadHint looks back, since a playlist after which only its end came had no part to
// hint at.
func preloadHint(f *finder, before, s *state) {
	if before.list.Ended || before.list.Line("EXT-X-PART") == 0 ||
		slices.ContainsFunc(before.list.Hints, func(h m3u8.Hint) bool { return h.Type == "PART" }) {
		return
	}
	was, parts := before.list.Next()
	if is, _ := s.list.Next(); s.list.Ended && is == was && parts == 0 {
		return
	}
	f.found(1, "there is no EXT-X-PRELOAD-HINT of a part")
}

// reports leaves out the first seconds of a stream: a playlist that lists its first
// parts may be older than the first part of another rendition.
func reports(f *finder, s *state) {
	if !s.lowLatency() || s.list.Ended || len(s.list.Segments) == 0 {
		return
	}
	var reported []string
	for _, report := range s.list.Reports {
		url, err := resolve(s.reply.base, report.URI)
		if err != nil {
			f.found(report.Line, "the URI %q is none: %v", report.URI, err)
			continue
		}
		if slices.Contains(reported, url) {
			f.found(report.Line, "the playlist reports twice on %s", report.URI)
		}
		if reported = append(reported, url); url == s.reply.base || s.rendition.is(url) {
			f.found(report.Line, "the playlist reports on itself")
		}
	}
	for _, other := range s.rendition.others() {
		// Before its first answer nobody knows where redirects lead to.
		if other.place.Load() != nil && !slices.ContainsFunc(reported, other.is) {
			f.found(1, "there is no EXT-X-RENDITION-REPORT of %s", other.name)
		}
	}
}

func deltaOffered(f *finder, s *state) {
	if s.lowLatency() && !s.list.Ended && s.list.Control.SkipUntil == 0 {
		f.found(max(s.list.Control.Line, 1), "there is no CAN-SKIP-UNTIL")
	}
}
