package density

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"ladderd/gpu"
	"ladderd/load/proc"
	"ladderd/pipeline"
)

// box carries so many channels in real time; more than that fall behind, each by what is
// lacking. Each channel takes half a core.
type box struct {
	capacity int
	running  atomic.Int32
	slip     time.Duration // by which each channel is late beside that
	fails    func(running int32) bool
}

func (b *box) Outputs(int) []string { return []string{"720p60", "audio 64 kb/s"} }

func (b *box) Start(_ int, at time.Time, w *Watch) Channel {
	ctx, cancel := context.WithCancel(context.Background())
	c := &fakeChannel{cancel: cancel}
	b.running.Add(1)
	c.all.Go(func() {
		defer b.running.Add(-1)
		delay := 100*time.Millisecond + b.slip
		for due := at; until(ctx, due); due = due.Add(frame) {
			n := b.running.Load()
			if b.fails != nil && b.fails(n) {
				w.Fail("the worker died")
			}
			if lack := int(n) - b.capacity; lack > 0 {
				delay += frame * time.Duration(lack) / time.Duration(b.capacity)
			}
			for output := range 2 {
				w.Out(output, due.Add(-delay), time.Now())
			}
		}
	})
	return c
}

// meter counts half a core a channel and a tenth for the rest.
func (b *box) meter() Meter {
	began := time.Now()
	return func(pids []int) (r Reading, err error) {
		elapsed := time.Since(began)
		r.Processes = proc.Usage{CPU: elapsed * time.Duration(len(pids)) / 2, Memory: int64(len(pids)) * 1e6}
		r.Own, r.Machine = elapsed/10, elapsed*time.Duration(len(pids))
		return r, nil
	}
}

type fakeChannel struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
}

func (c *fakeChannel) PIDs() []int { return []int{1} }

func (c *fakeChannel) Close() {
	c.cancel()
	c.all.Wait()
}

func TestRunFindsWhatABoxCarries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{capacity: 11}
		var told []Progress
		r, err := Run(t.Context(), Options{Carrier: b, Duration: 30 * time.Second, Meter: b.meter(), Tell: func(p Progress) { told = append(told, p) }})
		if err != nil || r.Channels != 11 || !r.Confirmed || r.Failed != 12 {
			t.Fatalf("%+v, %v", r, err)
		}
		if !strings.Contains(r.Why, "further behind the source than when it had settled") {
			t.Errorf("12 failed because %s", r.Why)
		}
		if u := r.Best.Usage; u.CPU != 5.5 || u.OwnCPU != 0.1 || u.OthersCPU != 11-5.5-0.1 || u.Memory != 11e6 {
			t.Errorf("usage %+v", u)
		}
		if s := r.Best.Seconds; s < 30 || s > 30.2 || !r.Best.Whole {
			t.Errorf("measured for %g s", s)
		}
		if d := r.Best.Delays; len(d) != 2 || d[0].Output != "720p60" || d[0].P50 != 100 || d[0].Max != 100 || d[0].Count < 11*29*30 {
			t.Errorf("delays %+v", d)
		}
		if last := told[len(told)-1]; last.Step == nil || last.Channels != 12 {
			t.Errorf("told %+v", last)
		}
	})
}

// A worker that dies is no real time, however soon it is replaced.
func TestRunCountsFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{capacity: 100, fails: func(n int32) bool { return n > 3 }}
		r, err := Run(t.Context(), Options{Carrier: b, Duration: 10 * time.Second, Meter: b.meter()})
		if err != nil || r.Channels != 3 || r.Failed != 4 || !strings.HasSuffix(r.Why, "the worker died") {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

// mute has one output of a box put out nothing.
type mute struct{ *box }

func (m mute) Start(i int, at time.Time, w *Watch) Channel {
	heard := newWatch(m.Outputs(i))
	w.Out(0, at, at)
	return m.box.Start(i, at, heard)
}

// That nothing comes is not told as if it came late.
func TestRunTellsOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{capacity: 100}
		r, err := Run(t.Context(), Options{Carrier: mute{b}, Duration: 10 * time.Second, Meter: b.meter()})
		if err != nil || r.Channels != 0 || r.Why != "channel 1: audio 64 kb/s put out nothing" {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

// Channels that are all late from the start have not settled where one of them would.
func TestRunComparesWithTheFewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{capacity: 100}
		r, err := Run(t.Context(), Options{Carrier: lagging{b}, Duration: 10 * time.Second, Meter: b.meter()})
		if err != nil || r.Channels != 2 || r.Failed != 3 || !strings.Contains(r.Why, "settled 0.50 s further behind") {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

// lagging has what comes as the third and later be half a second late.
type lagging struct{ *box }

func (l lagging) Start(i int, at time.Time, w *Watch) Channel {
	b := l.box
	if i > 1 {
		b = &box{capacity: 100, slip: 500 * time.Millisecond}
	}
	return b.Start(i, at, w)
}

func TestRunThatIsInterruptedTellsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		b := &box{capacity: 100}
		r, err := Run(ctx, Options{Carrier: b, Duration: 30 * time.Second, Meter: b.meter()})
		if err != nil || r.Confirmed || r.Channels != 2 || r.Best == nil || r.Failed != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestRunOfWhatIsNeverRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{capacity: 100, fails: func(int32) bool { return true }}
		r, err := Run(t.Context(), Options{Carrier: b, Duration: 10 * time.Second, Meter: b.meter()})
		if err != nil || r.Channels != 0 || !r.Confirmed || r.Failed != 1 || r.Best != nil {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestRunAsksTheDevices(t *testing.T) {
	busy, watts := 50, 70
	synctest.Test(t, func(t *testing.T) {
		b := &box{capacity: 1}
		r, err := Run(t.Context(), Options{Carrier: b, Duration: 10 * time.Second, Meter: b.meter(), Devices: func(context.Context) []gpu.Device {
			busy += 2
			return []gpu.Device{
				{API: pipeline.CUDA, ID: "GPU-1", Name: "T4", MemoryUsed: 5e8, Load: gpu.Load{Use: &busy, Power: &watts}},
				{API: pipeline.CPU, Name: "EPYC"},
			}
		}})
		if err != nil || len(r.Best.GPUs) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		if g := r.Best.GPUs[0].String(); !strings.HasPrefix(g, "T4, ") || !strings.HasSuffix(g, " % busy, 70 W, 500 MB in use") {
			t.Error(g)
		}
	})
}

func TestMain(m *testing.M) {
	if playsWorker() {
		return
	}
	goleak.VerifyTestMain(m)
}
