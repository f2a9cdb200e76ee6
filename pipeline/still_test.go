package pipeline

import (
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/media"
)

// asleep is a machine on which no worker uses a CPU or waits for one.
func asleep() (vitals, bool) { return vitals{}, false }

// starved is one on which they wait for a CPU.
func starved() (vitals, bool) { return vitals{}, true }

// spinning is one on which they use all of one, though nobody ever sees them do it.
func spinning() kernel {
	began := time.Now()
	return func() (vitals, bool) { return vitals{cpu: time.Since(began)}, false }
}

// encodes plays a worker that takes all input and encodes each picture twice, until told
// to hang; then one encoder holds n pictures up.
func encodes(a *actor, hang <-chan struct{}) {
	p := Progress{FramesOut: []int64{0, 0}, Queued: []int{0, 0}}
	tick := time.NewTicker(HeartbeatPeriod / 4)
	defer tick.Stop()
	a.says(Ready{})
	for feed := (<-chan Message)(a.feed); ; {
		select {
		case <-feed:
			p.PacketsIn++
			p.FramesDecoded++
			p.FramesOut[0]++
			p.FramesOut[1]++
		case <-tick.C:
			said := p
			said.FramesOut, said.Queued = slices.Clone(p.FramesOut), slices.Clone(p.Queued)
			a.says(said)
		case <-hang:
			hang, feed, p.Queued[1] = nil, nil, 4
			p.FramesOut[0]++
		case <-a.done:
			return
		}
	}
}

// TestWorkerThatStandsStillIsReplacedWithinASecond plays workers that stop in the midst of
// a stream, on machines that tell different things of them.
func TestWorkerThatStandsStillIsReplacedWithinASecond(t *testing.T) {
	hangs := func(a *actor) {
		hang := make(chan struct{})
		time.AfterFunc(3*time.Second, func() { close(hang) })
		encodes(a, hang)
	}
	stops := func(a *actor) { // as SIGSTOP has it
		a.says(Ready{})
		for n := range int64(24) {
			<-time.After(HeartbeatPeriod / 4)
			a.hears()
			a.says(Progress{PacketsIn: n, FramesDecoded: n})
		}
	}
	const still = "stood still for 810ms with work to do"
	for _, c := range []struct {
		name string
		play func(*actor)
		kernel
		want   string
		within time.Duration
	}{
		{"an encoder that hangs", hangs, asleep, still, time.Second},
		{"one that is stopped", stops, asleep, still, time.Second},
		{"one that gets no CPU", hangs, starved, "decoded nothing in 4s of input", 5 * time.Second},
		{"one that is stopped for want of a CPU", stops, starved, "gave no sign of life for 4s", 5 * time.Second},
		{"a driver that spins", hangs, nil, "decoded nothing in 4s of input", 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := c.kernel
				if k == nil {
					k = spinning()
				}
				s, hired := castOn(t, periodic, Options{}, k, func(*actor) bool { return false })
				stop := make(chan struct{})
				defer close(stop)
				go source(s, second, stop)
				first := <-hired
				began := time.Now()
				go c.play(first)
				<-hired
				snap := s.Snapshot()
				if snap.LastFailure != c.want || snap.Failures != (Failures{Hung: 1}) {
					t.Errorf("failed for %q: %+v", snap.LastFailure, snap.Failures)
				}
				if took := time.Since(began) - 3*time.Second; took > c.within {
					t.Errorf("noticed after %v", took)
				}
			})
		})
	}
}

// TestWorkerThatDoesNotEvenRunIsNotWaitedFor has one hang in the kernel, so that SIGKILL
// does not end it.
func TestWorkerThatDoesNotEvenRunIsNotWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		kernel
		within time.Duration
	}{
		"it sleeps":          {asleep, 3 * time.Second},
		"it waits for a CPU": {starved, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, hired := castOn(t, everyIDR, Options{}, c.kernel, func(a *actor) bool { return a.job.After < 0 })
				stop := make(chan struct{})
				defer close(stop)
				go source(s, second, stop)
				first := <-hired
				defer first.exit(-1, "signal: killed") // at last
				first.says(Ready{}, out(0, key(second)), out(1, key(second)))
				began := time.Now()
				<-hired
				if took := time.Since(began); took > c.within {
					t.Errorf("the next one was started after %v", took)
				}
			})
		})
	}
}

// A worker is not hung for having nothing to do.
func TestIdleWorkerStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := castOn(t, periodic, Options{}, asleep, func(*actor) bool { return false })
		a := <-hired
		go encodes(a, nil)
		for i := range 20 { // a picture, then a pause, of different lengths
			write(t, s, gop(second*2*(1+media.Ticks(i)))...)
			<-time.After(time.Duration(i) * 300 * time.Millisecond)
		}
		if s.Restarts() != 0 {
			t.Errorf("the worker was replaced: %s", s.Snapshot().LastFailure)
		}
	})
}

// TestWorkerThatHoldsTooMuchMemoryIsReplaced does so where its job cannot need it.
func TestWorkerThatHoldsTooMuchMemoryIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := memoryOf(periodic) + 1
		s, hired := castOn(t, periodic, Options{}, func() (vitals, bool) { return vitals{memory: full}, false }, func(*actor) bool { return false })
		go encodes(<-hired, nil)
		<-hired
		snap := s.Snapshot()
		if want := "holds 1667 MiB of memory, of which its job can need 1667 at most"; snap.LastFailure != want || snap.Failures.Memory != 1 {
			t.Errorf("failed for %q: %+v", snap.LastFailure, snap.Failures)
		}
	})
}

func TestVitals(t *testing.T) {
	v, ok := vitalsOf(os.Getpid())
	if !ok || v.memory < 1<<20 {
		t.Errorf("this process: %+v, %v", v, ok)
	}
	if !busyNow(os.Getpid()) {
		t.Error("this process does not run")
	}
	if _, ok := vitalsOf(0); ok {
		t.Error("there is a process 0")
	}
}
