package control

import (
	"context"
	"sync"
)

// requests are those that are being answered. Who closes the API waits for them: what they use
// is closed next, also where the listener gave up waiting for a slow one.
type requests struct {
	life context.Context // ends when no answer is wanted any more
	stop context.CancelFunc

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // is added to under mu, and not once closed
}

func newRequests() *requests {
	r := &requests{}
	r.life, r.stop = context.WithCancel(context.Background())
	return r
}

// begin is false after close. Otherwise end follows.
func (r *requests) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.running.Add(1)
	return true
}

func (r *requests) end() { r.running.Done() }

// close cuts short what is going on, and waits for it.
func (r *requests) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.running.Wait()
}
