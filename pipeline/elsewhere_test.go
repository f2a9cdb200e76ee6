package pipeline

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/media"
)

var (
	cpu     = Backend{Encoder: X264}
	gpuOne  = Backend{Encoder: NVENC, Device: Device{CUDA, "GPU-1"}, Decode: true, Scale: true}
	gpuTwo  = Backend{Encoder: NVENC, Device: Device{CUDA, "GPU-2"}, Decode: true, Scale: true}
	unknown = Backend{Encoder: "abacus"}
)

// on is job by b.
func on(b Backend, job Job) Job {
	job.Backend = b
	return job
}

// chain goes from each backend to the next one, and notes why.
func chain(reasons *[]string, list ...Backend) func(Failure) (Backend, bool) {
	return func(f Failure) (Backend, bool) {
		failed := f.Backend
		*reasons = append(*reasons, f.Reason)
		for i, b := range list[:len(list)-1] {
			if b == failed {
				return list[i+1], true
			}
		}
		return failed, false
	}
}

// TestFailureDecidesWhereTheNextWorkerRuns plays workers that all fail in one way
// without having put anything out, and looks where each of them was started.
func TestFailureDecidesWhereTheNextWorkerRuns(t *testing.T) {
	asks := func(a *actor) {
		a.says(Failed{Reason: "the GPU is lost", Code: ExitRetryElsewhere})
		a.exit(ExitRetryElsewhere, "exit status 11")
	}
	crashes := func(a *actor) { a.exit(-1, "signal: segmentation fault") }
	for _, c := range []struct {
		name   string
		play   func(a *actor)
		begins Backend
		next   []Backend // nil: Options.Elsewhere is not set
		want   []Backend // of the workers in turn
		reason string    // why the first backend was left
	}{
		{"one that asks for another", asks, gpuOne, []Backend{gpuTwo, cpu}, []Backend{gpuOne, gpuTwo, cpu, cpu}, "the GPU is lost"},
		{
			"one that asks by its exit status alone", func(a *actor) { a.exit(ExitRetryElsewhere, "exit status 11") },
			gpuOne, []Backend{cpu}, []Backend{gpuOne, cpu, cpu}, "exit status 11",
		},
		{
			"one that hangs after having asked", func(a *actor) { a.says(Failed{Reason: "the GPU is lost", Code: ExitRetryElsewhere}) },
			gpuOne, []Backend{cpu}, []Backend{gpuOne, cpu, cpu}, "the GPU is lost",
		},
		{"one that asks where nobody knows another", asks, gpuOne, nil, []Backend{gpuOne, gpuOne, gpuOne}, ""},
		{"one that asks where there is none", asks, cpu, []Backend{cpu}, []Backend{cpu, cpu, cpu}, "the GPU is lost"},
		{"one that asks and is given what no worker knows", asks, gpuOne, []Backend{unknown}, []Backend{gpuOne, gpuOne}, "the GPU is lost"},
		{"a crash on a device", crashes, gpuOne, []Backend{gpuTwo, cpu}, []Backend{gpuOne, gpuOne, gpuTwo, gpuTwo, cpu, cpu, cpu}, "signal: segmentation fault"},
		{"a hang on a device", func(*actor) {}, gpuOne, []Backend{cpu}, []Backend{gpuOne, cpu, cpu}, "did not start within 8s"},
		{
			"a device that does not open", func(a *actor) { a.beats(Progress{}) },
			gpuOne, []Backend{cpu}, []Backend{gpuOne, cpu, cpu}, "did not open its encoders within 8s",
		},
		{"a hang on the CPU", func(*actor) {}, cpu, []Backend{gpuOne}, []Backend{cpu, cpu, cpu, cpu, cpu, gpuOne}, "did not start within 8s"},
		{"a crash on the CPU", crashes, cpu, []Backend{gpuOne}, []Backend{cpu, cpu, cpu, cpu, cpu, gpuOne, gpuOne}, "signal: segmentation fault"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reasons []string
				var o Options
				if c.next != nil {
					o.Elsewhere = chain(&reasons, append([]Backend{c.begins}, c.next...)...)
				}
				s, hired := cast(t, on(c.begins, periodic), o)
				stop := make(chan struct{})
				defer close(stop)
				go source(s, second, stop)
				for i, want := range c.want {
					a := <-hired
					if a.job.Backend != want {
						t.Fatalf("worker %d runs on %s, want %s", i, a.job.Backend, want)
					}
					synctest.Wait()
					if got := s.Snapshot().Backend; got != want {
						t.Errorf("worker %d runs on %s, the snapshot tells %s", i, want, got)
					}
					go c.play(a)
				}
				synctest.Wait()
				if c.reason == "" && len(reasons) > 0 || c.reason != "" && (len(reasons) == 0 || reasons[0] != c.reason) {
					t.Errorf("left for %q, want %q", reasons, c.reason)
				}
			})
		})
	}
}

