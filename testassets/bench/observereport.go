package main

import (
	"fmt"
	"io"
)

type observeReport struct {
	Channels int          `json:"channels"`
	Bitrate  int          `json:"bitrate"`
	Seconds  int          `json:"seconds"`
	Again    int          `json:"again"` // channels that began anew meanwhile
	Load     []string     `json:"load"`
	Observed observeCosts `json:"observed"`
	Plain    observeCosts `json:"unobserved"`
	Events   int64        `json:"events"`         // that came to the receiver, in all rounds
	Scrapes  int64        `json:"scrapes"`        // likewise
	Failed   int64        `json:"failed_scrapes"` // likewise
	Aims     []aim        `json:"aims"`
}

// observeCosts are a daemon's, round by round.
type observeCosts struct {
	CPU    []float64 `json:"cpu"`       // CPU seconds per second
	Memory []float64 `json:"memory_mb"` // PSS
}

func (r *observeReport) add(plain, observed *observedCost) {
	r.Plain.add(plain)
	r.Observed.add(observed)
	r.Events += observed.watch.events.Load()
	r.Scrapes += observed.watch.scraped
	r.Failed += observed.watch.failed
}

func (o *observeCosts) add(c *observedCost) {
	o.CPU, o.Memory = append(o.CPU, c.cpu), append(o.Memory, c.memory)
}

// differences are a's to b's, round by round.
func differences(a, b []float64) span {
	values := make([]float64, len(a))
	for i := range a {
		values[i] = a[i] - b[i]
	}
	return spanOf(values)
}

// judge takes the median of the rounds' differences: what else the machine does is in both
// daemons alike, more or less. The aims are for 100 channels.
func (r *observeReport) judge() {
	r.Load = append(r.Load, machineLoad())
	on := []basis{{taken: r.Scrapes, lost: r.Failed, what: "scrapes of the metrics"}, {taken: r.Events, what: "events received"}}
	r.Aims = []aim{
		atMost("cores for metrics and events", aimObserveCPU, differences(r.Observed.CPU, r.Plain.CPU).Median, on...),
		atMost("MB for metrics and events", aimObserveMemory, differences(r.Observed.Memory, r.Plain.Memory).Median, on...),
	}
}

func (r *observeReport) text(w io.Writer) {
	fmt.Fprintf(w, "%d BASIC channels of %.1f Mb/s, %d of which begin anew, measured for %d s; median (least–most) of %d rounds\n\n",
		r.Channels, float64(r.Bitrate)/1e6, r.Again, r.Seconds, len(r.Plain.CPU))
	fmt.Fprintf(w, "%-12s %-26s %s\n", "", "CPU-s/s", "MB")
	fmt.Fprintf(w, "%-12s %-26s %s\n", "observed", grains(spanOf(r.Observed.CPU)), spanOf(r.Observed.Memory))
	fmt.Fprintf(w, "%-12s %-26s %s\n", "unobserved", grains(spanOf(r.Plain.CPU)), spanOf(r.Plain.Memory))
	fmt.Fprintf(w, "%-12s %-26s %s\n\n", "difference", grains(differences(r.Observed.CPU, r.Plain.CPU)), differences(r.Observed.Memory, r.Plain.Memory))
	fmt.Fprintf(w, "%d events received, %d scrapes, %d of them failed\n\n", r.Events, r.Scrapes+r.Failed, r.Failed)
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nLoad: %s, then %s.\n", r.Load[0], r.Load[1])
}
