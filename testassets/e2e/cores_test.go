package e2e

import (
	"runtime"
	"slices"
	"sync"
	"testing"
)

// What tests take of the machine while they hold it, in tenths of a core: measured
// as CPU time of all their processes by wall clock. Broadcasts have to keep up with
// real time, so the sum of those that run at once is not more than there is.
const (
	passing     = 2  // BASIC, with its viewers
	transcoding = 6  // a ladder of 480 lines, or of a small square
	encoding    = 13 // a clip
)

// whole is all of the machine, for what must not be disturbed.
var whole = 10 * max(runtime.GOMAXPROCS(0), 2)

// machine is what all tests share.
var machine = newGate(whole)

// holding has the tests that hold some of it.
var holding sync.Map

// useCPU makes a test wait until so much of the machine is free of other tests, and
// holds it until the test ends.
func useCPU(t *testing.T, tenths int) {
	t.Helper()
	machine.enter(tenths)
	holding.Store(t, true)
	t.Cleanup(func() { machine.leave(tenths) })
}

// gate lets in whoever fits into what is free. Who needs most goes first, and the
// others fill what that leaves.
type gate struct {
	mu      sync.Mutex
	free    int
	waiting []*entrant // by need, the largest first
}

type entrant struct {
	need    int
	entered chan struct{}
}

func newGate(size int) *gate { return &gate{free: size} }

func (g *gate) enter(need int) {
	e := &entrant{need, make(chan struct{})}
	g.mu.Lock()
	at := slices.IndexFunc(g.waiting, func(w *entrant) bool { return w.need < need })
	if at < 0 {
		at = len(g.waiting)
	}
	g.waiting = slices.Insert(g.waiting, at, e)
	g.admit()
	g.mu.Unlock()
	<-e.entered
}

func (g *gate) leave(need int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free += need
	g.admit()
}

// admit is called with the lock held.
func (g *gate) admit() {
	g.waiting = slices.DeleteFunc(g.waiting, func(e *entrant) bool {
		if e.need > g.free {
			return false
		}
		g.free -= e.need
		close(e.entered)
		return true
	})
}