// TestOtherBackendKeepsTheRules has a device fail in the middle of a GOP: its
// replacement elsewhere resumes past what is out, from the keyframe before, and all
// outputs go on with an IDR and the new encoder's parameters at one PTS.
func TestOtherBackendKeepsTheRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		s, hired := cast(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, cpu)})
		write(t, s, gop(second)...)
		a := <-hired
		a.gets(t, second+second*4/5)
		a.says(Ready{Encoders: []string{"h264_nvenc 852x480"}}, out(0, key(second)), out(1, key(second)), out(1, video(second+3000, false)))
		a.says(Failed{Reason: "the GPU is lost", Code: ExitRetryElsewhere})
		a.exit(ExitRetryElsewhere, "exit status 11")

		a = <-hired
		if a.job.Backend != cpu || a.job.After != second+3000 {
			t.Errorf("goes on with %s past %d", a.job.Backend, a.job.After)
		}
		if in := a.hears().(Input); in.Packet.PTS != second || !in.Packet.Key || in.Packet.Video == nil {
			t.Errorf("replay begins with %+v", in.Packet)
		}
		a.gets(t, second+second*4/5)
		write(t, s, gop(3*second)...)
		a.gets(t, 3*second)
		others := testVideo
		others.SPS = []byte{0x67, 0x4d, 0x40, 0x1f}
		resumed := key(3 * second)
		resumed.Video = &others
		// A backend that puts out what is out already is not heard.
		a.says(Ready{Encoders: []string{"libx264 852x480"}}, out(0, resumed), out(1, resumed))
		var got []Output
		for range 5 {
			got = append(got, <-s.Outputs())
		}
		for _, o := range got[3:] {
			if p := o.Packet; p.PTS != 3*second || !p.Key || !p.Video.Same(&others) {
				t.Errorf("output %d goes on at %d, IDR %v, with %+v", o.Index, p.PTS, p.Key, p.Video)
			}
		}
		synctest.Wait()
		snap := s.Snapshot()
		if snap.Backend != cpu || snap.Restarts != 1 || snap.LastFailure != "the GPU is lost" || snap.Encoders[0] != "libx264 852x480" {
			t.Errorf("snapshot %+v", snap)
		}
	})
}

// TestStrikesBeginAnewElsewhere has a device's workers use up all deaths but one.
func TestStrikesBeginAnewElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		s, hired := cast(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, gpuTwo)})
		write(t, s, gop(second)...)
		for i := range maxDeaths {
			a := <-hired
			if a.job.Backend != gpuOne {
				t.Fatalf("worker %d was moved", i)
			}
			at := second + media.Ticks(i)
			a.says(Ready{}, out(0, key(at)), out(1, key(at)))
			a.exit(-1, "signal: aborted")
		}
		for i := range maxDeaths {
			a := <-hired
			if a.job.Backend != gpuTwo {
				t.Fatalf("worker %d after the move is on %s", i, a.job.Backend)
			}
			a.exit(-1, "signal: aborted")
		}
		<-s.Done()
		if err := s.Err(); err == nil || !strings.Contains(err.Error(), "worker died 5 times") {
			t.Errorf("error %v", err)
		}
	})
}

// TestInputIsSuspectedAfterTheDevice has a GOP kill every worker, wherever it runs.
func TestInputIsSuspectedAfterTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		s, hired := cast(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, cpu)})
		write(t, s, gop(second)...)
		write(t, s, gop(2*second)...)
		for i, want := range []Backend{gpuOne, gpuOne, cpu, cpu} {
			a := <-hired
			if a.job.Backend != want {
				t.Fatalf("worker %d is on %s", i, a.job.Backend)
			}
			a.gets(t, second+second/5)
			a.exit(-1, "signal: segmentation fault")
		}
		a := <-hired
		in, ok := a.hears().(Input)
		for ok && in.Packet.Kind == media.Audio {
			in, ok = a.hears().(Input)
		}
		if !ok || in.Packet.PTS != 2*second || in.Packet.Video == nil {
			t.Errorf("goes on with %+v", in.Packet)
		}
	})
}

// TestInputIsNotSuspectedWhereNoEncoderOpens has x264 not open, for which there is nothing
// else: all of the input is kept for the worker in which it does.
func TestInputIsNotSuspectedWhereNoEncoderOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := cast(t, periodic, Options{Elsewhere: func(f Failure) (Backend, bool) { return f.Backend, true }})
		write(t, s, gop(second)...)
		write(t, s, gop(2*second)...)
		for range maxFruitless + 1 {
			a := <-hired
			a.gets(t, second)
			a.says(Failed{Reason: "open libx264: out of memory", Code: ExitRetryElsewhere})
			a.exit(ExitRetryElsewhere, "exit status 11")
		}
		(<-hired).gets(t, second)
	})
}

func TestSlowDeviceIsLeftBeforeTheStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		s, hired := cast(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, cpu)})
		stop := make(chan struct{})
		defer close(stop)
		go source(s, second, stop)
		var actors sync.WaitGroup
		defer actors.Wait()
		for i := range 2 * maxOverflows {
			a := <-hired
			if want := i >= maxOverflows; (a.job.Backend == cpu) != want {
				t.Fatalf("worker %d is on %s", i, a.job.Backend)
			}
			actors.Go(func() { // a tenth of what it should do
				a.says(Ready{})
				for n := int64(0); a.hears() != nil; n++ {
					a.says(Progress{FramesDecoded: n})
					<-time.After(400 * time.Millisecond)
				}
			})
		}
		<-s.Done()
		if err := s.Err(); !errors.Is(err, ErrTooSlow) || len(reasons) != 2 {
			t.Errorf("error %v after %q", err, reasons)
		}
	})
}

// TestDeviceThatHangsIsLeftAtOnce has workers hang that had made renditions.
func TestDeviceThatHangsIsLeftAtOnce(t *testing.T) {
	for name, beats := range map[string]bool{"gave no sign of life for 4s": false, "decoded nothing in 4s of input": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reasons []string
				s, hired := cast(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, cpu)})
				stop := make(chan struct{})
				defer close(stop)
				go source(s, second, stop)
				first := <-hired
				first.says(Ready{}, out(0, key(second)), out(1, key(second)))
				began := time.Now()
				var actors sync.WaitGroup
				defer actors.Wait()
				if beats {
					actors.Go(func() {
						for first.hears() != nil {
							first.says(Progress{FramesDecoded: 1})
						}
					})
				}
				a := <-hired
				if a.job.Backend != cpu || len(reasons) != 1 || reasons[0] != name {
					t.Errorf("goes on with %s, left for %q", a.job.Backend, reasons)
				}
				if got := time.Since(began); got > 5*time.Second {
					t.Errorf("after %v", got)
				}
			})
		})
	}
}

// TestSlowWorkerThatDoesNotDieLeavesItsDevice has a worker fall behind, for the first
// time, because it hangs.
func TestSlowWorkerThatDoesNotDieLeavesItsDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		s, hired := castWith(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, cpu)}, func(a *actor) bool { return a.job.Backend == gpuOne })
		stop := make(chan struct{})
		defer close(stop)
		go source(s, second, stop)
		first := <-hired
		var actors sync.WaitGroup
		defer actors.Wait()
		defer first.exit(-1, "signal: killed") // at last
		actors.Go(func() {
			first.says(Ready{})
			for n := int64(0); first.hears() != nil; n++ {
				first.says(Progress{FramesDecoded: n})
				<-time.After(400 * time.Millisecond)
			}
		})
		a := <-hired
		if snap := s.Snapshot(); a.job.Backend != cpu || len(reasons) != 1 || snap.Overflows != 1 {
			t.Errorf("goes on with %s, left for %q: %+v", a.job.Backend, reasons, snap)
		}
	})
}

// TestWorkerThatDoesNotDieIsLeftBehind has a worker hang in a driver, so that not even
// SIGKILL ends it.
func TestWorkerThatDoesNotDieIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		s, hired := castWith(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, cpu)}, func(a *actor) bool { return a.job.Backend == gpuOne })
		stop := make(chan struct{})
		defer close(stop)
		go source(s, second, stop)
		first := <-hired
		defer first.exit(-1, "signal: killed") // at last
		first.says(Ready{}, out(0, key(second)), out(1, key(second)))
		began := time.Now()
		a := <-hired
		if a.job.Backend != cpu || a.job.After != second {
			t.Errorf("goes on with %s past %d", a.job.Backend, a.job.After)
		}
		if got := time.Since(began); got > 9*time.Second {
			t.Errorf("after %v", got)
		}
		if want := "gave no sign of life for 4s"; reasons[0] != want || s.Snapshot().LastFailure != want {
			t.Errorf("left for %q", reasons)
		}
	})
}

func TestCloseDoesNotWaitForAWorkerThatDoesNotDie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, hired := castWith(t, periodic, Options{}, func(*actor) bool { return true })
		a := <-hired
		defer a.exit(-1, "signal: killed")
		began := time.Now()
		s.Close()
		if got := time.Since(began); got > 5*time.Second {
			t.Errorf("took %v", got)
		}
	})
}
