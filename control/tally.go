package control

import (
	"maps"
	"sync"
)

// tally counts requests, and those that came to nothing by the type of their error.
type tally struct {
	mu       sync.Mutex
	requests int64
	faults   map[string]int64
}

func (t *tally) count(f *Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	if f == nil {
		return
	}
	if t.faults == nil {
		t.faults = map[string]int64{}
	}
	t.faults[f.Code]++
}

// Status is how the API does, for operators.
type Status struct {
	Requests int64            `json:"requests"`
	Faults   map[string]int64 `json:"faults"`                // by the error's type
	Unlogged int64            `json:"unlogged"`              // calls that the audit log did not take
	Store    string           `json:"store_error,omitempty"` // why changes of others are not heard of, while they are not
}

// Status is how it does now.
func (a *API) Status() Status {
	s := Status{Store: a.follower.trouble()}
	a.tally.mu.Lock()
	defer a.tally.mu.Unlock()
	s.Requests, s.Faults, s.Unlogged = a.tally.requests, maps.Clone(a.tally.faults), a.audit.Failed()+a.strangers.Failed()
	return s
}
