package admission

import (
	"slices"
	"testing"
	"time"

	"ladderd/gpu"
	"ladderd/schedule"
)

// machine runs streams on a clock of its own: each falls behind as much as it lacks speed.
type machine struct {
	*desk
	now     time.Time
	streams map[string]*runner
	shed    map[string][]int // as ordered last
	orders  int
}

type runner struct {
	behind   time.Duration
	out      time.Duration
	burst    time.Duration // media that came at once and are not out
	speed    float64
	restarts int
	cores    float64 // that its worker takes
	cpu      time.Duration
}

// pass works on what is queued at the stream's speed. What came at once is as old as all of it
// until the last.
func (r *runner) pass(d time.Duration) {
	made := time.Duration(r.speed * float64(d))
	if r.burst > 0 {
		if r.burst -= made; r.burst > 0 {
			r.behind += d
		} else {
			r.behind, r.speed = 100*time.Millisecond, 1
		}
		r.out += made
		return
	}
	if r.behind = r.behind + d - made; r.behind < 100*time.Millisecond {
		made -= 100*time.Millisecond - r.behind
		r.behind = 100 * time.Millisecond
	}
	r.out += made
}

func newMachine(d *desk) *machine {
	return &machine{desk: d, now: time.Unix(1_700_000_000, 0), streams: map[string]*runner{}, shed: map[string][]int{}}
}

func (m *machine) run(stream string) *runner {
	r := &runner{behind: 100 * time.Millisecond, speed: 1, cores: 0.1}
	m.streams[stream] = r
	return r
}

// pass has time pass, with a look every quarter of a second. obey, if there is one, is what
// an order does to a stream.
func (m *machine) pass(d time.Duration, obey func(r *runner, shed []int)) {
	const beat = 250 * time.Millisecond
	for end := m.now.Add(d); m.now.Before(end); {
		m.now = m.now.Add(beat)
		var list []Running
		for id, r := range m.streams {
			r.pass(beat)
			r.cpu += time.Duration(r.cores * float64(beat))
			list = append(list, Running{Stream: id, Behind: r.behind, Out: r.out, Restarts: r.restarts, Ready: true, CPU: r.cpu})
		}
		for _, o := range m.Look(m.now, list) {
			m.orders++
			m.shed[o.Stream] = o.Shed
			if obey != nil {
				obey(m.streams[o.Stream], o.Shed)
			}
		}
	}
}

func (m *machine) plan(device string) float64 {
	for _, d := range m.Status().Devices {
		if d.ID == device {
			return d.Plan
		}
	}
	m.t.Fatalf("no device %s", device)
	return 0
}

var shedding = map[string]Channel{"a": {Policy: Policy{Shed: true}}, "b": {}}

// running has a stream that may be shed on a machine that has room for it.
func running(t *testing.T) (d *desk, m *machine, stream string, r *runner) {
	t.Helper()
	d = settled(t, shedding, proven(cpu, 2e9, 0))
	m = newMachine(d)
	stream, _ = d.place("a")
	return d, m, stream, m.run(stream)
}

// A stream that falls behind loses renditions before it is behind by more than a part, and gets
// them back when there is room.
func TestSlowMachineSheds(t *testing.T) {
	d, m, s, r := running(t)
	m.pass(20*time.Second, nil)
	if m.orders != 0 || m.plan("cpu") != 1 {
		t.Fatalf("%d orders to a stream that keeps up", m.orders)
	}
	r.speed = 0.95
	m.pass(10*time.Second, func(r *runner, shed []int) {
		if r.behind-100*time.Millisecond > time.Second/3 {
			t.Errorf("it was %v behind when it was ordered to shed", r.behind)
		}
		r.speed = 1.1 // that helps
	})
	if got := m.shed[s]; len(got) == 0 || m.plan("cpu") >= 1 {
		t.Fatalf("shed is %v, the plan %v", got, m.plan("cpu"))
	}
	d.says("level=WARN", "a device is slower than planned", "device=cpu")
	r.speed = 1
	m.pass(10*time.Minute, nil)
	if got := m.shed[s]; len(got) != 0 || m.plan("cpu") != 1 {
		t.Errorf("shed is still %v, the plan %v", got, m.plan("cpu"))
	}
	d.says("level=INFO", "a device keeps up with its streams again")
}

// What comes back too early goes again, and is waited for longer each time.
func TestRenditionsThatComeBackTooEarly(t *testing.T) {
	_, m, _, r := running(t)
	m.pass(5*time.Second, nil)
	r.speed = 0.9
	m.pass(30*time.Minute, func(r *runner, shed []int) {
		if r.speed = 1.1; len(shed) == 0 {
			r.speed = 0.9 // all of it is too much
		}
	})
	if m.orders < 4 || m.orders > 60 {
		t.Errorf("%d orders in half an hour", m.orders)
	}
}

