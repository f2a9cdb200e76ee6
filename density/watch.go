package density

import (
	"sync"
	"time"
)

// Watch judges one channel. Its carrier tells it what comes out, from any goroutine.
type Watch struct {
	mu    sync.Mutex
	lanes []lane
	fault string // why the channel is no longer carried; empty while it is
}

func newWatch(outputs []string) *Watch {
	w := &Watch{lanes: make([]lane, len(outputs))}
	for i, name := range outputs {
		w.lanes[i].name = name
	}
	return w
}

// Out says that a packet of an output, by its index in Carrier.Outputs, came at a time, and
// when the source's packet with that picture or sound was due.
func (w *Watch) Out(output int, due, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lanes[output].out(due, at)
}

// Fail says that the channel is not carried any more, or was not for a while, and why. The
// first reason counts.
func (w *Watch) Fail(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault == "" {
		w.fault = why
	}
}

// unsettled names an output that has not settled; empty where all have. A channel that has
// failed never does.
func (w *Watch) unsettled(now time.Time) (output, fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.lanes {
		if !w.lanes[i].steady(now) {
			return w.lanes[i].name, w.fault
		}
	}
	return "", w.fault
}

// silent names an output of which nothing has come; empty where something has of all.
func (w *Watch) silent() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.lanes {
		if w.lanes[i].begun.IsZero() {
			return w.lanes[i].name
		}
	}
	return ""
}

// settle begins to measure. It returns the settled delays by output.
func (w *Watch) settle() map[string]time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	delays := map[string]time.Duration{}
	for i := range w.lanes {
		l := &w.lanes[i]
		l.settle()
		delays[l.name] = l.settled
	}
	return delays
}

// behind is the output that is or was furthest behind, and by how much more than when it had
// settled.
func (w *Watch) behind(now time.Time) (by time.Duration, output, fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.lanes {
		if b := w.lanes[i].behind(now); i == 0 || b > by {
			by, output = b, w.lanes[i].name
		}
	}
	return by, output, w.fault
}

// collect adds the measured delays to those of the same outputs of other channels.
func (w *Watch) collect(delays map[string][]float32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.lanes {
		delays[w.lanes[i].name] = append(delays[w.lanes[i].name], w.lanes[i].delays...)
	}
}
