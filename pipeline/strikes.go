package pipeline

import "time"

// strikes counts failures and says when it is enough.
type strikes struct {
	limit  int           // that many
	window time.Duration // within this time
	times  []time.Time
}

// add notes a failure and says whether it is enough.
func (s *strikes) add(now time.Time) (enough bool) {
	s.times = append(s.times, now)
	for now.Sub(s.times[0]) > s.window {
		s.times = s.times[1:]
	}
	return len(s.times) >= s.limit
}

func (s *strikes) forgive() { s.times = nil }

// backoff is how long to wait before the next worker is started after so many
// failures in a row. The first is replaced at once: most faults do not come
// back, and viewers are waiting. The last gives a device time to be reset.
var backoff = [...]time.Duration{0, 250 * time.Millisecond, time.Second, 4 * time.Second}

func (s *strikes) delay() time.Duration {
	return backoff[min(max(len(s.times)-1, 0), len(backoff)-1)]
}
