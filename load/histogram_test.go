package load

import (
	"testing"
	"time"
)

func TestHistogramKeepsValuesToWithinASixtyFourth(t *testing.T) {
	for _, us := range []int64{0, 1, 63, 127, 128, 129, 1000, 12_345, 999_999, 3_600_000_000} {
		i := bucketOf(us)
		end, before := bucketEnd(i), int64(-1)
		if i > 0 {
			before = bucketEnd(i - 1)
		}
		if us > end || us <= before || end-us > us/64 {
			t.Errorf("%d µs is in the bucket from %d to %d", us, before+1, end)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var h histogram
	if q := h.quantiles(); q != (Quantiles{}) {
		t.Errorf("of nothing: %+v", q)
	}
	for i := range 100 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	q := h.quantiles()
	for _, c := range []struct{ got, want float64 }{{q.P50, 50}, {q.P90, 90}, {q.P99, 99}, {q.Max, 100}} {
		if c.got < c.want || c.got > c.want*65/64 {
			t.Errorf("%v where %v is right; %+v", c.got, c.want, q)
		}
	}
	if q.Count != 100 {
		t.Errorf("%d of 100", q.Count)
	}
}
