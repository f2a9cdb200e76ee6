package pace

import (
	"math"

	"ladderd/media"
)

// Budget says how much of a constant bit rate each picture of a rendition may use:
// as many of its rate's frame periods as have passed since the picture before. An
// encoder that gives each picture one period's bits, as NVENC and x264 do where they
// need not wait for the next one, sends a source that drops or spreads its frames in
// too few bits.
//
// It counts whole periods and carries what is over, so that a source with
// timestamps in milliseconds, or a rate a little beside what was told, has one
// period a picture, and encoders are seldom told anything new.
type Budget struct {
	period  float64 // ticks; 0 counts nothing
	most    int
	last    media.Ticks
	started bool
	owed    float64 // periods that have passed and were not given
}

// NewBudget counts periods of rate. No picture gets more than buffer, in seconds,
// the size of the encoder's VBV: what a longer pause saved is not sent after it.
func NewBudget(rate media.Rate, buffer float64) *Budget {
	if !rate.Known() {
		return &Budget{most: 1}
	}
	return &Budget{period: media.Clock / rate.Float(), most: max(1, int(buffer*rate.Float()))}
}

// Periods is how many frame periods of bits the next picture has, at least 1.
func (b *Budget) Periods(pts media.Ticks) int {
	if b.started && b.period > 0 {
		b.owed += float64(pts-b.last)/b.period - 1
	}
	b.last, b.started = pts, true
	n := max(0, int(math.Round(b.owed)))
	b.owed -= float64(n)
	// The cadence lets no picture come early for long: what it is early by is caught
	// up by those that follow.
	b.owed = max(b.owed, -1)
	return min(1+n, b.most)
}
