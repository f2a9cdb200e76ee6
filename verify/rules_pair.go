package verify

import (
	"slices"
	"time"
)

// pairRules hold the renditions of one stream against each other.
var pairRules = []Rule{
	{
		ID: "same-target", Section: "6.2.4", Severity: Must, pair: sameTarget,
		Text: "All renditions have the same target duration.",
	},
	{
		ID: "same-control", Section: "notes", Severity: Should, pair: sameControl,
		Text: "All renditions have the same PART-TARGET and offer the same by EXT-X-SERVER-CONTROL, so that players can switch.",
	},
	{
		ID: "same-segments", Section: "notes", Severity: Must, pair: sameSegments,
		Text: "Segments with the same media sequence number have the same date and length in all renditions.",
	},
	{
		ID: "same-discontinuities", Section: "6.2.4", Severity: Must, pair: sameDiscontinuities,
		Text: "Segments with the same media sequence number have the same discontinuity sequence number in all renditions.",
	},
	{
		ID: "same-timestamps", Section: "6.2.4", Severity: Must, pair: sameTimestamps,
		Text: "Segments with the same media sequence number begin at the same PTS in all renditions.",
	},
	{
		ID: "aligned-idrs", Section: "notes", Severity: Must, pair: alignedIDRs,
		Text: "All renditions with video have IDRs at the same PTS.",
	},
}

func sameTarget(f *finder, a, b *rendition) {
	if a.target() != b.target() {
		f.found(b.last.list.Line("EXT-X-TARGETDURATION"), "%s has %v, %s has %v", b.name, b.target(), a.name, a.target())
	}
}

func sameControl(f *finder, a, b *rendition) {
	one, two := a.first.list, b.first.list
	was, is := one.Control, two.Control
	if is.Line = was.Line; is != was || one.PartTarget != two.PartTarget {
		f.found(max(two.Control.Line, 1), "%s has PART-TARGET %v and %+v, %s has %v and %+v", b.name, two.PartTarget, is, a.name, one.PartTarget, was)
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
	matching(a, b, func(one, two *summary) bool {
		if one.discontinuity != two.discontinuity {
			f.found(two.line, "segment %d has the discontinuity sequence number %d in %s, %d in %s", two.msn, one.discontinuity, a.name, two.discontinuity, b.name)
			return false
		}
		return true
	})
}

func sameTimestamps(f *finder, a, b *rendition) {
	matching(a, b, func(one, two *summary) bool {
		if !one.hasFirst || !two.hasFirst || one.holed || two.holed || one.first == two.first {
			return true
		}
		f.found(two.line, "segment %d begins at PTS %d in %s, at %d in %s", two.msn, one.first, a.name, two.first, b.name)
		return false
	})
}

func alignedIDRs(f *finder, a, b *rendition) {
	matching(a, b, func(one, two *summary) bool {
		if !one.hasFirst || !two.hasFirst || one.holed || two.holed || slices.Equal(one.idrs, two.idrs) {
			return true
		}
		f.found(two.line, "segment %d has IDRs at %v in %s, at %v in %s", two.msn, one.idrs, a.name, two.idrs, b.name)
		return false
	})
}
