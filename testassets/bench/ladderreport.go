package main

import (
	"fmt"
	"io"
	"strings"
)

// What is asked of a 1080p60 STANDARD ladder.
const (
	aimOperator = 0.60 // CPU, of the operator's command
	aimSame     = 0.90 // CPU, of the command with our options
	aimPSNR     = 0.3  // dB that a rendition may be below the operator's
)

// result is what a contender has shown.
type result struct {
	Contender string    `json:"contender"`
	CPU       []float64 `json:"cpu_seconds_per_second"` // by round
	Quality   []quality `json:"quality"`                // by rung
}

type ladderReport struct {
	Seconds   int      `json:"seconds"`
	Reference string   `json:"reference"`
	Load      []string `json:"load"` // before and after the rounds
	Rungs     []string `json:"rungs"`
	// Results are ours, the operator's, the one with our options, and the operator's
	// without B-frames.
	Results []*result `json:"results"`
	// Ratios of our CPU to the other's, round by round.
	ToOperator span `json:"cpu_ratio_to_operator"`
	ToSame     span `json:"cpu_ratio_to_same_options"`
	ToNoB      span `json:"cpu_ratio_to_operator_without_b_frames"`
	// Aims are judged against the operator's command as it is; those of
	// WithoutBFrames against the one without.
	Aims           []aim `json:"aims"`
	WithoutBFrames []aim `json:"aims_without_b_frames"`
}

// judge holds the results to the aims.
func (r *ladderReport) judge() {
	ours, operator, same, noB := r.Results[0], r.Results[1], r.Results[2], r.Results[3]
	r.ToOperator, r.ToSame, r.ToNoB = ratios(ours.CPU, operator.CPU), ratios(ours.CPU, same.CPU), ratios(ours.CPU, noB.CPU)
	r.Aims = []aim{
		atMost("CPU, of the operator's command", aimOperator, positive(r.ToOperator.Median)),
		atMost("CPU, of the same options in ffmpeg", aimSame, positive(r.ToSame.Median)),
		r.loss("the operator's command", operator),
	}
	r.WithoutBFrames = []aim{
		atMost("CPU, of the operator's command with -bf 0", aimOperator, positive(r.ToNoB.Median)),
		r.loss("the operator's with -bf 0", noB),
	}
}

// loss is how far our PSNR is below theirs in the rung where it is furthest.
func (r *ladderReport) loss(title string, theirs *result) aim {
	worst, at := 0.0, ""
	for i, name := range r.Rungs {
		if less := theirs.Quality[i].PSNR - r.Results[0].Quality[i].PSNR; at == "" || less > worst {
			worst, at = less, name
		}
	}
	return atMost(fmt.Sprintf("dB of PSNR below %s, at worst (%s)", title, at), aimPSNR, worst,
		basis{taken: int64(len(r.Rungs)), what: "rungs"})
}

func (r *ladderReport) text(w io.Writer) {
	fmt.Fprintf(w, "STANDARD ladder of a busy 1080p60 broadcast of %d s at 8 Mb/s, %d rounds\n", r.Seconds, len(r.Results[0].CPU))
	fmt.Fprintln(w, "CPU-seconds, user and system, per second of media: median (least–most)")
	fmt.Fprintf(w, "PSNR of Y, U and V against the same pictures of the source, scaled %s by ffmpeg; mean kb/s\n\n", r.Reference)
	fmt.Fprintf(w, "%-33s %-20s", "", "CPU")
	for _, name := range r.Rungs {
		fmt.Fprintf(w, "  %-15s", name)
	}
	fmt.Fprintln(w)
	for _, res := range r.Results {
		line := fmt.Sprintf("%-33s %-20s", res.Contender, spanOf(res.CPU))
		for _, q := range res.Quality {
			line += fmt.Sprintf("  %-15s", fmt.Sprintf("%.2f dB %5.0f", q.PSNR, q.Bitrate/1000))
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	fmt.Fprintf(w, "\nCPU of ours / %-32s %s\n", "the operator's command", r.ToOperator)
	fmt.Fprintf(w, "CPU of ours / %-32s %s\n", "our x264 options in ffmpeg", r.ToSame)
	fmt.Fprintf(w, "CPU of ours / %-32s %s\n\n", "the operator's command, -bf 0", r.ToNoB)
	for _, a := range append(r.Aims, r.WithoutBFrames...) {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nOurs is the worker process and its supervisor, fed as fast as the worker takes it.\n"+
		"CPU time is compared, which other programs on the machine disturb less than they do\n"+
		"the time on the clock. Load: %s.\n", strings.Join(r.Load, ", then "))
}
