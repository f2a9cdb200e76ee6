package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
	"ladderd/schedule"
)

// patience is how long a stream's start waits for the devices to be proven: that takes this
// long only at the first start of all. What the publisher sends is kept meanwhile, so it is
// less than the worker's queue holds (pipeline.Limits.Span).
const patience = 12 * time.Second

var (
	// ErrTrying says that what is wanted cannot be answered yet.
	ErrTrying = errors.New("the devices are still being tried, try again in a minute")
	// ErrFull says that a stream would fit on an empty machine, and does not on this one now.
	ErrFull = errors.New("no room for the stream")
)

// Wish is a stream that wants to be carried.
type Wish struct {
	Stream, Channel string
	Job             pipeline.Job // with all renditions
	// Shed is which outputs may be left out: none first, then what viewers miss least
	// (ladder.Shed). Empty is none alone.
	Shed [][]int
}

// Grant is what a stream's renditions are made on.
type Grant struct {
	Backend pipeline.Backend
	Shed    []int // outputs that are not encoded, for want of room
}

// Place gives a stream what it needs, or says why it cannot be carried. It waits until a GPU
// was seen to encode what is wanted: a slower or better one may come later, but one that
// hangs would hold up all streams of a machine. What is less than that, as the CPU, is
// only given when all devices are known.
func (c *Control) Place(ctx context.Context, w Wish) (Grant, error) {
	if len(w.Shed) == 0 {
		w.Shed = [][]int{nil}
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	over := false
	for {
		a := c.try(w, over)
		if a.decided {
			return a.grant, a.err
		}
		select {
		case <-a.learned:
		case <-ctx.Done():
			return Grant{}, fmt.Errorf("wait for the devices: %w", ctx.Err())
		case <-late.C:
			over = true
		}
	}
}

// Release frees what a stream had.
func (c *Control) Release(stream string) {
	c.mu.Lock()
	defer c.unlock()
	delete(c.carried, stream)
	c.ledger.Release(stream)
}

// answer is what can be said of a wish at present.
type answer struct {
	grant   Grant
	err     error
	decided bool
	learned <-chan struct{} // closed when there is more to say
}

// policyOf is what holds for a channel. The lock is held.
func (c *Control) policyOf(channel string) Policy {
	if known, ok := c.channels[channel]; ok {
		return known.Policy
	}
	return c.others.normal()
}

// try answers from what is known. over says that no more is waited for.
func (c *Control) try(w Wish, over bool) answer {
	c.mu.Lock()
	defer c.unlock()
	p := c.policyOf(w.Channel)
	list, err := p.Backends(c.proofs)
	final := c.settled || over || p.OnCPU()
	if !final {
		list = slices.DeleteFunc(list, func(b pipeline.Backend) bool { return !encodesOnGPU(b) })
	}
	switch {
	case len(list) == 0 && !final:
		return answer{learned: c.learned}
	case len(list) == 0 && !c.settled:
		return answer{err: fmt.Errorf("policy %s: %w", p.Where, ErrTrying), decided: true}
	case len(list) == 0:
		return answer{err: err, decided: true}
	}
	grant, err := c.book(w, p, list)
	if errors.Is(err, ErrFull) && !final {
		return answer{learned: c.learned}
	}
	if err == nil && !c.settled && !p.OnCPU() && !encodesOnGPU(grant.Backend) {
		c.say(slog.LevelWarn, "the devices are still being tried: this stream is made by the CPU", "stream", w.Stream, "backend", grant.Backend.String())
	}
	return answer{grant: grant, err: err, decided: true}
}

// book puts the stream on one of the backends. The lock is held.
func (c *Control) book(w Wish, p Policy, list []pipeline.Backend) (Grant, error) {
	k, err := c.ledger.Place(schedule.Request{Stream: w.Stream, Channel: w.Channel, Ladders: c.ladders(w, p, list)})
	var refusal schedule.Refusal
	if errors.As(err, &refusal) {
		if p.Shed {
			return Grant{}, fmt.Errorf("%w, not even with its smallest rendition alone: %w", ErrFull, refusal)
		}
		return Grant{}, fmt.Errorf("%w: %w", ErrFull, refusal)
	}
	if err != nil {
		return Grant{}, err
	}
	b, known := gpu.Chosen(c.proofs, list, k)
	if !known {
		c.ledger.Release(w.Stream)
		return Grant{}, fmt.Errorf("place stream %s: no backend for %s on %s", w.Stream, k.Way, k.Device)
	}
	if k.Tight {
		c.say(slog.LevelWarn, "this machine may be too slow for the stream, which is carried since it is the only one",
			"stream", w.Stream, "channel", w.Channel, "takes", k.Taken.String(), "device", k.Device)
	}
	c.carried[w.Stream] = &carried{wish: w, policy: p, backend: b, lease: planned{k}, told: k.Ladder, began: time.Now()}
	return Grant{Backend: b, Shed: w.Shed[k.Ladder]}, nil
}

// ladders are what may be made of a stream: all of it first, then with less and less, each by
// all of these backends. The lock is held.
func (c *Control) ladders(w Wish, p Policy, list []pipeline.Backend) (ladders [][]schedule.Way) {
	for n := range p.choices(w) {
		job := w.Job
		job.Shed = w.Shed[n]
		ladders = append(ladders, gpu.Ways(c.proofs, list, job))
	}
	return ladders
}

// choices is how many of a stream's ladders its policy allows.
func (p Policy) choices(w Wish) int {
	if p.Shed {
		return len(w.Shed)
	}
	return 1
}
