package density

import (
	"fmt"
	"io"
	"strings"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
)

// Report is what ladderd bench prints, and with --json writes: times in the unit that their
// names end with, memory in bytes, CPU in CPU seconds per second.
type Report struct {
	Version string    `json:"version"` // of ladderd, with FFmpeg's
	At      time.Time `json:"at"`      // of the report
	Machine Machine   `json:"machine"`
	// Kinds are the channels' types with their inputs; of several they take turns.
	Kinds    []string `json:"kinds"`
	Backends []string `json:"backends"`
	Duration float64  `json:"duration_s"` // for which the answer was to be real time
	Part     float64  `json:"part_ms"`    // by which an output could be later than when it had settled
	Result
	// PerChannel is the CPU of a channel in Best, with what supervising and feeding it takes;
	// 0 where there is no Best.
	PerChannel float64 `json:"cpu_per_channel"`
	Shares     []Share `json:"shares"` // of what the devices were proven to do, by plan; empty where that is not known
}

// Machine is what the figures are of.
type Machine struct {
	CPU   string   `json:"cpu"`
	Cores int      `json:"cores"` // that may be used
	GPUs  []string `json:"gpus"`  // that were used
}

// NewReport puts a result together with what it is of. proofs are of all devices that are
// known, the CPU among them.
func NewReport(r Result, p *Pipelines, proofs []gpu.Proof, version string, whole time.Duration) Report {
	report := Report{
		Version: version, At: time.Now().UTC(), Duration: whole.Seconds(), Part: Part.Seconds() * 1000, Result: r,
		Machine: Machine{GPUs: []string{}}, Shares: []Share{},
	}
	for _, s := range p.Streams {
		report.Kinds = append(report.Kinds, s.Name)
	}
	for _, b := range p.Backends {
		report.Backends = append(report.Backends, b.String())
	}
	for _, proof := range proofs {
		if proof.Device.API == pipeline.CPU {
			report.Machine.CPU, report.Machine.Cores = proof.Device.Name, proof.Device.Cores
		}
		for _, b := range p.Backends {
			if b.Device == proof.Device.Use() && b.Device != (pipeline.Device{}) {
				report.Machine.GPUs = append(report.Machine.GPUs, strings.TrimSpace(proof.Device.Name+" "+proof.Device.Driver))
			}
		}
	}
	if r.Best != nil {
		report.PerChannel = (r.Best.Usage.CPU + r.Best.Usage.OwnCPU) / float64(r.Channels)
		report.Shares = append(report.Shares, p.Shares(r.Channels, proofs)...)
	}
	return report
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) {
	what := fmt.Sprintf("%s, %s, by %s", count(r.Channels), strings.Join(r.Kinds, " and "), strings.Join(r.Backends, " and "))
	switch {
	case r.Confirmed && r.Best == nil:
		fmt.Fprintln(w, what+": not even one is in real time")
	case r.Confirmed:
		fmt.Fprintf(w, "%s: in real time for %.0f s\n", what, r.Duration)
	case r.Best != nil:
		fmt.Fprintf(w, "%s: in real time for %.0f s; interrupted before more was found out\n", what, r.Best.Seconds)
	default:
		fmt.Fprintln(w, "interrupted before anything was found out")
	}
	if r.Failed > 0 {
		fmt.Fprintf(w, "%d are not: %s\n", r.Failed, r.Why)
	}
	if r.Best != nil {
		r.best(w)
	}
}

// best tells of the step with the answer.
func (r *Report) best(w io.Writer) {
	u := r.Best.Usage
	fmt.Fprintf(w, "\nCPU     %.2f of %d cores, %.3f a channel; other programs took %.2f\n", u.CPU+u.OwnCPU, r.Machine.Cores, r.PerChannel, u.OthersCPU)
	fmt.Fprintf(w, "memory  %.0f MB, %.0f MB a channel\n", float64(u.Memory)/1e6, float64(u.Memory)/1e6/float64(r.Channels))
	for _, g := range r.Best.GPUs {
		fmt.Fprintf(w, "GPU     %s\n", g)
	}
	r.planned(w)
	fmt.Fprintf(w, "\n%-44s%10s%10s%10s%10s\n", "ms from the source's packet to", "p50", "p95", "p99", "most")
	for _, d := range r.Best.Delays {
		fmt.Fprintf(w, "%-44s%10.0f%10.0f%10.0f%10.0f\n", d.Output, d.P50, d.P95, d.P99, d.Max)
	}
}

// planned tells, a device a line, what the channels take of it by what it was proven to do.
func (r *Report) planned(w io.Writer) {
	for i, s := range r.Shares {
		if i == 0 || r.Shares[i-1].Device != s.Device {
			fmt.Fprintf(w, "plan    of what %s was proven to do:", s.Device)
		}
		fmt.Fprintf(w, " %s %.0f %%", s.Resource, s.Share*100)
		if last := i+1 == len(r.Shares); last || r.Shares[i+1].Device != s.Device {
			fmt.Fprintln(w)
		} else {
			fmt.Fprint(w, ",")
		}
	}
}

func (g GPU) String() string {
	words := []string{g.Name}
	for _, v := range []struct {
		value  *float64
		format string
	}{{g.UsePercent, "%.0f %% busy"}, {g.EncoderPercent, "encoder %.0f %%"}, {g.DecoderPercent, "decoder %.0f %%"}, {g.PowerWatts, "%.0f W"}} {
		if v.value != nil {
			words = append(words, fmt.Sprintf(v.format, *v.value))
		}
	}
	if g.MemoryUsedBytes > 0 {
		words = append(words, fmt.Sprintf("%.0f MB in use", float64(g.MemoryUsedBytes)/1e6))
	}
	return strings.Join(words, ", ")
}
