package outbox

import (
	"context"
	"encoding/json"
	"fmt"
)

// Numbered is an event with its number.
type Numbered struct {
	Number uint64
	Record
}

// Last is the number of the last event.
func (o *Outbox) Last() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// More is closed once there are events behind the number.
func (o *Outbox) More(after uint64) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last > after {
		return already
	}
	return o.moved
}

// already is closed.
var already = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// After are events that come after the number, of those that are kept: the last 10,000; at most
// limit, the oldest first. One that is about to be written, by Add, is not among them.
func (o *Outbox) After(ctx context.Context, last uint64, limit int) ([]Numbered, error) {
	written := o.Last()
	page, err := o.store.List(ctx, o.keptPrefix(), o.keptKey(last), limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	list := make([]Numbered, 0, len(page.Entries))
	for _, e := range page.Entries {
		n, err := number(e.Key)
		if err != nil {
			return nil, err
		}
		if n > written { // who knew of it would know of more than Last
			break
		}
		one := Numbered{Number: n}
		if err := json.Unmarshal(e.Value, &one.Record); err != nil {
			return nil, fmt.Errorf("read the event at %s: %w", e.Key, err)
		}
		list = append(list, one)
	}
	return list, nil
}
