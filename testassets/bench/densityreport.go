package main

import (
	"fmt"
	"io"
	"strings"

	"ladderd/density"
)

// aimDensity is how many channels of plain ffmpeg there may be for one of ladderd's: 1.5 times
// as many are asked for.
const aimDensity = 1 / 1.5

// densityResult is what was found of a case, by round.
type densityResult struct {
	Case     string    `json:"case"`
	Ours     []float64 `json:"ladderd_channels"`
	Theirs   []float64 `json:"ffmpeg_channels"`
	OurCPU   []float64 `json:"ladderd_cpu_per_channel"` // CPU seconds per second; with what feeds and supervises
	TheirCPU []float64 `json:"ffmpeg_cpu_per_channel"`
	Others   []float64 `json:"others_cpu"` // that other programs took meanwhile, the more of the two
	// Why is what failed above, in the last round.
	OursFailed   string `json:"ladderd_failed"`
	TheirsFailed string `json:"ffmpeg_failed"`
}

func (d *densityResult) add(ours *density.Report, theirs density.Result) {
	d.Ours, d.Theirs = append(d.Ours, float64(ours.Channels)), append(d.Theirs, float64(theirs.Channels))
	d.OursFailed = fmt.Sprintf("%d: %s", ours.Failed, ours.Why)
	d.TheirsFailed = fmt.Sprintf("%d: %s", theirs.Failed, theirs.Why)
	if ours.Best == nil || theirs.Best == nil {
		return
	}
	d.OurCPU = append(d.OurCPU, ours.PerChannel)
	d.TheirCPU = append(d.TheirCPU, theirs.Best.Usage.CPU/float64(theirs.Channels))
	d.Others = append(d.Others, max(ours.Best.Usage.OthersCPU, theirs.Best.Usage.OthersCPU))
}

type densityReport struct {
	Seconds float64          `json:"seconds"`
	Load    []string         `json:"load"` // before and after
	Cases   []*densityResult `json:"cases"`
	Aims    []aim            `json:"aims"`
}

// judge holds the medians of the rounds to the aim: of channels, and of their CPU, which is
// finer where a machine carries few.
func (r *densityReport) judge() {
	for _, d := range r.Cases {
		cpu := basis{taken: int64(min(len(d.OurCPU), len(d.TheirCPU))), what: "CPU of both"}
		r.Aims = append(r.Aims, atMost(d.Case+": channels of plain ffmpeg for each of ladderd's", aimDensity,
			ratios(d.Theirs, d.Ours).Median,
			basis{taken: int64(spanOf(d.Ours).Median), what: "channels of ladderd"}, basis{taken: int64(spanOf(d.Theirs).Median), what: "channels of ffmpeg"}),
			atMost(d.Case+": CPU of a channel, of plain ffmpeg's", aimDensity, spanOf(d.OurCPU).Median/spanOf(d.TheirCPU).Median, cpu))
	}
}

func (r *densityReport) text(w io.Writer) {
	fmt.Fprintf(w, "Channels that are real time for %.0f s, by x264, and plain ffmpeg processes that make the same ladders\n", r.Seconds)
	fmt.Fprintf(w, "with the command that operators write (split, veryfast, nal-hrd=cbr); median (least–most) of %d rounds\n\n", len(r.Cases[0].Ours))
	fmt.Fprintf(w, "%-22s%-22s%-22s%-22s%s\n", "", "ladderd", "ffmpeg", "ladderd / ffmpeg", "others' CPU")
	for _, d := range r.Cases {
		fmt.Fprintf(w, "%-22s%-22s%-22s%-22s\n", d.Case, spanOf(d.Ours), spanOf(d.Theirs), times(d.Ours, d.Theirs))
		fmt.Fprintf(w, "%-22s%-22s%-22s%-22s%s\n", "  CPU a channel", shown(d.OurCPU), shown(d.TheirCPU), times(d.OurCPU, d.TheirCPU), shown(d.Others))
		fmt.Fprintf(w, "  above that, ladderd  %s\n  above that, ffmpeg   %s\n", d.OursFailed, d.TheirsFailed)
	}
	fmt.Fprintln(w)
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nReal time is as in package density: no rendition more than %.2f s further behind its source than when\n"+
		"it had settled. Of ffmpeg the audio is not judged, nor how long it took to begin.\n"+
		"Channels are whole ones, so that few of them are a coarse measure; CPU a channel is finer. Load: %s.\n",
		density.Part.Seconds(), strings.Join(r.Load, ", then "))
}

// shown is the figures' span; "–" where there are none.
func shown(figures []float64) string {
	if len(figures) == 0 {
		return "–"
	}
	return spanOf(figures).String()
}

// times is a by b; "–" where one of them is not there.
func times(a, b []float64) string {
	for _, v := range append(append([]float64{}, a...), b...) {
		if v <= 0 {
			return "–"
		}
	}
	if len(a) == 0 || len(a) != len(b) {
		return "–"
	}
	return ratios(a, b).String()
}
