package hls

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Aligned says how renditions of one stream differ that must not: they have IDRs
// at the same PTS to the tick, the container marks exactly these as sync samples,
// and the same media have the same media sequence number, length, program
// date-time and discontinuity everywhere.
//
// A rendition may lack the IDRs of segments that it lists as gaps, wholly or in
// part; all of its own have to be in the others.
//
// lastSlack is by how much the lengths of the last segment may differ.
func Aligned(renditions []*Rendition, lastSlack time.Duration) error {
	var errs []error
	var video []*Rendition
	for _, r := range renditions {
		if r.HasVideo() {
			video = append(video, r)
		}
	}
	all := map[int64]bool{}
	for _, r := range video {
		errs = append(errs, r.checkKeys())
		for _, pts := range r.IDRs {
			all[pts] = true
		}
	}
	for _, r := range video {
		var missing []int64
		for pts := range all {
			if !slices.Contains(r.IDRs, pts) && !r.inGap(pts, video) {
				missing = append(missing, pts)
			}
		}
		slices.Sort(missing)
		if len(missing) > 0 {
			errs = append(errs, fmt.Errorf("rendition %s has no IDR at %v, where others have one; it has %v", r.Name, missing, r.IDRs))
		}
	}
	return errors.Join(append(errs, sameSequence(renditions, lastSlack))...)
}

// checkKeys compares what the container marks with what the NAL units are.
func (r *Rendition) checkKeys() error {
	var keys []int64
	for _, p := range r.Video {
		if p.Key() {
			keys = append(keys, p.PTS)
		}
	}
	if !slices.Equal(keys, r.IDRs) {
		return fmt.Errorf("rendition %s: sync samples are at %v, IDRs at %v", r.Name, keys, r.IDRs)
	}
	return nil
}

// inGap says whether r lists as a gap, or partly so, the segment that another
// rendition has at pts.
func (r *Rendition) inGap(pts int64, others []*Rendition) bool {
	for _, o := range others {
		for _, p := range o.Video {
			if p.PTS == pts {
				return r.holed(p.MSN)
			}
		}
	}
	return false
}

// holed says whether segment msn is a gap in r, has gaps among its parts, or lies
// before r's first one.
func (r *Rendition) holed(msn int64) bool {
	i := msn - r.Playlist.MediaSequence
	if i < 0 || i >= int64(len(r.Playlist.Segments)) {
		return i < 0
	}
	s := r.Playlist.Segments[i]
	return s.Gap || slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Gap })
}

// Holes counts the segments of r that are gaps or have gaps in them.
func (r *Rendition) Holes() int {
	n := 0
	for _, s := range r.Playlist.Segments {
		if r.holed(s.MSN) {
			n++
		}
	}
	return n
}

// Standing counts the segments of r in which the picture stands for a while, as
// where a worker died: they have less than nine tenths of the pictures that the
// frame rate calls for, or are gaps. The last one is left out: what a publisher owes
// that was interrupted is no worker's fault.
func (r *Rendition) Standing() int {
	pictures := map[int64]int{}
	for _, p := range r.Video {
		pictures[p.MSN]++
	}
	n := 0
	for _, s := range r.Playlist.Segments[:len(r.Playlist.Segments)-1] {
		if float64(pictures[s.MSN]) < 0.9*r.FrameRate*s.Duration.Seconds() {
			n++
		}
	}
	return n
}

// sameSequence compares the playlists segment by segment, and where the video of
// each begins.
func sameSequence(renditions []*Rendition, lastSlack time.Duration) error {
	var errs []error
	first := renditions[0]
	for _, r := range renditions[1:] {
		a, b := first.Playlist, r.Playlist
		if a.MediaSequence != b.MediaSequence || len(a.Segments) != len(b.Segments) || a.DiscontinuitySequence != b.DiscontinuitySequence {
			errs = append(errs, fmt.Errorf("%s lists %d segments from %d (discontinuity %d), %s %d from %d (%d)",
				first.Name, len(a.Segments), a.MediaSequence, a.DiscontinuitySequence,
				r.Name, len(b.Segments), b.MediaSequence, b.DiscontinuitySequence))
			continue
		}
		for i := range a.Segments {
			slack := tick
			if i == len(a.Segments)-1 {
				slack = lastSlack
			}
			errs = append(errs, sameSegment(first, r, a.Segments[i], b.Segments[i], slack))
		}
	}
	return errors.Join(errs...)
}

