package media

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestNominalRate(t *testing.T) {
	for _, c := range []struct {
		fps  float64
		want Rate
	}{
		{30, Rate{30, 1}}, {29.97, Rate{30000, 1001}}, {29.97003, Rate{30000, 1001}}, {30.005, Rate{30, 1}},
		{23.976, Rate{24000, 1001}}, {23.98, Rate{24000, 1001}}, {24, Rate{24, 1}}, {25, Rate{25, 1}},
		{47.952, Rate{48000, 1001}}, {48, Rate{48, 1}}, {50, Rate{50, 1}},
		{59.94, Rate{60000, 1001}}, {59.9401, Rate{60000, 1001}}, {60, Rate{60, 1}}, {60.01, Rate{60, 1}},
		{119.88, Rate{120000, 1001}}, {120, Rate{120, 1}}, {14.985, Rate{15000, 1001}},
		{12.5, Rate{25, 2}}, {7.5, Rate{15, 2}}, {17.123456, Rate{17123, 1000}}, {1, Rate{1, 1}}, {1000, Rate{1000, 1}},
		{0.001, Rate{1, 1000}},
		{0, Rate{}}, {-25, Rate{}}, {1000.1, Rate{}}, {90000, Rate{}},
		{math.NaN(), Rate{}}, {math.Inf(1), Rate{}}, {0.0004, Rate{}},
	} {
		if got := NominalRate(c.fps); got != c.want {
			t.Errorf("%v frames per second are %v, want %v", c.fps, got, c.want)
		}
	}
}

func TestNominalRateIsClose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fps := rapid.Float64Range(1, 1000).Draw(t, "fps")
		if got := NominalRate(fps).Float(); math.Abs(got-fps)/fps > 0.001 {
			t.Errorf("%v frames per second became %v", fps, got)
		}
	})
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		rate   Rate
		known  bool
		period Ticks
		text   string
		half   Rate
	}{
		{Rate{60, 1}, true, 1500, "60", Rate{30, 1}},
		{Rate{60000, 1001}, true, 1502, "60000/1001", Rate{30000, 1001}},
		{Rate{25, 1}, true, 3600, "25", Rate{25, 2}},
		{Rate{60000, 1000}, true, 1500, "60000/1000", Rate{30, 1}},
		{Rate{}, false, 0, "0/0", Rate{}},
		{Rate{30, 0}, false, 0, "30/0", Rate{1, 0}},
		{Rate{-30, 1}, false, 0, "-30", Rate{-15, 1}},
	} {
		if c.rate.Known() != c.known || c.rate.Period() != c.period || c.rate.String() != c.text || c.rate.Divide(2) != c.half {
			t.Errorf("%+v: known %v, period %d, text %q, half %v", c.rate, c.rate.Known(), c.rate.Period(), c.rate.String(), c.rate.Divide(2))
		}
		if !c.known && c.rate.Float() != 0 {
			t.Errorf("%+v is %v frames per second", c.rate, c.rate.Float())
		}
	}
}
