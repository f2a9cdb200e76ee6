package load

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations from one microsecond to 19 hours, each to within a
// 64th of itself. Any number of goroutines add to it.
type histogram struct {
	counts [histogramSize]atomic.Int64
	most   atomic.Int64 // microseconds
}

const (
	histogramSteps = 64 // by which a power of two is divided
	histogramSize  = 2048
)

func (h *histogram) add(d time.Duration) {
	us := max(d.Microseconds(), 0)
	h.counts[bucketOf(us)].Add(1)
	for {
		most := h.most.Load()
		if us <= most || h.most.CompareAndSwap(most, us) {
			return
		}
	}
}

func bucketOf(us int64) int {
	shift := max(bits.Len64(uint64(us))-7, 0)
	return min(shift*histogramSteps+int(us>>shift), histogramSize-1)
}

// bucketEnd is the largest value of a bucket, so that no percentile is understated.
func bucketEnd(i int) int64 {
	shift := max(i/histogramSteps-1, 0)
	return (int64(i-shift*histogramSteps)+1)<<shift - 1
}

// Quantiles are what a report tells of durations, in milliseconds; by the nearest
// rank, rounded up by at most a 64th.
type Quantiles struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func (h *histogram) quantiles() Quantiles {
	var counts [histogramSize]int64
	q := Quantiles{}
	for i := range h.counts {
		counts[i] = h.counts[i].Load()
		q.Count += counts[i]
	}
	if q.Count == 0 {
		return q
	}
	most := h.most.Load()
	at := func(share float64) float64 {
		rank, seen := int64(math.Ceil(share*float64(q.Count))), int64(0)
		for i, n := range counts {
			if seen += n; seen >= rank {
				return float64(min(bucketEnd(i), most)) / 1000
			}
		}
		return float64(most) / 1000
	}
	q.P50, q.P90, q.P99, q.Max = at(0.5), at(0.9), at(0.99), float64(most)/1000
	return q
}
