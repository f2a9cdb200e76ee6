package pipeline

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/media"
)

// TestStreamThatKillsAnywhereIsToBlame has workers fail wherever they run, though there is
// always another backend to be had: devices are not blamed for it for long, and the stream
// ends.
func TestStreamThatKillsAnywhereIsToBlame(t *testing.T) {
	next := map[Backend]Backend{gpuOne: gpuTwo, gpuTwo: cpu, cpu: gpuOne}
	crashes := func(a *actor) { a.exit(-1, "signal: segmentation fault") }
	shows := func(a *actor) {
		at := a.job.After + second
		a.says(Ready{}, out(0, key(at)), out(1, key(at)))
		a.says(Failed{Reason: "it does not encode", Code: ExitRetryElsewhere})
		a.exit(ExitRetryElsewhere, "exit status 11")
	}
	for _, c := range []struct {
		name    string
		play    func(*actor)
		begins  Backend
		blamed  []bool // the stream, at each move
		workers int    // that it had
		ends    string
	}{
		{"crashes", crashes, gpuOne, []bool{false, true}, 7, "worker died 5 times in 1m0s, on one device as on another: signal: segmentation fault"},
		{"crashes on the CPU first", crashes, cpu, []bool{false, false, true}, 12, "worker died 5 times in 1m0s, on one device as on another: signal: segmentation fault"},
		{"hangs", func(*actor) {}, gpuOne, []bool{false, true}, 6, "worker died 5 times in 1m0s, on one device as on another: did not start within 8s"},
		{"makes drivers fail, each after a while", shows, gpuOne, []bool{false, false, false, true, true, true, true}, 8, "worker died 5 times in 1m0s, on one device as on another: it does not encode"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var blamed []bool
				elsewhere := func(f Failure) (Backend, bool) {
					blamed = append(blamed, f.OwnFault)
					return next[f.Backend], true
				}
				s, hired := cast(t, on(c.begins, periodic), Options{Elsewhere: elsewhere})
				stop := make(chan struct{})
				defer close(stop)
				go source(s, second, stop)
				workers := 0
				for {
					select {
					case a := <-hired:
						workers++
						go c.play(a)
						continue
					case <-s.Outputs():
						continue
					case <-s.Done():
					}
					break
				}
				if s.Err() == nil || !strings.HasSuffix(s.Err().Error(), c.ends) {
					t.Errorf("ended with %v", s.Err())
				}
				if !slices.Equal(blamed, c.blamed) || workers != c.workers {
					t.Errorf("%d workers, the stream was blamed %v", workers, blamed)
				}
			})
		})
	}
}

func TestMoves(t *testing.T) {
	one, two := gpuOne.Device, gpuTwo.Device
	type fault struct {
		on    Device
		out   media.Ticks
		asked bool
		at    int // seconds
	}
	for _, c := range []struct {
		name   string
		faults []fault
		want   bool // after the last
	}{
		{"one device", []fault{{one, 5, false, 0}}, false},
		{"another, nothing put out in between", []fault{{one, 5, false, 0}, {two, 5, false, 9}}, true},
		{"another, which put something out", []fault{{one, 5, false, 0}, {two, 6, false, 9}}, false},
		{"both, as their drivers say", []fault{{one, 5, true, 0}, {two, 5, true, 9}}, false},
		{"the CPU alone", []fault{{Device{}, 5, false, 0}, {Device{}, 5, false, 9}}, false},
		{"the CPU after a device", []fault{{one, 5, false, 0}, {Device{}, 5, false, 9}}, true},
		{"a third within a while", []fault{{one, 5, true, 0}, {two, 6, true, 99}, {one, 7, true, 299}}, true},
		{"a third later", []fault{{one, 5, true, 0}, {two, 6, true, 99}, {one, 7, true, 301}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, got := newMoves(), false
			for _, f := range c.faults {
				got = m.fails(f.on, f.out, f.asked, time.Unix(int64(f.at), 0))
			}
			if got != c.want {
				t.Errorf("the stream is to blame: %v", got)
			}
		})
	}
}
