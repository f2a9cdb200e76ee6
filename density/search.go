package density

// trial is how many channels to try, and whether for the whole duration.
type trial struct {
	channels int
	whole    bool
}

// search finds the highest number that is real time, if what is so for n is so for less. It
// doubles, bisects, and confirms at full length. One failure may be another program's doing, so
// that the answer's neighbour has to fail twice, once at full length at least, and so has what is
// to be confirmed.
type search struct {
	from, most int // to begin with; to stop at, 0 where nothing stops it

	good      int         // the highest that was real time
	bad       int         // the least that was not; 0 where there is none
	confirmed int         // the highest that was so for the whole duration
	passed    []int       // all that were real time at least once
	failed    map[int]int // how often each number was not
	full      bool        // short runs have misled: no more of them
}

// chances are how often a number may fail before it is not real time.
const chances = 2

func newSearch(from, most int) *search {
	if most > 0 {
		from = min(from, most)
	}
	return &search{from: max(from, 1), most: most, failed: map[int]int{}}
}

// next is what to try; false where the answer is there.
func (s *search) next() (trial, bool) {
	if s.bad == 0 && (s.most == 0 || s.good < s.most) {
		return trial{s.higher(), s.full}, true
	}
	if s.bad > s.good+1 {
		return trial{s.good + (s.bad-s.good)/2, s.full}, true
	}
	if s.confirmed < s.good {
		return trial{s.good, true}, true
	}
	if s.bad > 0 && s.failed[s.bad] < chances {
		return trial{s.bad, true}, true
	}
	return trial{}, false
}

// higher is the next number on the way up: by ones where a second chance has shown that
// the end is near.
func (s *search) higher() int {
	switch {
	case s.good == 0:
		return s.from
	case s.full:
		return s.good + 1
	case s.most > 0:
		return min(2*s.good, s.most)
	}
	return 2 * s.good
}

// learn takes how a trial went.
func (s *search) learn(t trial, realTime bool) {
	if !realTime {
		s.failed[t.channels]++
	}
	switch {
	case realTime:
		s.passed = append(s.passed, t.channels)
		s.good = max(s.good, t.channels)
		if t.whole {
			s.confirmed = max(s.confirmed, t.channels)
		}
		if s.bad > 0 && t.channels >= s.bad {
			s.bad, s.full = 0, true
		}
	case t.channels <= s.good && s.failed[t.channels] < chances:
		// It is tried once more.
	case t.channels <= s.good:
		// What was real time for a while is not in the long run. What is next below may be.
		s.bad, s.good, s.full = t.channels, s.confirmed, true
		for _, n := range s.passed {
			if n < s.bad {
				s.good = max(s.good, n)
			}
		}
	default:
		s.bad = t.channels
	}
}
