package media

import (
	"fmt"
	"math"
)

// Rate is a frame rate in frames per second as an exact fraction, 30000/1001
// for NTSC. The zero Rate means "not known".
type Rate struct {
	Num, Den int
}

// Known says whether the rate has been told or measured.
func (r Rate) Known() bool { return r.Num > 0 && r.Den > 0 }

// Float is frames per second, 0 where the rate is not known.
func (r Rate) Float() float64 {
	if !r.Known() {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// Period is the time from one frame to the next, rounded to a tick.
func (r Rate) Period() Ticks {
	if !r.Known() {
		return 0
	}
	return Ticks(math.Round(Clock * float64(r.Den) / float64(r.Num)))
}

// Divide is the rate of every nth frame.
func (r Rate) Divide(n int) Rate { return Rate{r.Num, r.Den * n}.reduced() }

func (r Rate) String() string {
	if r.Den == 1 {
		return fmt.Sprint(r.Num)
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

func (r Rate) reduced() Rate {
	a, b := r.Num, r.Den
	for b != 0 {
		a, b = b, a%b
	}
	if a == 0 {
		return r
	}
	return Rate{r.Num / a, r.Den / a}
}

// nominal are the rates that cameras and encoders mean when they tell or show
// a figure close by.
var nominal = []Rate{
	{10, 1}, {12, 1}, {15000, 1001}, {15, 1}, {20, 1}, {24000, 1001}, {24, 1}, {25, 1},
	{30000, 1001}, {30, 1}, {40, 1}, {48000, 1001}, {48, 1}, {50, 1}, {60000, 1001}, {60, 1},
	{100, 1}, {120000, 1001}, {120, 1},
}

// NominalRate names the usual rate that is meant by fps frames per second: the
// closest one within 0.04 %, which tells 29.97 from 30, or else fps itself to
// three decimals. It is the zero Rate for what is no rate at all.
func NominalRate(fps float64) Rate {
	if math.IsNaN(fps) || fps < 0.001 || fps > 1000 {
		return Rate{}
	}
	best, off := Rate{}, 0.0004
	for _, r := range nominal {
		if d := math.Abs(fps-r.Float()) / r.Float(); d < off {
			best, off = r, d
		}
	}
	if best.Known() {
		return best
	}
	return Rate{int(math.Round(fps * 1000)), 1000}.reduced()
}
