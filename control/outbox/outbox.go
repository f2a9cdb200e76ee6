package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"ladderd/event"
	"ladderd/store"
)

const (
	// keptMost is how many events are kept for whoever asks what there was, the last ones.
	keptMost = 10_000
	// waitingMost is how many events may wait for a receiver; more are dead letters at once.
	waitingMost = 200_000
	// ReceiversMost is how many receivers there may be: an event with a note for each of them,
	// and what else changes with it, must fit into one change.
	ReceiversMost = 32
	// lastWords is how long Close may take to deliver what does not wait for another attempt.
	lastWords = 3 * time.Second
)

// Options of an Outbox.
type Options struct {
	Store   store.Store
	Account event.Account
	// Node is whose events these are, where several processes share the store.
	Node string
	Log  *slog.Logger
	Now  func() time.Time // nil is time.Now
	// Transport is how receivers are reached, in tests; nil for the network.
	Transport http.RoundTripper
}

// Outbox writes events and delivers them. Its methods may be called from any goroutine, Add
// from one at a time.
type Outbox struct {
	options Options
	store   store.Store
	stop    context.CancelFunc
	ctx     context.Context

	mu        sync.Mutex
	last      uint64        // the number of the last event that is written
	moved     chan struct{} // closed, and made anew, with each event
	receivers map[string]*receiver

	// tending is held by what goes through all that is in the store: receivers that change, dead
	// letters that are sent again or deleted. One at a time counts rightly.
	tending sync.Mutex

	running sync.WaitGroup
}

// New opens the outbox of a node. It delivers nothing before Configure.
func New(ctx context.Context, o Options) (*Outbox, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Outbox{options: o, store: o.Store, moved: make(chan struct{}), receivers: map[string]*receiver{}}
	last, err := o.Store.Get(ctx, b.numberKey())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("read the number of the last event: %w", err)
	}
	if err == nil {
		if b.last, err = strconv.ParseUint(string(last.Value), 16, 64); err != nil {
			return nil, fmt.Errorf("read the number of the last event: %w", err)
		}
	}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.running.Go(b.keep)
	return b, nil
}

// Add adds to a change what it takes to have e delivered. The caller applies the change and
// then calls written; where it was not applied, or nobody knows, the same event is added to the
// next change in its place.
func (o *Outbox) Add(c *store.Change, e event.Event) (written func(), err error) {
	r := record(e, o.options.Account)
	value, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the event %s: %w", r.Name, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.last + 1
	c.Put = append(c.Put, store.Put{Key: o.keptKey(n), Value: value}, store.Put{Key: o.numberKey(), Value: []byte(numbered(n))})
	if n > keptMost {
		c.Delete = append(c.Delete, o.keptKey(n-keptMost))
	}
	var noted []func()
	for _, name := range o.names() {
		put, told, err := o.receivers[name].note(r, value, n)
		if err != nil {
			return nil, err
		}
		c.Put = append(c.Put, put)
		noted = append(noted, told)
	}
	return func() { o.written(n, noted) }, nil
}

// names are the receivers', in order. The lock is held.
func (o *Outbox) names() []string {
	names := make([]string, 0, len(o.receivers))
	for name := range o.receivers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (o *Outbox) written(n uint64, noted []func()) {
	o.mu.Lock()
	o.last = n
	close(o.moved)
	o.moved = make(chan struct{})
	o.mu.Unlock()
	for _, told := range noted {
		told()
	}
}

// Close delivers what can be delivered at once, for a moment, and ends. What still waits is
// delivered by the next process.
func (o *Outbox) Close() {
	o.mu.Lock()
	for _, r := range o.receivers {
		r.drain()
	}
	o.mu.Unlock()
	defer time.AfterFunc(lastWords, o.stop).Stop()
	o.awaitReceivers()
	o.stop()
	o.running.Wait()
}

// awaitReceivers waits until each has delivered what it could.
func (o *Outbox) awaitReceivers() {
	o.mu.Lock()
	all := make([]*receiver, 0, len(o.receivers))
	for _, r := range o.receivers {
		all = append(all, r)
	}
	o.mu.Unlock()
	for _, r := range all {
		<-r.done
	}
}