// Streams whose policy is to be refused lose nothing; the plan is lowered all the same, so that no more
// come.
func TestStreamsThatAreNotToBeShed(t *testing.T) {
	d := settled(t, shedding, proven(cpu, 1e9, 0))
	m := newMachine(d)
	for {
		s, on := d.place("b")
		if on != "x264" {
			break
		}
		m.run(s).speed = 0.8
	}
	first := slices.Sorted(func(yield func(string) bool) {
		for s := range m.streams {
			if !yield(s) {
				return
			}
		}
	})[0]
	d.Release(first)
	delete(m.streams, first)
	m.pass(20*time.Second, nil)
	if m.orders != 0 || m.plan("cpu") > 0.8 {
		t.Errorf("%d orders, the plan is %v", m.orders, m.plan("cpu"))
	}
	if _, on := d.place("b"); on == "x264" {
		t.Error("another stream is let in")
	}
}

// What came in a burst, or what a new worker has to catch up with, is nobody's slowness.
func TestBurstsAndReplaysAreNotSlowness(t *testing.T) {
	_, m, _, r := running(t)
	m.pass(10*time.Second, nil)
	r.burst, r.speed = 3*time.Second, 2 // after a stall of the network
	m.pass(5*time.Second, nil)
	r.restarts, r.behind, r.speed = 1, 3*time.Second, 2 // a new worker
	m.pass(10*time.Second, nil)
	if m.orders != 0 || m.plan("cpu") != 1 {
		t.Errorf("%d orders, the plan is %v", m.orders, m.plan("cpu"))
	}
}

// What streams really take makes room for others.
func TestMeasuredCPU(t *testing.T) {
	d := settled(t, shedding, proven(cpu, 1e9, 0))
	m := newMachine(d)
	n := 0
	for ; ; n++ {
		s, on := d.place("b")
		if on != "x264" {
			break
		}
		m.run(s)
	}
	k := d.Status().Leases[0]
	planned := k.Takes[schedule.CPU.String()]
	m.pass(metered+2*time.Second, nil)
	if k = d.Status().Leases[0]; k.Pending || k.Takes[schedule.CPU.String()] != planned/2 {
		t.Errorf("planned with %d, now it is %+v", planned, k)
	}
	more := 0
	for ; ; more++ {
		if _, on := d.place("b"); on != "x264" {
			break
		}
	}
	if more < n/2 || more > n {
		t.Errorf("%d streams, and %d more", n, more)
	}
}

// A device that nothing runs on any more is planned with anew all the same.
func TestPlanRecoversWithoutStreams(t *testing.T) {
	_, m, s, r := running(t)
	m.pass(5*time.Second, nil)
	r.speed = 0.8
	m.pass(10*time.Second, nil)
	if m.plan("cpu") >= 1 {
		t.Fatal("the plan was not lowered")
	}
	m.Release(s)
	delete(m.streams, s)
	m.pass(10*time.Minute, nil)
	if m.plan("cpu") != 1 {
		t.Errorf("the plan is %v", m.plan("cpu"))
	}
}

// A stream whose worker is not there yet is not told anything: it would not hear it.
func TestOrdersWaitForTheWorker(t *testing.T) {
	d, m, s, r := running(t)
	young, _ := d.place("a")
	m.pass(5*time.Second, nil)
	r.speed = 0.8
	m.pass(5*time.Second, nil)
	if _, told := m.shed[young]; told || len(m.shed[s]) == 0 {
		t.Errorf("told were %v", m.shed)
	}
}

// A device that works for a while after each failure is left alone for longer each time, though it
// had been well for long before the first.
func TestQuarantineGrowsAfterALongCalm(t *testing.T) {
	d := settled(t, anyGPU, proven(t4, 1e9, 32), proven(cpu, 1e10, 0))
	m := newMachine(d)
	s, _ := d.place("a")
	m.run(s)
	m.pass(10*time.Minute, nil)
	for _, wait := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
		m.Seen([]gpu.Device{lostCard()}, m.now)
		if due := m.Due(m.now.Add(wait - 1)); len(due) != 0 {
			t.Fatalf("tried before %v", wait)
		}
		m.now = m.now.Add(wait)
		if due := m.Due(m.now); len(due) != 1 {
			t.Fatalf("not tried after %v", wait)
		}
		m.Tried(t4, nil, m.now)
		m.pass(time.Minute, nil)
	}
}

func lostCard() gpu.Device {
	gone := t4
	gone.Problem = "the GPU does not answer any more"
	return gone
}
