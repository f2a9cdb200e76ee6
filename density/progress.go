package density

import (
	"fmt"
	"time"
)

// Progress is where a bench is.
type Progress struct {
	Channels int
	Whole    bool
	Measured time.Duration // 0 while the channels settle
	Length   time.Duration // of the step's measurement
	Behind   time.Duration // as in Step, of all outputs
	Step     *Step         // that is over; else nil
}

// String is a line for people.
func (p Progress) String() string {
	switch {
	case p.Step != nil && p.Step.RealTime:
		u := p.Step.Usage
		return fmt.Sprintf("%s: real time for %.0f s, %.2f cores, others %.2f", count(p.Channels), p.Step.Seconds, u.CPU+u.OwnCPU, u.OthersCPU)
	case p.Step != nil:
		return fmt.Sprintf("%s: not real time: %s", count(p.Channels), p.Step.Why)
	case p.Measured > 0:
		return fmt.Sprintf("%s: %.0f of %.0f s, at most %.2f s further behind than when settled", count(p.Channels), p.Measured.Seconds(), p.Length.Seconds(), max(p.Behind.Seconds(), 0))
	}
	return count(p.Channels) + ": settling"
}

func count(channels int) string {
	if channels == 1 {
		return "1 channel"
	}
	return fmt.Sprintf("%d channels", channels)
}
