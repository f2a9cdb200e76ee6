package admission

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"ladderd/gpu"
	"ladderd/schedule"
)

// Running is how a stream's worker does.
type Running struct {
	Stream string
	// Behind is how long ago the oldest picture of the source came that is not out.
	Behind time.Duration
	// Out is up to where all is out, on the stream's own clock.
	Out      time.Duration
	Restarts int
	Ready    bool          // its encoders are open
	CPU      time.Duration // what the present worker has taken of it so far
}

// Order has a stream encode other renditions than it does.
type Order struct {
	Stream string
	Shed   []int // outputs that are not to be encoded
	Why    string
}

// Look takes how all streams that are encoded do, a few times a second. What the plan did not
// know is corrected by it: a device whose streams fall behind is planned with less, and what
// may be shed on it is, before anything is behind by more than a part. Where there is room
// again, renditions come back.
func (c *Control) Look(now time.Time, running []Running) []Order {
	c.mu.Lock()
	defer c.unlock()
	c.reopen(now)
	slowest := map[string]float64{}
	for _, r := range running {
		k := c.carried[r.Stream]
		if k == nil || !r.Ready {
			continue
		}
		k.ready = true
		if k.pulse.restarted(r) {
			c.of(gpu.BookedAs(k.backend.Device)).pace.replayed = now
		}
		k.pulse.add(r, now)
		c.meter(r, k, now)
		if speed, late := k.pulse.late(c.part, now); late {
			for _, id := range k.works() {
				if before, known := slowest[id]; !known || speed < before {
					slowest[id] = speed
				}
			}
		}
	}
	busy := c.busy()
	for _, a := range c.ledger.Accounts() {
		speed, late := slowest[a.Device]
		switch {
		case late && now.Sub(c.of(a.Device).pace.replayed) < replaying:
			continue // what one catches up with the others have to wait for
		case late:
			c.slow(a.Device, speed, now)
			continue
		case busy[a.Device]:
			c.calm(a.Device, now)
		}
		c.recover(a.Device, now)
	}
	if c.settled {
		c.seats()
	}
	return c.orders()
}

// works are the devices that do what a stream takes: its own, and the CPU where that does
// more than to hand packets on.
func (k *carried) works() []string {
	id := gpu.BookedAs(k.backend.Device)
	if b := k.backend; id != gpu.Host && (!encodesOnGPU(b) || !b.Decode || !b.Scale) {
		return []string{id, gpu.Host}
	}
	return []string{id}
}

// busy are the devices that have streams. The lock is held.
func (c *Control) busy() map[string]bool {
	ids := map[string]bool{}
	for _, k := range c.carried {
		ids[gpu.BookedAs(k.backend.Device)] = true
	}
	return ids
}

// recover lets a device's plan grow again, whether it has streams or not. The lock is held.
func (c *Control) recover(id string, now time.Time) {
	if p := &c.of(id).pace; now.Sub(p.raised) >= replan {
		p.raised = now
		c.ledger.Slow(id, 1)
	}
}

// slow lowers a device's plan, and sheds what may be until it holds. The lock is held.
func (c *Control) slow(id string, speed float64, now time.Time) {
	p := &c.of(id).pace
	p.strained(now)
	if now.Sub(p.lowered) < replan {
		return
	}
	p.lowered = now
	c.ledger.Slow(id, speed)
	shed, before := 0, c.without()
	for _, stream := range c.sheddable(id) {
		if shed > 0 && !c.ledger.Overfull(id) {
			break
		}
		k := c.carried[stream]
		if err := c.rebook(k, k.lease.Ladder+1); err != nil {
			c.say(slog.LevelError, "a rendition cannot be shed", "stream", stream, "reason", err)
			continue
		}
		shed++
	}
	if !p.complains {
		p.complains = true
		c.say(slog.LevelWarn, "a device is slower than planned: its streams fall behind", "device", id,
			"speed", fmt.Sprintf("%.2f", speed), "renditions shed", c.without()-before)
	}
}

// without is how many renditions are not encoded. The lock is held.
func (c *Control) without() (n int) {
	for _, k := range c.carried {
		n += len(k.wish.Shed[k.lease.Ladder])
	}
	return n
}