// LastSlack is for a broadcast that its publisher ended: it ends with the last frame,
// which half the frame rate puts elsewhere.
const LastSlack = 100 * time.Millisecond

// LastSlackCut is for one whose publisher was stopped between a picture and the two
// B-frames that are shown before it: the picture counts from its decoding where it is
// passed through and, four frames of 30 a second later, to its end where it is
// encoded anew.
const LastSlackCut = 150 * time.Millisecond

func sameSegment(one, two *Rendition, a, b Segment, slack time.Duration) error {
	if !one.HasVideo() || !two.HasVideo() {
		slack = max(slack, 100*time.Millisecond) // it ends with a frame of audio
	}
	if absolute(a.Duration-b.Duration) > slack ||
		absolute(a.DateTime.Sub(b.DateTime)) > time.Millisecond || a.Discontinuity != b.Discontinuity {
		return fmt.Errorf("segment %d differs: %s %+v, %s %+v", a.MSN, one.Name, a, two.Name, b)
	}
	if !one.HasVideo() || !two.HasVideo() || one.holed(a.MSN) || two.holed(b.MSN) {
		return nil
	}
	p, q := one.begin(a.MSN), two.begin(b.MSN)
	if p != q {
		return fmt.Errorf("segment %d begins at PTS %d in %s, at %d in %s", a.MSN, p, one.Name, q, two.Name)
	}
	return nil
}

// begin is the PTS of a segment's first video packet, −1 where there is none.
func (r *Rendition) begin(msn int64) int64 {
	for _, p := range r.Video {
		if p.MSN == msn {
			return p.PTS
		}
	}
	return -1
}

// CheckMedia compares what the playlist says of each segment with the media that
// are in it: EXTINF is the time from its first picture to the next segment's, the
// tracks have neither holes nor overlaps, and the audio is as long as the video
// within slack. Segments with holes are left out.
func (r *Rendition) CheckMedia(slack time.Duration) error {
	errs := []error{r.rising("video", r.Video), r.rising("audio", r.Audio)}
	for i, s := range r.Playlist.Segments[:len(r.Playlist.Segments)-1] {
		from, to := r.begin(s.MSN), r.begin(s.MSN+1)
		if !r.HasVideo() || r.holed(s.MSN) || r.holed(s.MSN+1) || r.Playlist.Segments[i+1].Discontinuity {
			continue
		}
		if media := time.Duration(to-from) * time.Second / 90000; absolute(media-s.Duration) > tick {
			errs = append(errs, fmt.Errorf("%s segment %d: EXTINF is %v, its video lasts %v", r.Name, s.MSN, s.Duration, media))
		}
	}
	return errors.Join(append(errs, r.checkSound(slack))...)
}

// checkSound wants the audio to be a row of AAC frames that do not overlap and
// have no room for another one between them, as long as the rendition.
func (r *Rendition) checkSound(slack time.Duration) error {
	info, ok := r.Stream("audio")
	if !ok || r.Holes() > 0 || len(r.Audio) == 0 {
		return nil
	}
	var rate int64
	if _, err := fmt.Sscan(info.SampleRate, &rate); err != nil {
		return fmt.Errorf("%s: sample rate %q: %w", r.Name, info.SampleRate, err)
	}
	for i, p := range r.Audio[1:] {
		if gap := p.PTS - r.Audio[i].PTS; gap < aacFrame || gap >= 2*aacFrame {
			return fmt.Errorf("%s segment %d: audio goes on %d samples after a frame at %d", r.Name, p.MSN, gap, r.Audio[i].PTS)
		}
	}
	sound := time.Duration(len(r.Audio)*aacFrame) * time.Second / time.Duration(rate)
	if absolute(sound-r.Duration()) > slack {
		return fmt.Errorf("%s: audio lasts %v, the playlist lists %v", r.Name, sound, r.Duration())
	}
	return nil
}

// aacFrame is the number of samples in a frame of AAC-LC (ISO/IEC 14496-3).
const aacFrame = 1024

// rising wants a track's decoding times to rise.
func (r *Rendition) rising(track string, packets []Packet) error {
	for i := 1; i < len(packets); i++ {
		if a, b := packets[i-1], packets[i]; b.DTS <= a.DTS {
			return fmt.Errorf("%s segment %d: %s decodes at %d after %d", r.Name, b.MSN, track, b.DTS, a.DTS)
		}
	}
	return nil
}
