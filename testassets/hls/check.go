package hls

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// tick is one tick of the 90 kHz clock, rounded up: what a duration that is
// written with five decimals may be off by.
const tick = 12 * time.Microsecond

// Check holds the playlist to the rules for low-latency HLS that can be seen in
// one state of it (draft-pantos-hls-rfc8216bis, 4.4.3 and 4.4.4, and the parts'
// own rules in its appendix B). It is stricter than package verify, which takes any
// server: durations are exact to a tick, as the packager promises. In plain HLS,
// which has no PART-TARGET, nothing is to tell of parts. All that is broken is in the
// error.
func (p *Playlist) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !p.Control.BlockReload {
		bad("no CAN-BLOCK-RELOAD")
	}
	if p.PartTarget == 0 && strings.Contains(p.Text, "PART") {
		bad("no PART-TARGET in a playlist that tells of parts")
	}
	if p.Control.PartHoldBack < 3*p.PartTarget-time.Microsecond {
		bad("PART-HOLD-BACK %v is less than three times PART-TARGET %v", p.Control.PartHoldBack, p.PartTarget)
	}
	if p.Control.HoldBack < 3*p.Target {
		bad("HOLD-BACK %v is less than three target durations of %v", p.Control.HoldBack, p.Target)
	}
	if p.Ended && p.PartHint() != "" {
		bad("a playlist that has ended has the preload hint %q", p.PartHint())
	}
	seen := map[string]bool{}
	for i, s := range p.Segments {
		if seen[s.URI] {
			bad("segment %d: %s is listed twice", s.MSN, s.URI)
		}
		seen[s.URI] = true
		if s.Duration.Round(time.Second) > p.Target {
			bad("segment %d: %v is more than the target duration %v", s.MSN, s.Duration, p.Target)
		}
		if s.Map == nil && !transportStream(s) {
			bad("segment %d: no EXT-X-MAP holds", s.MSN)
		}
		errs = append(errs, checkTime(s, p.Segments[:i]), p.checkParts(s.MSN, s.Parts), checkSum(s))
	}
	errs = append(errs, p.checkParts(p.MediaSequence+int64(len(p.Segments)), p.Open.Parts))
	return errors.Join(errs...)
}

// transportStream says whether the segment is MPEG-TS, which needs no EXT-X-MAP.
func transportStream(s Segment) bool { return strings.HasSuffix(s.URI, ".ts") }

// checkTime wants the segment's program date-time to go on where that of the
// segment before it ends, to the millisecond with which it is written.
func checkTime(s Segment, before []Segment) error {
	if s.DateTime.IsZero() {
		return fmt.Errorf("segment %d: no EXT-X-PROGRAM-DATE-TIME", s.MSN)
	}
	if len(before) == 0 {
		return nil
	}
	last := before[len(before)-1]
	want := last.DateTime.Add(last.Duration)
	if absolute(s.DateTime.Sub(want)) > 2*time.Millisecond {
		return fmt.Errorf("segment %d: EXT-X-PROGRAM-DATE-TIME %v, the one before ends at %v", s.MSN, s.DateTime, want)
	}
	return nil
}

// checkSum wants the parts to add up to the segment.
func checkSum(s Segment) error {
	if len(s.Parts) == 0 {
		return nil // so old that its parts are not listed any more
	}
	var sum time.Duration
	for _, part := range s.Parts {
		sum += part.Duration
	}
	if absolute(sum-s.Duration) > time.Duration(len(s.Parts)+1)*tick {
		return fmt.Errorf("segment %d: EXTINF is %v, its parts add up to %v", s.MSN, s.Duration, sum)
	}
	return nil
}

// checkParts wants each part to be no longer than PART-TARGET and, except for the
// last of a segment, no shorter than 85 % of it.
func (p *Playlist) checkParts(msn int64, parts []Part) error {
	var errs []error
	for i, part := range parts {
		if part.Duration > p.PartTarget {
			errs = append(errs, fmt.Errorf("part %d.%d: %v is more than PART-TARGET %v", msn, i, part.Duration, p.PartTarget))
		}
		// A part behind which a hole begins ends where its media end.
		holed := part.Gap || i+1 < len(parts) && parts[i+1].Gap
		if !holed && i+1 < len(parts) && part.Duration < p.PartTarget*85/100 {
			errs = append(errs, fmt.Errorf("part %d.%d: %v is less than 85 %% of PART-TARGET %v", msn, i, part.Duration, p.PartTarget))
		}
		if i == 0 && !part.Independent && !part.Gap {
			errs = append(errs, fmt.Errorf("part %d.0 is not INDEPENDENT", msn))
		}
	}
	return errors.Join(errs...)
}

// CheckAfter holds p to what the state before it promised: what was listed stays
// as it was, and the sequence goes on without a hole.
func (p *Playlist) CheckAfter(before *Playlist) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if p.PartTarget != before.PartTarget {
		bad("PART-TARGET was %v and is %v", before.PartTarget, p.PartTarget)
	}
	if p.MediaSequence < before.MediaSequence || p.DiscontinuitySequence < before.DiscontinuitySequence {
		bad("EXT-X-MEDIA-SEQUENCE was %d and is %d, EXT-X-DISCONTINUITY-SEQUENCE was %d and is %d",
			before.MediaSequence, p.MediaSequence, before.DiscontinuitySequence, p.DiscontinuitySequence)
	}
	now := map[int64]Segment{}
	for _, s := range p.Segments {
		now[s.MSN] = s
	}
	next, parts := before.Next()
	if end, _ := p.Next(); p.PartTarget > 0 && before.PartHint() == "" && !p.anew(next) && (!p.Ended || end != next || parts > 0) {
		bad("there was no preload hint, and more than the end has come")
	}
	if first := p.MediaSequence; first > next {
		bad("media sequence %d to %d were never listed", next, first-1)
	}
	for _, was := range before.Segments {
		is, ok := now[was.MSN]
		if !ok && was.MSN >= p.MediaSequence {
			bad("segment %d was listed and is not", was.MSN)
		}
		if ok && (is.URI != was.URI || is.Duration != was.Duration || is.Gap != was.Gap ||
			mapOf(is) != mapOf(was) || is.Discontinuity != was.Discontinuity || !is.DateTime.Equal(was.DateTime)) {
			bad("segment %d was %+v and is %+v", was.MSN, was, is)
		}
	}
	open := p.Open.Parts
	if s, ok := now[next]; ok {
		open = s.Parts
	}
	if len(open) == 0 && next < p.MediaSequence+int64(len(p.Segments)) {
		return errors.Join(errs...) // old enough for its parts to be left out
	}
	for i, was := range before.Open.Parts {
		if i >= len(open) || !samePart(open[i], was) {
			bad("part %d.%d was %+v and is not any more: %+v", next, i, was, open)
		}
	}
	return errors.Join(errs...)
}

// anew says whether segment msn, which may be the open one, is behind a discontinuity or has
// another initialisation section than the one before. The packager hints at no part of such
// a segment: who fetched it early would decode it with the wrong section. In audio_only the
// section stays the same where the pictures' encoder changes.
func (p *Playlist) anew(msn int64) bool {
	all := append(slices.Clone(p.Segments), p.Open)
	i := int(msn - p.MediaSequence)
	return i > 0 && i < len(all) && (all[i].Discontinuity || mapOf(all[i]) != "" && mapOf(all[i]) != mapOf(all[i-1]))
}

// samePart leaves out the line, which changes from state to state.
func samePart(a, b Part) bool {
	a.Line = b.Line
	return a == b
}
