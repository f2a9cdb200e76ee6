package pipeline

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A stream that is asked to goes on with another backend, and nobody is blamed.
func TestMoveOnRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, on(gpuOne, periodic), Options{Elsewhere: func(f Failure) (Backend, bool) {
			t.Errorf("%+v is blamed", f)
			return f.Backend, false
		}})
		write(t, s, gop(second)...)
		a := <-hired
		a.gets(t, second+second*4/5)
		s.Move(gpuTwo)
		a = <-hired
		if a.job.Backend != gpuTwo {
			t.Errorf("it goes on with %s", a.job.Backend)
		}
		s.Move(gpuTwo)
		s.Move(Backend{Encoder: "quantum"})
		time.Sleep(time.Second)
		synctest.Wait()
		if len(hired) != 0 {
			t.Error("it moves for nothing")
		}
		if snap := s.Snapshot(); snap.Restarts != 0 || snap.LastFailure != "" || snap.Failures != (Failures{}) {
			t.Errorf("%+v", snap)
		}
	})
}

// What is to be shed is told the worker before its next input, and the workers after it in
// their jobs; the newest holds.
func TestShedIsToldEachWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, on(gpuOne, periodic), Options{})
		a := <-hired
		s.Shed([]int{7})
		s.Shed([]int{0})
		write(t, s, gop(second)...)
		if m, told := a.hears().(Shed); !told || !slices.Equal(m.Outputs, []int{0}) {
			t.Errorf("it is told %+v", m)
		}
		a.gets(t, second+second*4/5)
		a.exit(-1, "crashed")
		if a = <-hired; !slices.Equal(a.job.Shed, []int{0}) {
			t.Errorf("the next worker's job sheds %v", a.job.Shed)
		}
		s.Shed([]int{0, 1}) // nothing would be left
		time.Sleep(time.Second)
		if in, told := a.hears().(Input); !told {
			t.Errorf("it is told %+v", in)
		}
	})
}
