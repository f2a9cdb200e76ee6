package main

import (
	"math"
	"strings"
	"testing"
)

func TestPercentile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for p, want := range map[float64]float64{0: 1, 20: 1, 21: 2, 50: 3, 99: 5, 100: 5} {
		if got := percentile(values, p); got != want {
			t.Errorf("percentile %v: %v, not %v", p, got, want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("median of nothing: %v", got)
	}
}

func TestRatiosArePairedByRound(t *testing.T) {
	got := ratios([]float64{1, 2, 9}, []float64{2, 2, 3})
	if want := (span{0.5, 1, 3}); got != want {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestAimIsMetAtItsLimit(t *testing.T) {
	for got, met := range map[float64]bool{0.59: true, 0.6: true, 0.601: false} {
		if a := atMost("CPU", 0.6, got); a.Met != met {
			t.Errorf("%v", a)
		}
	}
}

func TestAimWithoutDataIsNotMet(t *testing.T) {
	for name, a := range map[string]aim{
		"nothing measured": atMost("s", 1, 0, basis{what: "parts"}),
		"one of two":       atMost("s", 1, 0.5, basis{taken: 9, what: "parts"}, basis{what: "frames"}),
		"much lost":        atMost("s", 1, 0.5, basis{98, 2, "stamps read"}),
		"not a number":     atMost("s", 1, math.NaN()),
		"no memory":        atMost("MB", 1, positive(0)),
	} {
		if a.Met || a.NoData == "" || !strings.HasPrefix(a.String(), "no data") {
			t.Errorf("%s: %v", name, a)
		}
	}
	if a := atMost("s", 1, 0.5, basis{99, 1, "stamps read"}); !a.Met {
		t.Errorf("little lost: %v", a)
	}
}
