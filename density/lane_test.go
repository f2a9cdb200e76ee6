package density

import (
	"testing"
	"time"
)

// at is a moment of a made-up clock.
func at(d time.Duration) time.Time { return time.Unix(1000, 0).Add(d) }

const frame = time.Second / 30

// play puts out a picture every frame from one moment to another, with a delay that depends
// on when it is due.
func play(w *Watch, from, to time.Duration, delay func(time.Duration) time.Duration) {
	for due := from; due < to; due += frame {
		w.Out(0, at(due), at(due+delay(due)))
	}
}

func steadily(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func settledWatch(t *testing.T) *Watch {
	t.Helper()
	w := newWatch([]string{"720p60"})
	play(w, 0, 4*time.Second, steadily(100*time.Millisecond))
	if output, fault := w.unsettled(at(4 * time.Second)); output != "" || fault != "" {
		t.Fatalf("%s has not settled: %s", output, fault)
	}
	if d := w.settle()["720p60"]; d != 100*time.Millisecond {
		t.Fatalf("settled at %v", d)
	}
	return w
}

func TestOutputsSettle(t *testing.T) {
	for name, c := range map[string]struct {
		delay func(due time.Duration) time.Duration
		now   time.Duration
		want  bool
	}{
		"steady":                    {steadily(time.Second), 4 * time.Second, true},
		"not for long enough":       {steadily(0), 1900 * time.Millisecond, false},
		"nothing came for a while":  {steadily(0), 5 * time.Second, false},
		"catching up":               {func(due time.Duration) time.Duration { return 4*time.Second - due }, 4 * time.Second, false},
		"falling behind by a third": {func(due time.Duration) time.Duration { return due / 3 }, 4 * time.Second, false},
		"caught up two seconds ago": {func(due time.Duration) time.Duration { return max(1500*time.Millisecond-due, 0) }, 4 * time.Second, true},
	} {
		w := newWatch([]string{"720p60"})
		play(w, 0, min(c.now, 4*time.Second), c.delay)
		if output, _ := w.unsettled(at(c.now)); (output == "") != c.want {
			t.Errorf("%s: settled is %t", name, output == "")
		}
	}
	if output, _ := newWatch([]string{"720p60"}).unsettled(at(0)); output != "720p60" {
		t.Error("settled without a packet")
	}
}

func TestLatenessIsCountedFromTheSettledStart(t *testing.T) {
	w := settledWatch(t)
	play(w, 4*time.Second, 8*time.Second, steadily(300*time.Millisecond))
	if by, _, _ := w.behind(at(8 * time.Second)); by != 200*time.Millisecond {
		t.Errorf("behind by %v", by)
	}
	// It has caught up since, and was late all the same.
	w.Out(0, at(8*time.Second), at(8*time.Second+Part+101*time.Millisecond))
	play(w, 8500*time.Millisecond, 10*time.Second, steadily(100*time.Millisecond))
	if by, output, _ := w.behind(at(10 * time.Second)); by != Part+time.Millisecond || output != "720p60" {
		t.Errorf("%s was behind by %v", output, by)
	}
}

// An output that stops is late although nothing late comes.
func TestAnOutputThatStopsIsBehind(t *testing.T) {
	w := settledWatch(t)
	last := 4*time.Second - frame // due at about then
	if by, _, _ := w.behind(at(last + frame + 100*time.Millisecond)); by > frame {
		t.Errorf("behind by %v with nothing due", by)
	}
	if by, _, _ := w.behind(at(last + 2*frame + 100*time.Millisecond + Part)); by < Part {
		t.Errorf("behind by %v", by)
	}
}

func TestAFaultIsKept(t *testing.T) {
	w := settledWatch(t)
	w.Fail("the worker died")
	w.Fail("and another one")
	if _, _, fault := w.behind(at(4 * time.Second)); fault != "the worker died" {
		t.Errorf("fault %q", fault)
	}
}
