package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
)

// span is a figure that was measured several times.
type span struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

func spanOf(values []float64) span {
	return span{percentile(values, 0), percentile(values, 50), percentile(values, 100)}
}

// String is the median and, in parentheses, the least and the most.
func (s span) String() string { return fmt.Sprintf("%.3f (%.3f–%.3f)", s.Median, s.Min, s.Max) }

// ratios is a to b, pair by pair.
func ratios(a, b []float64) span {
	values := make([]float64, len(a))
	for i := range a {
		values[i] = a[i] / b[i]
	}
	return spanOf(values)
}

// percentile is the value that p percent of values do not exceed, by the nearest
// rank; 0 where there are none, which no aim may take for a figure.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank-1, 0), len(sorted)-1)]
}

// aim is what is asked for, and whether a figure meets it.
type aim struct {
	What  string  `json:"what"`
	Limit float64 `json:"limit"`
	// Got is the worst figure that counts; it may not exceed Limit. It says nothing
	// where NoData is not empty.
	Got float64 `json:"got"`
	Met bool    `json:"met"`
	// NoData is why there is no figure to be judged.
	NoData string `json:"no_data,omitempty"`
}

// mostLost is the share of what was asked for that may have failed, before the rest
// says nothing about the whole.
const mostLost = 0.01

// basis is what a figure rests on: how often something was measured, and how often
// that failed.
type basis struct {
	taken, lost int64
	what        string // of what is counted
}

// fault is why a figure with this basis does not count; empty if it does.
func (b basis) fault() string {
	switch {
	case b.taken <= 0:
		return "no " + b.what
	case float64(b.lost) > mostLost*float64(b.taken+b.lost):
		return fmt.Sprintf("%d of %d %s failed", b.lost, b.taken+b.lost, b.what)
	}
	return ""
}

// atMost judges a figure, each basis of which has to be there. What is not a number
// was not measured.
func atMost(what string, limit, got float64, on ...basis) aim {
	a := aim{What: what, Limit: limit}
	for _, b := range on {
		if a.NoData = b.fault(); a.NoData != "" {
			return a
		}
	}
	if math.IsNaN(got) || math.IsInf(got, 0) {
		a.NoData = "no figure"
		return a
	}
	a.Got, a.Met = got, got <= limit
	return a
}

func (a aim) String() string {
	switch {
	case a.NoData != "":
		return fmt.Sprintf("%-7s  %s: %s; aim ≤ %.3f", "no data", a.What, a.NoData, a.Limit)
	case a.Met:
		return fmt.Sprintf("%-7s  %s: %.3f, aim ≤ %.3f", "met", a.What, a.Got, a.Limit)
	}
	return fmt.Sprintf("%-7s  %s: %.3f, aim ≤ %.3f", "MISSED", a.What, a.Got, a.Limit)
}

// positive is v where that is above 0, and else not a number: no memory and no time
// are what a failed measurement gives.
func positive(v float64) float64 {
	if v > 0 {
		return v
	}
	return math.NaN()
}

// machineLoad says how busy the machine is: "8.1 on 4 CPUs", the mean of the last
// minute.
func machineLoad() string {
	mean := "unknown"
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		mean, _, _ = strings.Cut(string(b), " ")
	}
	return fmt.Sprintf("%s on %d CPUs", mean, runtime.NumCPU())
}
