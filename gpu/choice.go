package gpu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"ladderd/pipeline"
)

const (
	// patience is how long a stream's start waits for the devices to be proven: that takes
	// this long only at the first start of all. What the publisher sends is kept meanwhile,
	// so it is less than the worker's queue holds (pipeline.Limits.Span).
	patience = 12 * time.Second
	// forgiven is after what time a device that failed is used again, and emptied the same
	// for one whose encoder sessions were all in use.
	forgiven = 10 * time.Minute
	emptied  = time.Minute
)

// ErrTrying says that what is wanted cannot be answered yet.
var ErrTrying = errors.New("the devices are still being tried, try again in a minute")

// Choice gives each stream a backend. It can be asked before the devices are proven, and
// then waits until a GPU was seen to encode what is wanted: a slower or better one may come
// later, but one that hangs would hold up all streams of a box. What is less than that, as
// the CPU, is only given when all devices are known.
type Choice struct {
	log *slog.Logger

	mu      sync.Mutex
	proofs  []Proof                        // of the devices that are known
	settled bool                           // these are all
	learned chan struct{}                  // closed, and replaced, when proofs come
	given   map[pipeline.Backend]int       // how often, to be compared with its equals'
	failed  map[pipeline.Backend]time.Time // until when it is left alone
}

// NewChoice makes a choice that knows of no device.
func NewChoice(log *slog.Logger) *Choice {
	return &Choice{
		log: log, learned: make(chan struct{}),
		given: map[pipeline.Backend]int{}, failed: map[pipeline.Backend]time.Time{},
	}
}

// Learn tells what one device does. More are to come.
func (c *Choice) Learn(p Proof) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell(append(slices.Clip(c.proofs), p))
}

// Settle tells what all devices do.
func (c *Choice) Settle(proofs []Proof) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settled = true
	c.tell(proofs)
}

// tell wakes who waits. The lock is held.
func (c *Choice) tell(proofs []Proof) {
	c.proofs = proofs
	close(c.learned)
	c.learned = make(chan struct{})
}

// known is what is known now; settled says that it decides what is wanted. learned is
// closed when there is more.
func (c *Choice) known(want Wanted) (proofs []Proof, settled bool, learned <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, err := Candidates(c.proofs, want)
	encodes := err == nil && list[0].Encoder != pipeline.X264
	return c.proofs, c.settled || encodes, c.learned
}

// For is the backend for a new stream. Equal devices take turns; one that has failed is
// left alone for a while, unless nothing else does what is wanted. An error says in an
// operator's words why what is wanted is not available.
func (c *Choice) For(ctx context.Context, want Wanted) (pipeline.Backend, error) {
	if want == Wanted(pipeline.X264) {
		return pipeline.Backend{Encoder: pipeline.X264}, nil
	}
	proofs, err := c.await(ctx, want)
	if err != nil {
		if want != Auto || ctx.Err() != nil {
			return pipeline.Backend{}, fmt.Errorf("backend %s: %w", want, err)
		}
		c.log.Warn("the devices are still being tried: this stream is made by the CPU", "backend", pipeline.X264)
		return pipeline.Backend{Encoder: pipeline.X264}, nil
	}
	list, err := Candidates(proofs, want)
	if err != nil {
		return pipeline.Backend{}, err
	}
	return c.pick(list), nil
}

// await waits until what is known decides what is wanted.
func (c *Choice) await(ctx context.Context, want Wanted) ([]Proof, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		proofs, settled, learned := c.known(want)
		if settled {
			return proofs, nil
		}
		select {
		case <-learned:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-late.C:
			return nil, ErrTrying
		}
	}
}

// pick takes the first that has not failed, and of its equals the one that was given
// least often; where all have failed, the one that failed first.
func (c *Choice) pick(list []pipeline.Backend) pipeline.Backend {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.welcome(list, now)
	best := -1
	for i, b := range list {
		switch {
		case c.failed[b].After(now):
		case best < 0 || alike(b, list[best]) && c.given[b] < c.given[list[best]]:
			best = i
		}
	}
	if best < 0 {
		best = 0
		for i, b := range list {
			if c.failed[b].Before(c.failed[list[best]]) {
				best = i
			}
		}
	}
	c.given[list[best]]++
	return list[best]
}

// welcome has what was left alone take turns with its equals from now on: it is not to
// catch up with all that they were given meanwhile.
func (c *Choice) welcome(list []pipeline.Backend, now time.Time) {
	for _, b := range list {
		if until, failed := c.failed[b]; !failed || until.After(now) {
			continue
		}
		least := -1
		for _, other := range list {
			if _, failed := c.failed[other]; !failed && alike(b, other) && (least < 0 || c.given[other] < least) {
				least = c.given[other]
			}
		}
		c.given[b] = max(c.given[b], least)
		delete(c.failed, b)
	}
}

// alike says whether two backends differ in their devices alone.
func alike(a, b pipeline.Backend) bool {
	return a.Encoder == b.Encoder && a.Decode == b.Decode && a.Scale == b.Scale
}

// Elsewhere is what a running stream goes on with after its backend has failed for that
// reason: another device that does what is wanted, else the CPU. A device that failed is
// not given to new streams for a while either.
func (c *Choice) Elsewhere(want Wanted, failed pipeline.Backend, reason string) pipeline.Backend {
	cpu := pipeline.Backend{Encoder: pipeline.X264}
	if failed.Device == cpu.Device {
		return cpu
	}
	proofs, _, _ := c.known(want)
	why, _ := explain(deviceOf(proofs, failed.Device), pipeline.Trial{Task: pipeline.Encode, Backend: failed, Codec: pipeline.H264}, reason)
	c.blame(proofs, failed, why)
	list, err := Candidates(proofs, want)
	if err != nil {
		return cpu
	}
	next := c.pick(append(c.working(list), cpu))
	c.log.Warn("a device failed: the stream goes on elsewhere", "device", failed.Device.ID, "reason", why, "backend", next.String())
	return next
}

// blame has a device left alone, whatever it was used for. One that has no sessions left
// may still decode and scale.
func (c *Choice) blame(proofs []Proof, failed pipeline.Backend, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasPrefix(why, full) {
		c.failed[failed] = time.Now().Add(emptied)
		return
	}
	until := time.Now().Add(forgiven)
	c.failed[failed] = until
	for _, p := range proofs {
		if p.Device.Use() != failed.Device {
			continue
		}
		if b, no := encoder(p); no == "" {
			c.failed[b] = until
		}
		c.failed[pipeline.Backend{Encoder: pipeline.X264, Device: failed.Device, Decode: true, Scale: true}] = until
	}
}

// working leaves out what has failed.
func (c *Choice) working(list []pipeline.Backend) (left []pipeline.Backend) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range list {
		if !c.failed[b].After(time.Now()) {
			left = append(left, b)
		}
	}
	return left
}

func deviceOf(proofs []Proof, use pipeline.Device) Device {
	for _, p := range proofs {
		if p.Device.Use() == use {
			return p.Device
		}
	}
	return Device{API: use.API, ID: use.ID}
}
