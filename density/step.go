package density

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// beginning is over what time the channels of a step begin: a GOP, so that their IDRs
	// are spread as those of strangers are.
	beginning = 2 * time.Second
	// settling is how long they may then take to settle.
	settling = 20 * time.Second
	// look is how often lateness is looked at.
	look = 100 * time.Millisecond
)

// Step is how one number of channels went.
type Step struct {
	Channels int     `json:"channels"`
	Seconds  float64 `json:"measured_s"`
	// Whole says that it was to be measured for the whole duration.
	Whole    bool   `json:"whole"`
	RealTime bool   `json:"real_time"`
	Why      string `json:"why,omitempty"` // not
	// Behind is the most by which an output's delay has exceeded its settled one.
	Behind float64 `json:"behind_ms"`
	Usage  Usage   `json:"usage"`
	// Delays are of all packets of an output, over all channels, from when the source's
	// packet was due.
	Delays []Delay `json:"delays,omitempty"`
	GPUs   []GPU   `json:"gpus,omitempty"`
}

// Usage is what a step took while it was measured. CPU is in CPU seconds per second.
type Usage struct {
	CPU       float64 `json:"cpu"`          // of the channels' processes
	OwnCPU    float64 `json:"own_cpu"`      // of the process that supervises and feeds them
	OthersCPU float64 `json:"others_cpu"`   // of all other programs: figures are to be trusted where it is small
	Memory    int64   `json:"memory_bytes"` // of the channels' processes (PSS), at the end
}

// Delay is how long an output's packets took, in milliseconds, by the nearest rank.
type Delay struct {
	Output string  `json:"output"`
	Count  int     `json:"count"`
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
}

// running is a step that is being done.
type running struct {
	*bench
	Step
	watches  []*Watch
	channels []Channel
}

// step tries a number of channels. Its error is ctx's, or the meter's.
func (b *bench) step(ctx context.Context, t trial, length time.Duration) (Step, error) {
	r := &running{bench: b, Step: Step{Channels: t.channels, Whole: t.whole}}
	defer r.close()
	first := time.Now().Add(look)
	for i := range t.channels {
		w := newWatch(b.o.Carrier.Outputs(i))
		at := first.Add(beginning * time.Duration(i) / time.Duration(t.channels))
		r.watches = append(r.watches, w)
		r.channels = append(r.channels, b.o.Carrier.Start(i, at, w))
	}
	if err := r.settle(ctx, first.Add(beginning+settling)); err != nil || r.Why != "" {
		return r.Step, err
	}
	err := r.measure(ctx, length)
	return r.Step, err
}

// close ends all channels at once.
func (r *running) close() {
	var all sync.WaitGroup
	for _, c := range r.channels {
		all.Go(c.Close)
	}
	all.Wait()
}

// settle waits until all outputs have settled, and begins to measure them.
func (r *running) settle(ctx context.Context, latest time.Time) error {
	for {
		now := time.Now()
		output, fault := r.unsettled(now)
		switch {
		case fault != "":
			r.Why = fault
			return nil
		case output == "":
			r.begin()
			return nil
		case now.After(latest):
			r.Why = cmp.Or(r.silent(), output+" did not settle")
			return nil
		}
		r.tell(Progress{Channels: r.Channels, Whole: r.Whole})
		if !until(ctx, now.Add(look)) {
			return context.Cause(ctx)
		}
	}
}

func (r *running) unsettled(now time.Time) (output, fault string) {
	for i, w := range r.watches {
		o, f := w.unsettled(now)
		if f != "" {
			return o, channel(i, f)
		}
		if o != "" && output == "" {
			output = channel(i, o)
		}
	}
	return output, ""
}

// silent names an output of which nothing has come at all, which is no matter of speed.
func (r *running) silent() string {
	for i, w := range r.watches {
		if output := w.silent(); output != "" {
			return channel(i, output+" put out nothing")
		}
	}
	return ""
}

