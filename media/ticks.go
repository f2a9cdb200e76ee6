package media

import "time"

// Clock is the number of ticks in a second: the 90 kHz clock of MPEG systems
// (ISO/IEC 13818-1, 2.4.2), on which all of ladderd's timestamps are.
const Clock = 90000

// Ticks is a moment or a span on the 90 kHz clock.
type Ticks int64

// FromDuration rounds d to the nearest tick.
func FromDuration(d time.Duration) Ticks {
	whole, rest := d/time.Second, d%time.Second
	half := time.Second / 2
	if rest < 0 {
		half = -half
	}
	return Ticks(whole)*Clock + Ticks((rest*Clock+half)/time.Second)
}

// FromMillis converts milliseconds, RTMP's unit.
func FromMillis(ms int64) Ticks { return Ticks(ms * (Clock / 1000)) }

// Duration converts to Go's unit, rounded down to a nanosecond.
func (t Ticks) Duration() time.Duration {
	whole, rest := t/Clock, t%Clock
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/Clock
}

// Seconds is for logs, playlists and figures.
func (t Ticks) Seconds() float64 { return float64(t) / Clock }
