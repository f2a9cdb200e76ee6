package main

import "testing"

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
