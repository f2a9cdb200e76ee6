package outbox

import "time"

// figures are what is known of a receiver, beside its lanes.
type figures struct {
	waiting   int
	dead      int
	delivered int64
	failures  int64 // attempts

	failing      string // what it fails of at present, "" where it does not
	lastError    string
	lastFailure  time.Time
	lastDelivery time.Time
}

// Status is a receiver as operators see it.
type Status struct {
	Name    string `json:"name"`
	Pending int    `json:"pending"` // events that wait
	// Oldest is when the one happened that has waited longest; zero where none waits.
	Oldest       time.Time `json:"oldest,omitzero"`
	Dead         int       `json:"dead"`      // dead letters
	Delivered    int64     `json:"delivered"` // since the start
	Failures     int64     `json:"failures"`  // attempts that failed, since the start
	Failing      bool      `json:"failing"`   // the last attempt failed
	LastError    string    `json:"last_error,omitempty"`
	LastFailure  time.Time `json:"last_failure,omitzero"`
	LastDelivery time.Time `json:"last_delivery,omitzero"`
}

// Status is each receiver's, by name.
func (o *Outbox) Status() []Status {
	o.mu.Lock()
	all := make([]*receiver, 0, len(o.receivers))
	for _, name := range o.names() {
		all = append(all, o.receivers[name])
	}
	o.mu.Unlock()
	list := make([]Status, len(all))
	for i, r := range all {
		list[i] = r.status()
	}
	return list
}

func (r *receiver) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.figures
	s := Status{
		Name: r.name, Pending: max(f.waiting, 0), Dead: f.dead, Delivered: f.delivered, Failures: f.failures,
		Failing: f.failing != "", LastError: f.lastError, LastFailure: f.lastFailure, LastDelivery: f.lastDelivery,
	}
	for _, l := range r.lanes {
		if l.waiting > 0 && (s.Oldest.IsZero() || l.oldest.Before(s.Oldest)) {
			s.Oldest = l.oldest
		}
	}
	return s
}
