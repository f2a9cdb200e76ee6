package stream

import (
	"context"
	"time"
)

// drainLooks is how often Drain looks whether all is over.
const drainLooks = 50 * time.Millisecond

// Drain lets nobody begin a stream any more (ingest.ErrDraining), and waits until none is on air
// or ctx ends. Who publishes goes on meanwhile, and may come back to a stream that waits for its publisher.
// What is left is Close's.
func (h *Hub) Drain(ctx context.Context) {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	tick := time.NewTicker(drainLooks)
	defer tick.Stop()
	for h.Count() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Count is how many streams are on air.
func (h *Hub) Count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.onAir)
}
