package main

import (
	"fmt"
	"io"
)

// What is asked of the control API.
const (
	aimGetP99 = 5.0 // ms
	aimStart  = 1.0 // s, with all channels
	// aimPart is by how much parts may be later at p99 while the API is called, of what they
	// are without, plus a tenth of a part for what a loaded machine does by itself.
	aimPart = 0.033 // s
)

type apiReport struct {
	Channels   int             `json:"channels"`
	Live       int             `json:"live"`
	Callers    int             `json:"callers"`
	Load       []string        `json:"load"`
	Operations []*apiOperation `json:"operations"`
	Start      []float64       `json:"start_s"`      // from the start of the process until it is ready
	Quiet      []float64       `json:"quiet_p99_s"`  // how late parts are while nobody calls
	Loaded     []float64       `json:"loaded_p99_s"` // and while all callers do
	Aims       []aim           `json:"aims"`
}

type apiOperation struct {
	Name      string    `json:"name"`
	PerSecond []float64 `json:"per_second"`
	P50       []float64 `json:"p50_ms"`
	P99       []float64 `json:"p99_ms"`
	Bare      []float64 `json:"bare_per_second"` // of SQLite alone
}

func newAPIReport(c *apiCommand) *apiReport {
	return &apiReport{Channels: c.Channels, Live: c.Live, Callers: c.Callers, Load: []string{machineLoad()}}
}

func (r *apiReport) operation(i int, name string) *apiOperation {
	if i == len(r.Operations) {
		r.Operations = append(r.Operations, &apiOperation{Name: name})
	}
	return r.Operations[i]
}

func (o *apiOperation) add(t timed) {
	o.PerSecond, o.P50, o.P99 = append(o.PerSecond, t.perSecond), append(o.P50, t.p50), append(o.P99, t.p99)
}

func (r *apiReport) judge() {
	r.Load = append(r.Load, machineLoad())
	r.Aims = []aim{
		atMost("ms of GetChannel at p99", aimGetP99, spanOf(r.Operations[0].P99).Max),
		atMost("s from start to ready", aimStart, spanOf(r.Start).Max),
		atMost("s that parts are later while the API is called, at p99", aimPart, spanOf(r.Loaded).Median-spanOf(r.Quiet).Median),
	}
}

func (r *apiReport) text(w io.Writer) {
	fmt.Fprintf(w, "%d channels, %d of them live; %d callers at once, on the same machine\n\n", r.Channels, r.Live, r.Callers)
	fmt.Fprintf(w, "%-14s %-24s %-22s %-22s %s\n", "", "calls per second", "p50 in ms", "p99 in ms", "of a bare SQLite loop")
	for _, o := range r.Operations {
		fmt.Fprintf(w, "%-14s %-24s %-22s %-22s %s\n", o.Name, rough(spanOf(o.PerSecond)), spanOf(o.P50), spanOf(o.P99), ratios(o.PerSecond, o.Bare))
	}
	fmt.Fprintf(w, "\nready after   %s s\nparts at p99  %s s behind while nobody calls, %s s while all do\n\n", spanOf(r.Start), spanOf(r.Quiet), spanOf(r.Loaded))
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nLoad: %s, then %s.\n", r.Load[0], r.Load[1])
}

// rough is a span of large figures.
func rough(s span) string { return fmt.Sprintf("%.0f (%.0f–%.0f)", s.Median, s.Min, s.Max) }
