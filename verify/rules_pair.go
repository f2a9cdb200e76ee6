package verify

import (
	"slices"
	"time"

	"ladderd/m3u8"
)

// pairRules hold the renditions of one stream against each other.
var pairRules = []Rule{
	{
		ID: "same-target", Section: "6.2.4", Severity: Must, pair: sameTarget, iframes: true,
		Text: "All renditions have the same target duration, but for I-frame playlists on demand.",
	},
	{
		ID: "same-control", Section: "6.2.4", Severity: Must, pair: sameControl, iframes: true,
		Text: "All renditions have the same EXT-X-SERVER-CONTROL.",
	},
	{
		ID: "same-part-target", Section: "4.4.3.8", Severity: Should, pair: samePartTarget,
		Text: "PART-HOLD-BACK is at least three times the longest PART-TARGET of all renditions.",
	},
	{
		ID: "same-type", Section: "6.2.4", Severity: Must, pair: sameType, iframes: true,
		Text: "All renditions have the same EXT-X-PLAYLIST-TYPE.",
	},
	{
		ID: "same-dates", Section: "6.2.4", Severity: Must, pair: sameDates,
		Text: "All renditions have EXT-X-PROGRAM-DATE-TIME or none, and the same dates at the same PTS.",
	},
	{
		ID: "same-segments", Section: "notes", Severity: Must, pair: sameSegments,
		Text: "Segments with the same media sequence number have the same date and length in all renditions.",
	},
	{
		ID: "same-discontinuities", Section: "6.2.4", Severity: Must, pair: sameDiscontinuities,
		Text: "Segments with the same content have the same discontinuity sequence number in all renditions.",
	},
	{
		ID: "same-timestamps", Section: "6.2.4", Severity: Must, pair: sameTimestamps,
		Text: "Segments with the same content begin at the same PTS in all renditions.",
	},
	{
		ID: "aligned-idrs", Section: "notes", Severity: Must, pair: alignedIDRs,
		Text: "All renditions with video have IDRs at the same PTS.",
	},
}

func sameTarget(f *finder, a, b *rendition) {
	if a.target() != b.target() && !(b.iframes && b.last.list.Type == "VOD") {
		f.found(b.last.list.Line("EXT-X-TARGETDURATION"), "%s has %v, %s has %v", b.name, b.target(), a.name, a.target())
	}
}

func sameControl(f *finder, a, b *rendition) {
	one, two := a.first.list, b.first.list
	was, is := one.Control, two.Control
	if is.Line = was.Line; is != was {
		f.found(max(two.Control.Line, 1), "%s has %+v, %s has %+v", b.name, is, a.name, was)
	}
}

func samePartTarget(f *finder, a, b *rendition) {
	one, two := a.first.list, b.first.list
	longest := max(one.PartTarget, two.PartTarget)
	for _, p := range []*m3u8.Media{one, two} {
		if back := p.Control.PartHoldBack; p.PartTarget > 0 && p.PartTarget < longest && back+roundedPart < 3*longest {
			f.found(max(two.Control.Line, 1), "PART-TARGET is %v in %s and %v in %s, PART-HOLD-BACK %v", one.PartTarget, a.name, two.PartTarget, b.name, back)
		}
	}
}

func sameType(f *finder, a, b *rendition) {
	if one, two := a.first.list.Type, b.first.list.Type; one != two {
		f.found(max(b.first.list.Line("EXT-X-PLAYLIST-TYPE"), 1), "EXT-X-PLAYLIST-TYPE is %q in %s and %q in %s", one, a.name, two, b.name)
	}
}

// drift is by how much dates may differ: clocks are read at different times.
const drift = time.Second / 2