// sheddable are the streams of a device that may go without another rendition, once for
// each: the one that lacks the fewest first, of these the newest. The lock is held.
func (c *Control) sheddable(id string) (list []string) {
	type turn struct {
		stream string
		lacks  int
		began  time.Time
	}
	var turns []turn
	for stream, k := range c.carried {
		if !k.ready || gpu.BookedAs(k.backend.Device) != id {
			continue
		}
		for n := k.lease.Ladder; n < k.policy.choices(k.wish)-1; n++ {
			turns = append(turns, turn{stream, n, k.began})
		}
	}
	slices.SortFunc(turns, func(a, b turn) int {
		return cmp.Or(a.lacks-b.lacks, b.began.Compare(a.began), cmp.Compare(a.stream, b.stream))
	})
	for _, t := range turns {
		list = append(list, t.stream)
	}
	return list
}

// calm lets one rendition come back. The lock is held.
func (c *Control) calm(id string, now time.Time) {
	p := &c.of(id).pace
	if p.calm.IsZero() {
		p.calm = now
	}
	if now.Sub(p.calm) >= trusted {
		c.ledger.Well(id)
	}
	if !p.mayGrow(now) {
		return
	}
	if p.complains {
		p.complains = false
		c.say(slog.LevelInfo, "a device keeps up with its streams again", "device", id)
	}
	for _, stream := range c.lacking(id) {
		k := c.carried[stream]
		if c.rebook(k, k.lease.Ladder-1) == nil {
			p.grown, p.calm = now, now
			return
		}
	}
}

// lacking are the streams of a device that lack renditions: the one that lacks most first,
// of these the oldest. The lock is held.
func (c *Control) lacking(id string) (list []string) {
	for stream, k := range c.carried {
		if k.ready && gpu.BookedAs(k.backend.Device) == id && k.lease.Ladder > 0 {
			list = append(list, stream)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		ka, kb := c.carried[a], c.carried[b]
		return cmp.Or(kb.lease.Ladder-ka.lease.Ladder, ka.began.Compare(kb.began), cmp.Compare(a, b))
	})
	return list
}

// rebook has a stream carried with another of its ladders. The lock is held.
func (c *Control) rebook(k *carried, ladder int) error {
	lease, err := c.ledger.Shed(k.wish.Stream, ladder)
	if err != nil {
		return err
	}
	m, was := &k.pulse.meter, k.lease.cpu()
	k.lease.Lease = lease
	if m.most > 0 && was > 0 {
		m.most = m.most * k.lease.cpu() / was
		c.use(k)
	}
	return nil
}

// orders are for the streams whose workers have not been told yet. The lock is held.
func (c *Control) orders() (list []Order) {
	for _, stream := range slices.Sorted(maps.Keys(c.carried)) {
		k := c.carried[stream]
		if !k.ready || k.told == k.lease.Ladder {
			continue
		}
		why := "the machine is too slow for all of its streams' renditions"
		if k.lease.Ladder < k.told {
			why = "there is room again"
		}
		k.told = k.lease.Ladder
		list = append(list, Order{stream, k.wish.Shed[k.lease.Ladder], why})
	}
	return list
}

const (
	// metered is over what time the CPU that a stream takes is measured; margin is added to
	// that, in percent. Less than half of what was planned is not believed: a still picture
	// may begin to move.
	metered = 10 * time.Second
	margin  = 20
)

// meter corrects what a stream is booked with by what it takes.
type meter struct {
	at   time.Time
	cpu  time.Duration
	most int64 // thousandths of a core
}

// meter is the CPU that a stream took over the last seconds. The lock is held.
func (c *Control) meter(r Running, k *carried, now time.Time) {
	m := &k.pulse.meter
	switch {
	case m.at.IsZero() || r.CPU < m.cpu:
		m.at, m.cpu = now, r.CPU
		return
	case now.Sub(m.at) < metered:
		return
	}
	cores := int64(float64(r.CPU-m.cpu) / float64(now.Sub(m.at)) * 1000)
	m.at, m.cpu, m.most = now, r.CPU, max(m.most, cores)
	c.use(k)
}

// use books the CPU that a stream was measured to take, in place of the plan. The lock is held.
func (c *Control) use(k *carried) {
	taken, hosted := k.lease.Taken, k.lease.Hosted
	cpu := max(k.pulse.meter.most*(100+margin)/100, k.lease.cpu()/2)
	if k.lease.Device == gpu.Host {
		taken[schedule.CPU] = cpu
	} else {
		hosted[schedule.CPU] = cpu
	}
	c.ledger.Used(k.wish.Stream, taken, hosted)
}

// planned is a lease as it was given, whatever was measured since.
type planned struct{ schedule.Lease }

// cpu is in thousandths of a core.
func (p planned) cpu() int64 { return p.Taken[schedule.CPU] + p.Hosted[schedule.CPU] }
