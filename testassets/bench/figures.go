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
// rank; 0 where there are none.
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
	// Got is the worst figure that counts; it may not exceed Limit.
	Got float64 `json:"got"`
	Met bool    `json:"met"`
}

func atMost(what string, limit, got float64) aim { return aim{what, limit, got, got <= limit} }

func (a aim) String() string {
	verdict := "MISSED"
	if a.Met {
		verdict = "met"
	}
	return fmt.Sprintf("%-6s  %s: %.3f, aim ≤ %.3f", verdict, a.What, a.Got, a.Limit)
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
