package density

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// carry searches on a machine that carries so many for a while, and so many in the long run.
func carry(s *search, short, long int) (tried []trial) {
	for range 200 {
		t, more := s.next()
		if !more {
			return tried
		}
		tried = append(tried, t)
		most := short
		if t.whole {
			most = long
		}
		s.learn(t, t.channels <= most)
	}
	return nil
}

func TestSearchDoublesBisectsAndConfirms(t *testing.T) {
	tried := carry(newSearch(1, 0), 5, 5)
	want := []trial{{1, false}, {2, false}, {4, false}, {8, false}, {6, false}, {5, false}, {5, true}, {6, true}}
	if !slices.Equal(tried, want) {
		t.Fatalf("tried %v, want %v", tried, want)
	}
}

// What did not last is confirmed where it was real time next below.
func TestSearchGoesDownByWhatWasRealTime(t *testing.T) {
	tried := carry(newSearch(1, 0), 5, 4)
	want := []trial{{1, false}, {2, false}, {4, false}, {8, false}, {6, false}, {5, false}, {5, true}, {5, true}, {4, true}}
	if !slices.Equal(tried, want) {
		t.Fatalf("tried %v, want %v", tried, want)
	}
}

// Another program takes the machine while four are tried for the first time.
func TestSearchGivesASecondChance(t *testing.T) {
	s, tries := newSearch(1, 0), map[int]int{}
	for trial, more := s.next(); more; trial, more = s.next() {
		tries[trial.channels]++
		disturbed := trial.channels == 4 && tries[4] == 1
		s.learn(trial, trial.channels <= 5 && !disturbed)
	}
	if s.good != 5 || s.confirmed != 5 || s.bad != 6 {
		t.Errorf("found %d (%d confirmed), not %d", s.good, s.confirmed, s.bad)
	}
}

func TestSearchStopsAtTheMost(t *testing.T) {
	s := newSearch(1, 6)
	carry(s, 100, 100)
	if s.good != 6 || s.confirmed != 6 || s.bad != 0 {
		t.Errorf("found %d (%d confirmed), not %d", s.good, s.confirmed, s.bad)
	}
}

// Whatever it begins with, the answer is confirmed, one more has failed for the whole duration,
// and nothing is tried without end.
func TestSearchFindsTheAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		short := rapid.IntRange(0, 100).Draw(t, "for a while")
		long := rapid.IntRange(max(short-8, 0), short).Draw(t, "in the long run")
		s := newSearch(rapid.IntRange(0, 120).Draw(t, "from"), 0)
		tried := carry(s, short, long)
		if tried == nil || s.good != long || s.confirmed != long || s.bad != long+1 || s.failed[s.bad] < chances {
			t.Fatalf("found %d (%d confirmed), not %d, by %v", s.good, s.confirmed, s.bad, tried)
		}
		if len(tried) > 32 {
			t.Errorf("took %d trials: %v", len(tried), tried)
		}
	})
}
