package pipeline

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/media"
)

// TestBehind looks at one output of all pictures and one of every other one.
func TestBehind(t *testing.T) {
	const frame = second / 50
	rates := Job{Videos: []VideoOutput{{Rate: media.Rate{Num: 50, Den: 1}}, {Rate: media.Rate{Num: 25, Den: 1}}}}
	for _, c := range []struct {
		name   string
		source []media.Ticks // PTS, in frames, as they came: one each 20 ms
		out    [2]media.Ticks
		want   time.Duration
	}{
		{"all is out", []media.Ticks{0, 1, 2}, [2]media.Ticks{2, 2}, 0},
		{"all is out but what one output leaves out", []media.Ticks{0, 1, 2, 3}, [2]media.Ticks{3, 2}, 0},
		{"the newest is not out", []media.Ticks{0, 1, 2, 3}, [2]media.Ticks{2, 2}, 0},
		{"three are not out anywhere", []media.Ticks{0, 1, 2, 3, 4}, [2]media.Ticks{1, 0}, 40 * time.Millisecond},
		{"one output is late", []media.Ticks{0, 1, 2, 3, 4, 5, 6}, [2]media.Ticks{6, 2}, 40 * time.Millisecond},
		{"pictures that came in another order", []media.Ticks{0, 3, 1, 2, 6, 4, 5}, [2]media.Ticks{3, 2}, 40 * time.Millisecond},
		{"nothing is out", []media.Ticks{0, 1, 2, 3}, [2]media.Ticks{-1, -1}, 60 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &owner{job: rates, backlog: newBacklog(rates, Limits{}.withDefaults()), gate: newGate(rates)}
			for i, n := range c.source {
				p := video(n*frame, n == 0)
				p.Arrived = time.Unix(0, 0).Add(time.Duration(i) * 20 * time.Millisecond)
				w.backlog.push(p)
			}
			for i, n := range c.out {
				w.gate.videos[i].last = n * frame
				w.gate.after = max(w.gate.after, n*frame)
			}
			if got := w.behind(); got != c.want {
				t.Errorf("%v behind, want %v", got, c.want)
			}
		})
	}
}

// transcodes plays a worker that puts each picture out, pause after the one before. It
// says that it is ready with the first one.
func transcodes(a *actor, pause time.Duration) {
	a.says(Ready{})
	progress := Progress{FramesOut: []int64{0, 0}, Queued: []int{0, 0}}
	begun := false
	for m := a.hears(); m != nil; m = a.hears() {
		in, ok := m.(Input)
		if !ok || in.Packet.PTS <= a.job.After {
			continue
		}
		if begun = begun || in.Packet.Key; !begun {
			continue
		}
		if in.Packet.Key {
			in.Packet = withParams(in.Packet)
		}
		progress.PacketsIn, progress.FramesDecoded = progress.PacketsIn+1, progress.FramesDecoded+1
		a.says(out(0, in.Packet), out(1, in.Packet), progress)
		select {
		case <-time.After(pause):
		case <-a.done:
		}
	}
}

// TestSlowDeviceIsLeft has workers take longer for a picture than the source, which
// makes one each 40 ms.
func TestSlowDeviceIsLeft(t *testing.T) {
	for _, c := range []struct {
		name   string
		begins Backend
		kernel
		pause  time.Duration
		within time.Duration // 0: it is not left
	}{
		{"at half the speed", gpuOne, asleep, 80 * time.Millisecond, 4 * time.Second},
		{"at a quarter of it", gpuOne, asleep, 160 * time.Millisecond, 3 * time.Second},
		{"as fast as the source", gpuOne, asleep, 40 * time.Millisecond, 0},
		{"for want of CPU", gpuOne, starved, 80 * time.Millisecond, 0},
		{"without a device", cpu, asleep, 80 * time.Millisecond, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reasons []string
				s, hired := castOn(t, on(c.begins, periodic), Options{Elsewhere: chain(&reasons, gpuOne, gpuTwo)}, c.kernel, func(*actor) bool { return false })
				stop := make(chan struct{})
				defer close(stop)
				go source(s, second, stop)
				go func() {
					for range s.Outputs() {
					}
				}()
				go transcodes(<-hired, c.pause)
				began := time.Now()
				select {
				case a := <-hired:
					go transcodes(a, c.pause/8)
					if took := time.Since(began); c.within == 0 || took > c.within || a.job.Backend != gpuTwo || !strings.HasPrefix(reasons[0], "its device is slower than the source, and ") {
						t.Errorf("left after %v for %s: %q", took, a.job.Backend, reasons)
					}
				case <-time.After(12 * time.Second):
					if c.within != 0 {
						t.Errorf("is not left: %v behind", s.Snapshot().Behind)
					}
					return
				}
				<-time.After(12 * time.Second)
				if snap := s.Snapshot(); snap.Behind > time.Second || snap.Restarts != 1 || snap.Failures != (Failures{Slow: 1}) {
					t.Errorf("then %v behind, %d restarts, %+v", snap.Behind, snap.Restarts, snap.Failures)
				}
			})
		})
	}
}

// TestDeviceThatCatchesUpIsNotSlow stops the source, and then has it send seconds at once.
func TestDeviceThatCatchesUpIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reasons []string
		s, hired := castOn(t, on(gpuOne, periodic), Options{Elsewhere: chain(&reasons, gpuOne, gpuTwo)}, asleep, func(*actor) bool { return false })
		go func() {
			for range s.Outputs() {
			}
		}()
		go transcodes(<-hired, 25*time.Millisecond)
		for pts := media.Ticks(second); pts < 12*second; pts += second / 25 {
			write(t, s, video(pts, pts%second == 0))
		}
		stop := make(chan struct{})
		defer close(stop)
		go source(s, 12*second, stop)
		<-time.After(5 * time.Second)
		if got := s.Snapshot().Behind; got < slowBehind {
			t.Errorf("%v behind is no test", got)
		}
		<-time.After(20 * time.Second)
		if snap := s.Snapshot(); len(reasons) != 0 || snap.Restarts != 0 || snap.Behind > time.Second {
			t.Errorf("%+v", snap)
		}
	})
}
