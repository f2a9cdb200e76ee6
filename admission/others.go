package admission

import (
	"errors"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
	"ladderd/schedule"
)

// Seen takes what the machine tells of its devices now, every half a minute or so: what other
// programs have of a GPU's memory is not there for streams, and a GPU that has fallen off the
// bus is left alone though no stream was on it.
func (c *Control) Seen(devices []gpu.Device, now time.Time) {
	c.mu.Lock()
	defer c.unlock()
	for _, d := range devices {
		known := gpu.DeviceOf(c.proofs, d.Use())
		if d.API == pipeline.CPU || known.Name == "" || known.Problem != "" {
			continue
		}
		id := gpu.BookedAs(d.Use())
		if d.Problem != "" {
			c.suspect(id, known, d.Problem, now)
			continue
		}
		if d.Memory == 0 {
			continue
		}
		others := int64(d.MemoryUsed) - int64(known.MemoryUsed) // which is not in its books
		for _, k := range c.ledger.Leases() {
			if k.Device == id {
				others -= k.Taken[schedule.Memory]
			}
		}
		has := c.of(id)
		has.others[schedule.Memory] = max(others, 0)
		c.ledger.Others(id, has.others)
	}
}

// Devices are those that are known.
func (c *Control) Devices() (list []gpu.Device) {
	c.mu.Lock()
	defer c.unlock()
	for _, p := range c.proofs {
		list = append(list, p.Device)
	}
	return list
}

// Return gives streams that are on less than their policy wants most what they want, where
// there is room for it: those that a device's failure has moved. It is for who asks for it,
// since each costs its viewers a standing picture up to the next IDR.
func (c *Control) Return() (moved []Move) {
	c.mu.Lock()
	defer c.unlock()
	for _, k := range c.ledger.Leases() {
		s := c.carried[k.Stream]
		if !s.ready {
			continue
		}
		if next, err := c.improve(s); err == nil && next != s.backend {
			moved = append(moved, Move{k.Stream, next})
			s.backend = next
		}
	}
	return moved
}

// Move is a stream that goes on with another backend.
type Move struct {
	Stream  string
	Backend pipeline.Backend
}

var errBest = errors.New("the stream is on the best already")

// improve books what is better than what a stream has. The lock is held.
func (c *Control) improve(k *carried) (pipeline.Backend, error) {
	list, err := k.policy.Backends(c.proofs)
	if err != nil {
		return k.backend, err
	}
	better := list
	for i, b := range list {
		if b.Encoder == k.backend.Encoder && b.Decode == k.backend.Decode && b.Scale == k.backend.Scale {
			better = list[:i]
			break
		}
	}
	if len(better) == 0 {
		return k.backend, errBest
	}
	lease, err := c.ledger.Move(k.wish.Stream, c.ladders(k.wish, k.policy, better), true)
	if err != nil {
		return k.backend, err
	}
	k.lease = planned{lease}
	next, known := gpu.Chosen(c.proofs, better, lease)
	if !known {
		return k.backend, errBest
	}
	k.pulse = pulse{}
	return next, nil
}
