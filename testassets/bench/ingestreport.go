package main

import (
	"fmt"
	"io"
)

// aimIngest is what a publisher may cost, in cores.
var aimIngest = map[string]float64{"rtmp": 0.01, "rtmps": 0.02, "srt": 0.03}

type ingestReport struct {
	Publishers   int                 `json:"publishers"`
	Bitrate      int                 `json:"bitrate"`
	Crowd        int                 `json:"crowd"`
	CrowdBitrate int                 `json:"crowd_bitrate"`
	Seconds      int                 `json:"seconds"`
	Load         []string            `json:"load"`
	Alone        []*ingestCost       `json:"alone"`
	Crowds       []crowdOfPublishers `json:"crowds"`
	Aims         []aim               `json:"aims"`
}

// ingestCost is of a core per publisher, for each round.
type ingestCost struct {
	Protocol string    `json:"protocol"`
	Baseline string    `json:"baseline"`
	CPU      []float64 `json:"cpu"`
	Bare     []float64 `json:"baseline_cpu"`
}

// crowdOfPublishers is the whole daemon's.
type crowdOfPublishers struct {
	Protocol string  `json:"protocol"`
	CPU      float64 `json:"cpu"` // CPU seconds per second
}

func (r *ingestReport) add(protocol string, cpu, bare float64) {
	for _, c := range r.Alone {
		if c.Protocol == protocol {
			c.CPU, c.Bare = append(c.CPU, cpu), append(c.Bare, bare)
			return
		}
	}
	r.Alone = append(r.Alone, &ingestCost{protocol, baselines[protocol], []float64{cpu}, []float64{bare}})
}

func (r *ingestReport) judge() {
	r.Load = append(r.Load, machineLoad())
	for _, c := range r.Alone {
		r.Aims = append(r.Aims, atMost("of a core per publisher over "+c.Protocol, aimIngest[c.Protocol], positive(spanOf(c.CPU).Median)))
	}
}

func (r *ingestReport) text(w io.Writer) {
	fmt.Fprintf(w, "%d publishers of %.1f Mb/s, the protocol's server alone; of a core for each of them\n\n", r.Publishers, float64(r.Bitrate)/1e6)
	fmt.Fprintf(w, "%-9s %-24s %-30s %s\n", "protocol", "ladderd", "only reading (baseline)", "ratio")
	for _, c := range r.Alone {
		fmt.Fprintf(w, "%-9s %-24s %-5s %-24s %s\n", c.Protocol, grains(spanOf(c.CPU)), c.Baseline, grains(spanOf(c.Bare)), ratios(c.CPU, c.Bare))
	}
	fmt.Fprintf(w, "\n%d publishers of %.1f Mb/s to BASIC channels of one daemon, which packages them\n\n", r.Crowd, float64(r.CrowdBitrate)/1e6)
	for _, c := range r.Crowds {
		fmt.Fprintf(w, "%-9s %.2f CPU-s/s, %.4f of a core each\n", c.Protocol, c.CPU, c.CPU/float64(r.Crowd))
	}
	fmt.Fprintln(w)
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nLoad: %s, then %s.\n", r.Load[0], r.Load[1])
}

// grains is a span of figures that are thousandths of a core.
func grains(s span) string { return fmt.Sprintf("%.4f (%.4f–%.4f)", s.Median, s.Min, s.Max) }
