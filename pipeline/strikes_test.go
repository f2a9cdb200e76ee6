package pipeline

import (
	"testing"
	"time"
)

func TestStrikes(t *testing.T) {
	for _, c := range []struct {
		name    string
		seconds []int // of the failures
		enough  bool  // after the last
		delay   time.Duration
	}{
		{"first", []int{0}, false, 0},
		{"second waits", []int{0, 1}, false, 250 * time.Millisecond},
		{"fourth waits longer", []int{0, 1, 2, 3}, false, 4 * time.Second},
		{"fifth is enough", []int{0, 1, 2, 3, 60}, true, 4 * time.Second},
		{"fifth after the first was forgotten", []int{0, 1, 2, 3, 61}, false, 4 * time.Second},
		{"once a minute for ever", []int{0, 61, 122, 183, 244, 305, 366}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := strikes{limit: 5, window: time.Minute}
			enough := false
			for _, sec := range c.seconds {
				enough = s.add(time.Unix(int64(sec), 0))
			}
			if enough != c.enough || s.delay() != c.delay {
				t.Errorf("enough %v, delay %v; want %v, %v", enough, s.delay(), c.enough, c.delay)
			}
		})
	}
}