// begin fixes the settled delays, and compares them with those of the fewest channels.
func (r *running) begin() {
	late := ""
	for i, w := range r.watches {
		for output, delay := range w.settle() {
			usual, known := r.usual[output]
			if known && delay > usual+Part && late == "" {
				late = fmt.Sprintf("%s settled %.2f s further behind the source than with fewer channels", channel(i, output), (delay - usual).Seconds())
			}
			if !known {
				r.fresh[output] = max(r.fresh[output], delay)
			}
		}
	}
	r.Why = late
}

// measure watches for so long, or until one is late.
func (r *running) measure(ctx context.Context, length time.Duration) error {
	before, failed := r.o.Meter(r.pids())
	var gpus *sampler
	if r.o.Devices != nil {
		gpus = sample(r.o.Devices)
		defer func() { r.GPUs = gpus.stop() }()
	}
	began := time.Now()
	for {
		now := time.Now()
		elapsed := now.Sub(began)
		worst, why := r.latest(now)
		r.Seconds, r.Behind = elapsed.Seconds(), max(worst.Seconds()*1000, 0)
		r.tell(Progress{Channels: r.Channels, Whole: r.Whole, Measured: elapsed, Length: length, Behind: worst})
		if why != "" || elapsed >= length {
			r.Why, r.RealTime = why, why == ""
			r.Delays = r.delays()
			if err := r.account(before, failed, elapsed); err != nil && r.RealTime {
				return err
			}
			return nil
		}
		if !until(ctx, now.Add(min(look, length-elapsed))) {
			return context.Cause(ctx)
		}
	}
}

// latest is by how much any output is or was behind, and why that is not real time; empty
// where it is.
func (r *running) latest(now time.Time) (worst time.Duration, why string) {
	for i, w := range r.watches {
		by, output, fault := w.behind(now)
		if why == "" && fault != "" {
			why = channel(i, fault)
		}
		if why == "" && by > Part {
			why = fmt.Sprintf("%s was %.2f s further behind the source than when it had settled", channel(i, output), by.Seconds())
		}
		worst = max(worst, by)
	}
	return worst, why
}

// account reads what the measured time took, if the first reading did not fail. A process that
// has gone, as one does that failed, leaves no figures; the step says why it went.
func (r *running) account(before Reading, failed error, elapsed time.Duration) error {
	after, err := r.o.Meter(r.pids())
	if err = cmp.Or(failed, err); err != nil || elapsed <= 0 {
		return err
	}
	s := elapsed.Seconds()
	u := Usage{
		CPU:    (after.Processes.CPU - before.Processes.CPU).Seconds() / s,
		OwnCPU: (after.Own - before.Own).Seconds() / s, Memory: after.Processes.Memory,
	}
	u.OthersCPU = max((after.Machine-before.Machine).Seconds()/s-u.CPU-u.OwnCPU, 0)
	r.Usage = u
	return nil
}

func (r *running) pids() (all []int) {
	for _, c := range r.channels {
		all = append(all, c.PIDs()...)
	}
	return all
}

// delays are by output, in the order in which the channels have them.
func (r *running) delays() (list []Delay) {
	all := map[string][]float32{}
	for _, w := range r.watches {
		w.collect(all)
	}
	for i := range r.Channels {
		for _, output := range r.o.Carrier.Outputs(i) {
			if d, left := all[output]; left {
				list = append(list, percentiles(output, d))
				delete(all, output)
			}
		}
	}
	return list
}

func percentiles(output string, ms []float32) Delay {
	d := Delay{Output: output, Count: len(ms)}
	if len(ms) == 0 {
		return d
	}
	slices.SortFunc(ms, cmp.Compare)
	rank := func(percent int) float64 { // to a tenth
		return math.Round(float64(ms[max((len(ms)*percent+99)/100, 1)-1])*10) / 10
	}
	d.P50, d.P95, d.P99, d.Max = rank(50), rank(95), rank(99), rank(100)
	return d
}

func channel(i int, what string) string { return fmt.Sprintf("channel %d: %s", i+1, what) }
