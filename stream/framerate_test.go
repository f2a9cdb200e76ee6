package stream

import (
	"testing"

	"ladderd/media"
)

func TestFrameRateOfIrregularFrames(t *testing.T) {
	told30, vfr := media.Rate{Num: 30, Den: 1}, media.Rate{Num: 1000, Den: 1}
	cases := []struct {
		name string
		ms   []int64
		told []media.Rate
		want media.Rate
	}{
		{"a frame left out", []int64{0, 33, 67, 133, 167, 200, 233, 267}, []media.Rate{told30}, told30},
		{"a frame left out, none told", []int64{0, 40, 80, 160, 200, 240, 280, 320}, nil, media.Rate{Num: 25, Den: 1}},
		{"many left out", []int64{0, 67, 100, 233, 300, 400, 433, 533}, []media.Rate{told30}, told30},
		{"a still screen", []int64{0, 500, 1000}, []media.Rate{told30, told30}, told30},
		{"a slow camera that says so", []int64{0, 200, 400, 600}, []media.Rate{{Num: 5, Den: 1}}, media.Rate{Num: 5, Den: 1}},
		{"a variable rate's time base", []int64{0, 67, 100, 233, 300, 400, 433, 533}, []media.Rate{vfr, told30}, told30},
		{"two frames", []int64{0, 600}, []media.Rate{vfr, told30}, told30},
	}
	for _, c := range cases {
		var dts []media.Ticks
		for _, at := range c.ms {
			dts = append(dts, ms(at))
		}
		if got := frameRate(dts, c.told...); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