func sameDates(f *finder, a, b *rendition) {
	const dates = "EXT-X-PROGRAM-DATE-TIME"
	if one, two := a.last.list.Line(dates), b.last.list.Line(dates); (one > 0) != (two > 0) {
		f.found(max(two, 1), "%s in %s: %v, in %s: %v", dates, a.name, one > 0, b.name, two > 0)
	}
	at := map[int64]*summary{}
	for i := range a.seen {
		if s := &a.seen[i]; s.hasFirst && !s.date.IsZero() {
			at[s.first] = s
		}
	}
	for i := range b.seen {
		two := &b.seen[i]
		one := at[two.first]
		if !two.hasFirst || two.date.IsZero() || one == nil || one.discontinuity != two.discontinuity {
			continue
		}
		if off := one.date.Sub(two.date); off.Abs() > drift {
			f.found(two.line, "PTS %d is of %v in %s, of %v in %s", two.first, one.date, a.name, two.date, b.name)
			return
		}
	}
}

// matching visits the segments that both renditions have under one number.
func matching(a, b *rendition, visit func(one, two *summary) bool) {
	for i := range b.seen {
		two := &b.seen[i]
		if one := a.summary(two.msn); one != nil && !visit(one, two) {
			return
		}
	}
}

// alike visits the segments with the same content: those of the same date, where
// both renditions have dates, or else of the same number. Servers may number each
// rendition by itself (6.3.2).
func alike(a, b *rendition, visit func(one, two *summary) bool) {
	for i := range b.seen {
		two := &b.seen[i]
		one := a.summary(two.msn)
		if !two.date.IsZero() && (one == nil || !one.date.IsZero() && one.date.Sub(two.date).Abs() > lengthSlack(one, two)) {
			one = nil
			for k := range a.seen {
				if s := &a.seen[k]; !s.date.IsZero() && s.date.Sub(two.date).Abs() <= lengthSlack(s, two) {
					one = s
				}
			}
		}
		if one != nil && !visit(one, two) {
			return
		}
	}
}

// lengthSlack is by how much segments of two renditions may differ: nothing but
// rounding where both have video, a frame of audio and some where one has none.
func lengthSlack(a, b *summary) time.Duration {
	if len(a.idrs) == 0 || len(b.idrs) == 0 {
		return 100 * time.Millisecond
	}
	return frameSlack
}

func sameSegments(f *finder, a, b *rendition) {
	matching(a, b, func(one, two *summary) bool {
		slack := lengthSlack(one, two)
		if off := one.duration - two.duration; off.Abs() > slack && !one.last && !two.last {
			f.found(two.line, "segment %d lasts %v in %s, %v in %s", two.msn, one.duration, a.name, two.duration, b.name)
			return false
		}
		if off := one.date.Sub(two.date); !one.date.IsZero() && !two.date.IsZero() && off.Abs() > slack {
			f.found(two.line, "segment %d is of %v in %s, of %v in %s", two.msn, one.date, a.name, two.date, b.name)
			return false
		}
		return true
	})
}

func sameDiscontinuities(f *finder, a, b *rendition) {
	alike(a, b, func(one, two *summary) bool {
		if one.discontinuity != two.discontinuity {
			f.found(two.line, "segment %d has the discontinuity sequence number %d in %s, %d in %s", two.msn, one.discontinuity, a.name, two.discontinuity, b.name)
			return false
		}
		return true
	})
}

func sameTimestamps(f *finder, a, b *rendition) {
	alike(a, b, func(one, two *summary) bool {
		if !one.hasFirst || !two.hasFirst || one.holed || two.holed || one.first == two.first {
			return true
		}
		f.found(two.line, "segment %d begins at PTS %d in %s, at %d in %s", two.msn, one.first, a.name, two.first, b.name)
		return false
	})
}

func alignedIDRs(f *finder, a, b *rendition) {
	alike(a, b, func(one, two *summary) bool {
		if !one.hasFirst || !two.hasFirst || one.holed || two.holed || slices.Equal(one.idrs, two.idrs) {
			return true
		}
		f.found(two.line, "segment %d has IDRs at %v in %s, at %v in %s", two.msn, one.idrs, a.name, two.idrs, b.name)
		return false
	})
}
