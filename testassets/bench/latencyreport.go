package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// What is asked of the way from the publisher to the viewer, in seconds.
const (
	aimFirstPart = 1.0   // from the first IDR to the first part
	aimDelay     = 0.150 // of a frame, beyond the duration of a part, at the 99th percentile
)

// delays is how long a rendition's pictures were under way until a viewer had the
// part that holds them, in seconds; figures are by broadcast.
type delays struct {
	Rendition string `json:"rendition"`
	// To the first part that is playable by itself.
	FromByte []float64 `json:"first_part_from_first_byte_s"`
	FromIDR  []float64 `json:"first_part_from_first_idr_s"`
	// Of each picture, from its being sent to its part's being there. The first of
	// a part waits for the last, so that up to a part's duration is owed.
	Median []float64 `json:"frame_to_part_median_s"`
	P99    []float64 `json:"frame_to_part_p99_s"`
	Worst  []float64 `json:"frame_to_part_worst_s"`
	Frames int       `json:"frames"`
}

type latencyReport struct {
	Seconds    int       `json:"seconds"`
	BFrames    int       `json:"b_frames"`
	Load       []string  `json:"load"`
	PartTarget float64   `json:"part_target_s"`
	Renditions []*delays `json:"renditions"`
	// CPU is what the daemon and its worker took, by broadcast.
	CPU  []float64 `json:"cpu_seconds_per_second"`
	Aims []aim     `json:"aims"`
}

// add takes what the viewer of rendition number i saw of a broadcast.
func (r *latencyReport) add(i int, v *viewer, p *publisher) error {
	if len(v.parts) == 0 || !v.parts[0].independent {
		return fmt.Errorf("%s: the first part is not one to begin at", v.variant.Name)
	}
	if i == len(r.Renditions) {
		r.Renditions = append(r.Renditions, &delays{Rendition: v.variant.Name})
	}
	r.PartTarget = v.target.Seconds()
	took, err := frameDelays(v.parts, p)
	if err != nil {
		return fmt.Errorf("%s: %w", v.variant.Name, err)
	}
	d := r.Renditions[i]
	d.FromByte = append(d.FromByte, v.parts[0].at.Sub(p.began).Seconds())
	d.FromIDR = append(d.FromIDR, v.parts[0].at.Sub(p.idr).Seconds())
	d.Median = append(d.Median, percentile(took, 50))
	d.P99 = append(d.P99, percentile(took, 99))
	d.Worst = append(d.Worst, percentile(took, 100))
	d.Frames += len(took)
	return nil
}

// frameDelays are the times from a picture's being sent to its part's being there,
// in seconds. Every picture must be one that was sent.
func frameDelays(parts []seenPart, p *publisher) ([]float64, error) {
	var took []float64
	for _, part := range parts {
		for _, pts := range part.pts {
			sent, ok := p.sent[pts]
			if !ok {
				return nil, fmt.Errorf("a picture at %d was never sent", pts)
			}
			took = append(took, part.at.Sub(sent).Seconds())
		}
	}
	return took, nil
}

// judge holds the medians over the broadcasts to the aims, the worst rendition's.
func (r *latencyReport) judge() {
	var first, late float64
	frames := []basis{{taken: int64(len(r.Renditions)), what: "renditions"}}
	firsts := slices.Clone(frames)
	for _, d := range r.Renditions {
		first = max(first, spanOf(d.FromIDR).Median)
		late = max(late, spanOf(d.P99).Median)
		firsts = append(firsts, basis{taken: int64(len(d.FromIDR)), what: "first parts of " + d.Rendition})
		frames = append(frames, basis{taken: int64(d.Frames), what: "frames of " + d.Rendition})
	}
	r.Aims = []aim{
		atMost("seconds from the first IDR to the first part, worst rendition", aimFirstPart, first, firsts...),
		atMost(fmt.Sprintf("seconds from a frame to its part at p99, worst rendition (part of %.3f s and %.3f s)",
			r.PartTarget, aimDelay), r.PartTarget+aimDelay, late, frames...),
	}
}

func (r *latencyReport) text(w io.Writer) {
	fmt.Fprintf(w, "1080p60 STANDARD over RTMP in real time, %d broadcasts of %d s with %d B-frames, parts of at most %.3f s, a viewer on each rendition\n",
		len(r.CPU), r.Seconds, r.BFrames, r.PartTarget)
	fmt.Fprintln(w, "Seconds, median of the broadcasts (least–most); a part counts when its last byte has come")
	fmt.Fprintf(w, "\n%-11s%-46s%s\n", "", "first playable part, after the first", "from a frame's being sent to its part")
	fmt.Fprintf(w, "%-11s%-23s%-23s%-23s%-23s%-23s%s\n", "", "byte", "IDR", "median", "p99", "worst", "p99 / part")
	for _, d := range r.Renditions {
		p99 := spanOf(d.P99)
		fmt.Fprintf(w, "%-11s%-23s%-23s%-23s%-23s%-23s%.2f\n", d.Rendition, spanOf(d.FromByte), spanOf(d.FromIDR),
			spanOf(d.Median), p99, spanOf(d.Worst), p99.Median/r.PartTarget)
	}
	fmt.Fprintln(w)
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nThe daemon and its worker took %s CPU-seconds per second. Other programs on the\n"+
		"machine add to these times. Load: %s.\n", spanOf(r.CPU), strings.Join(r.Load, ", then "))
}
