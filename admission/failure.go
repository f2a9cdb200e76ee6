package admission

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
	"ladderd/schedule"
)

// emptied is after what time encoder sessions that were all in use are asked for again.
const emptied = time.Minute

// errKiller is why a stream gets no device any more.
var errKiller = errors.New("it has failed on one device after the other, and its policy allows no CPU")

// Elsewhere is what a running stream goes on with after its backend has failed; false
// where there is no other with room. The device is left alone for a while
// (schedule.Ledger.Failed), but where only its sessions ran out, or where the stream is to
// blame: then the CPU is all that it may have.
func (c *Control) Elsewhere(stream string, f pipeline.Failure) (pipeline.Backend, bool) {
	c.mu.Lock()
	defer c.unlock()
	k := c.carried[stream]
	if k == nil {
		return f.Backend, false
	}
	if f.Backend != k.backend { // it was on its way to another one already
		c.blame(stream, f)
		return k.backend, true
	}
	full := f.Backend.Device != (pipeline.Device{}) && c.blame(stream, f)
	next, err := c.move(k, full, f.OwnFault)
	if err != nil {
		c.say(slog.LevelWarn, "there is nothing else for the stream", "stream", stream, "backend", f.Backend.String(), "reason", err)
		return f.Backend, false
	}
	return next, next != f.Backend
}

// move gives a stream another device; where its own has no sessions left, that may do what is
// not encoding. The lock is held.
func (c *Control) move(k *carried, full, toCPU bool) (pipeline.Backend, error) {
	list, err := k.policy.Backends(c.proofs)
	if err != nil {
		return pipeline.Backend{}, err
	}
	if toCPU {
		list = slices.DeleteFunc(slices.Clone(list), func(b pipeline.Backend) bool { return b.Device != pipeline.Device{} })
		if len(list) == 0 {
			return pipeline.Backend{}, errKiller
		}
	}
	lease, err := c.ledger.Move(k.wish.Stream, c.ladders(k.wish, k.policy, list), full)
	if err != nil {
		return pipeline.Backend{}, err
	}
	next, known := gpu.Chosen(c.proofs, list, lease)
	k.lease = planned{lease} // whatever comes of it, that is in the books
	if !known {
		return pipeline.Backend{}, fmt.Errorf("no backend for %s on %s", lease.Way, lease.Device)
	}
	k.backend, k.pulse = next, pulse{}
	return next, nil
}

// blame notes what a device has done, and says whether it is full. The lock is held.
func (c *Control) blame(stream string, f pipeline.Failure) (full bool) {
	device := gpu.DeviceOf(c.proofs, f.Backend.Device)
	id := gpu.BookedAs(f.Backend.Device)
	why, noSessions := gpu.Fault(device, f.Backend, f.Reason)
	now := time.Now()
	if noSessions {
		c.exhausted(stream, id, now)
		c.say(slog.LevelWarn, "a device has no encoder sessions left", "device", id, "name", device.Name)
		return true
	}
	if f.OwnFault && !f.Slow {
		c.say(slog.LevelWarn, "a stream fails on one device after the other: it is to blame itself, and the device goes on being used",
			"stream", stream, "device", id, "name", device.Name, "reason", why)
		return false
	}
	if f.Slow {
		c.say(slog.LevelWarn, "a device is slower than a stream on it: the stream leaves it", "stream", stream, "device", id, "name", device.Name)
		if p := &c.of(id).pace; now.Sub(p.lowered) >= replan { // Look has not seen it yet
			p.lowered = now
			c.ledger.Slow(id, tooSlow)
		}
		return false
	}
	c.suspect(id, device, why, now)
	return false
}

// suspect has a device left alone. The lock is held.
func (c *Control) suspect(id string, d gpu.Device, why string, now time.Time) {
	c.of(id).why = why
	if until, news := c.ledger.Failed(id, now); news {
		c.say(slog.LevelWarn, "a device failed: it is left alone, and tried before it is used again",
			"device", id, "name", d.Name, "reason", why, "until", until.Format(time.TimeOnly))
		c.of(id).pace.calm = now
	}
}

// exhausted notes that no more encoders could be opened than other streams have: what else is open is
// other programs'. Where the driver's limit was not known, that is it.
func (c *Control) exhausted(stream, id string, now time.Time) {
	var open int64
	for _, k := range c.ledger.Leases() {
		if k.Device == id && k.Stream != stream {
			open += k.Taken[schedule.Sessions]
		}
	}
	limit := c.ledger.Capacity(id)[schedule.Sessions]
	if limit >= gpu.ManyEncoders {
		c.ledger.Capped(id, int(open))
		return
	}
	d := c.of(id)
	d.fullUntil, d.others[schedule.Sessions] = now.Add(emptied), max(limit-open, 0)
	c.ledger.Others(id, d.others)
}

// reopen asks for sessions again that were in use. The lock is held.
func (c *Control) reopen(now time.Time) {
	for id, d := range c.devices {
		if !d.fullUntil.IsZero() && now.After(d.fullUntil) {
			d.fullUntil, d.others[schedule.Sessions] = time.Time{}, 0
			c.ledger.Others(id, d.others)
		}
	}
}

// Due are the devices that were left alone for long enough and are to be tried, each once
// until Tried says what came of it.
func (c *Control) Due(now time.Time) (due []gpu.Proof) {
	c.mu.Lock()
	defer c.unlock()
	for _, id := range c.ledger.Due(now) {
		d := c.of(id)
		for _, p := range c.proofs {
			if gpu.BookedAs(p.Device.Use()) == id && !d.trying {
				d.trying = true
				due = append(due, p)
			}
		}
	}
	return due
}

// Tried tells what trying a device again came to: err is why it still does not work.
func (c *Control) Tried(device gpu.Device, err error, now time.Time) {
	c.mu.Lock()
	defer c.unlock()
	id := gpu.BookedAs(device.Use())
	c.of(id).trying = false
	until := c.ledger.Proven(id, err == nil, now)
	if err != nil {
		c.of(id).why = err.Error()
		c.say(slog.LevelWarn, "a device that failed still does not work", "device", id, "name", device.Name, "reason", err, "until", until.Format(time.TimeOnly))
		return
	}
	c.of(id).pace.calm = now // only what it does from now on counts for it
	c.say(slog.LevelInfo, "a device that failed works again", "device", id, "name", device.Name)
}
