package main

import "sync/atomic"

// phase is what the daemon is at: starting, until somebody says otherwise.
type phase struct{ is atomic.Int32 }

const (
	starting int32 = iota
	ready
	draining // publishers may end, and then it ends
)

func (p *phase) String() string {
	return [...]string{"starting", "ready", "draining"}[p.is.Load()]
}
