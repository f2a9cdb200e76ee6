package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/store"
)

const (
	// atOnce is how many events may be on their way to a receiver, each of another lane.
	atOnce = 8
	// batch is how many events a lane reads from the store and sends before others have their turn.
	batch = 16
)

// receiver is who gets events: a lane for each channel that has some waiting.
type receiver struct {
	outbox *Outbox
	name   string
	hook   atomic.Pointer[hook]
	wake   chan struct{}
	ctx    context.Context
	stop   context.CancelFunc
	done   chan struct{} // closed when nothing is sent any more
	began  time.Time

	mu       sync.Mutex
	lanes    map[string]*lane // by channel; those with something waiting
	sending  int
	draining bool // nothing is sent a second time any more
	figures  figures
}

// lane is the state of one: what waits is in the store.
type lane struct {
	waiting  int // events
	arrivals int // since the lane is there
	oldest   time.Time
	sending  bool
	attempts int       // that have failed for the first one
	last     time.Time // when the last one failed
	due      time.Time // when the next one is
}

func newReceiver(o *Outbox, h Webhook) *receiver {
	r := &receiver{
		outbox: o, name: h.Name, wake: make(chan struct{}, 1), done: make(chan struct{}), lanes: map[string]*lane{},
		began: o.options.Now(),
	}
	r.hook.Store(newHook(h, o.options.Transport))
	r.ctx, r.stop = context.WithCancel(o.ctx)
	return r
}

// goTo has events go where h says from now on.
func (r *receiver) goTo(h Webhook) {
	was := r.hook.Swap(newHook(h, r.outbox.options.Transport))
	was.close()
	if was.Webhook != h {
		r.hurry()
	}
}

// load counts what waits from before.
func (r *receiver) load(ctx context.Context) error {
	prefix, after := r.outbox.waitingPrefix(r.name), ""
	for {
		page, err := r.outbox.store.List(ctx, prefix, after, 1000)
		if err != nil {
			return fmt.Errorf("read the events that wait for %s: %w", r.name, err)
		}
		for _, e := range page.Entries {
			var one Record
			if err := json.Unmarshal(e.Value, &one); err != nil {
				return fmt.Errorf("read the event at %s: %w", e.Key, err)
			}
			r.count(one)
			after = e.Key
		}
		if !page.More {
			break
		}
	}
	letters, err := r.outbox.countLetters(ctx, r.name)
	r.figures.dead = letters
	return err
}

// note is what is written for an event with the number n, and what is to be called when it is
// written. It waits, unless too many do.
func (r *receiver) note(one Record, value []byte, n uint64) (p store.Put, told func(), err error) {
	r.mu.Lock()
	full := r.figures.waiting >= waitingMost
	r.mu.Unlock()
	if !full {
		return store.Put{Key: r.outbox.lanePrefix(r.name, one.Channel) + numbered(n), Value: value}, func() { r.arrived(one) }, nil
	}
	reason := fmt.Errorf("%d events wait already", waitingMost)
	value, err = json.Marshal(Letter{Record: one, Receiver: r.name, GivenUp: r.outbox.options.Now().UTC(), Reason: reason.Error()})
	if err != nil {
		return p, nil, fmt.Errorf("write the event %s: %w", one.Name, err)
	}
	return store.Put{Key: r.outbox.deadPrefix(r.name) + numbered(n), Value: value}, func() { r.turnedAway(one, reason) }, nil
}

// turnedAway counts an event that was a dead letter at once.
func (r *receiver) turnedAway(one Record, reason error) {
	r.mu.Lock()
	r.figures.dead++
	r.mu.Unlock()
	r.bury(one, 0, reason)
}

// arrived has an event sent that is written.
func (r *receiver) arrived(one Record) {
	r.mu.Lock()
	r.count(one)
	r.mu.Unlock()
	r.nudge()
}

// count adds an event to its lane. The lock is held.
func (r *receiver) count(one Record) {
	l := r.lanes[one.Channel]
	if l == nil {
		l = &lane{}
		r.lanes[one.Channel] = l
	}
	if l.waiting == 0 || one.Time.Before(l.oldest) {
		l.oldest = one.Time
	}
	l.waiting++
	l.arrivals++
	r.figures.waiting++
}

// nudge has the lanes looked at.
func (r *receiver) nudge() {
	select {
	case r.wake <- struct{}{}:
	default: // it has not looked since
	}
}

// run sends what is due until the receiver is closed.
func (r *receiver) run() {
	defer close(r.done)
	defer func() { r.hook.Load().close() }()
	var senders sync.WaitGroup
	defer senders.Wait()
	for {
		next, over := r.dispatch(&senders)
		if over {
			return
		}
		timer := time.NewTimer(next)
		select {
		case <-r.wake:
		case <-timer.C:
		case <-r.ctx.Done():
		}
		timer.Stop()
	}
}

// idle is how long nothing is looked for where nothing is due.
const idle = time.Hour

// dispatch starts a sender for each lane that is due, while there is room. It says when the
// next one is due, and whether nothing will ever be again.
func (r *receiver) dispatch(senders *sync.WaitGroup) (next time.Duration, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil {
		return 0, true
	}
	now := r.outbox.options.Now()
	next = idle
	for channel, l := range r.lanes {
		if l.sending || l.waiting <= 0 {
			continue
		}
		if wait := l.due.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		if r.draining && l.attempts > 0 {
			continue
		}
		if r.sending >= atOnce {
			break // the one that ends first looks again
		}
		l.sending = true
		r.sending++
		senders.Go(func() { r.serve(channel, l) })
	}
	return next, r.draining && r.sending == 0
}

// serve sends a lane's first events.
func (r *receiver) serve(channel string, l *lane) {
	defer r.leave(channel, l)
	r.mu.Lock()
	arrivals := l.arrivals
	r.mu.Unlock()
	prefix := r.outbox.lanePrefix(r.name, channel)
	page, err := r.outbox.store.List(r.ctx, prefix, "", batch)
	if err != nil {
		r.postpone(l, fmt.Errorf("read the events of %s: %w", channel, err), 0)
		return
	}
	if len(page.Entries) == 0 {
		r.emptied(l, arrivals)
		return
	}
	for _, e := range page.Entries {
		var one Record
		if err := json.Unmarshal(e.Value, &one); err != nil {
			r.postpone(l, fmt.Errorf("read the event at %s: %w", e.Key, err), 0)
			return
		}
		if !r.send(l, e.Key, one) || r.ctx.Err() != nil {
			return
		}
	}
}

// send sends an event and has it wait no more: false where it still does.
func (r *receiver) send(l *lane, key string, one Record) bool {
	r.mu.Lock()
	l.oldest = one.Time
	attempts := l.attempts
	r.mu.Unlock()
	h := r.hook.Load()
	refusal := h.post(r.ctx, one, attempts+1, r.outbox.options.Now())
	if refusal == nil {
		r.revived()
		return r.settle(l, store.Change{Delete: []string{key}}, func(f *figures) { f.delivered++; f.lastDelivery = r.outbox.options.Now() })
	}
	if r.ctx.Err() != nil { // it was cut short: it says nothing of the receiver
		return false
	}
	if now := r.outbox.options.Now(); one.age(now) < h.GiveUp || now.Sub(r.began) < min(h.GiveUp, settling) {
		r.postpone(l, refusal, refusal.after)
		return false
	}
	return r.giveUp(l, key, one, refusal)
}

// settle writes that an event waits no more, as often as it takes: it would be sent again.
func (r *receiver) settle(l *lane, c store.Change, count func(*figures)) bool {
	for attempt := 1; ; attempt++ {
		_, err := r.outbox.store.Apply(r.ctx, c)
		if err == nil {
			break
		}
		r.tell(err)
		select {
		case <-time.After(pause(attempt)):
		case <-r.ctx.Done():
			return false
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l.waiting--
	l.attempts, l.due = 0, time.Time{}
	r.figures.waiting--
	count(&r.figures)
	return true
}

// emptied says that nothing waits in a lane whose count says otherwise, as it does where an
// event was written while receivers changed.
func (r *receiver) emptied(l *lane, arrivals int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.arrivals == arrivals {
		r.figures.waiting -= l.waiting
		l.waiting = 0
	}
}

// leave ends a sender.
func (r *receiver) leave(channel string, l *lane) {
	r.mu.Lock()
	l.sending = false
	r.sending--
	if l.waiting <= 0 { // below where it sent what nobody has counted yet, or ever will
		r.figures.waiting -= l.waiting
		delete(r.lanes, channel)
	}
	r.mu.Unlock()
	r.nudge()
}

// drain has the receiver end once all is sent that can be sent at once.
func (r *receiver) drain() {
	r.mu.Lock()
	r.draining = true
	r.mu.Unlock()
	r.nudge()
}

// close ends the receiver, and waits for it.
func (r *receiver) close() {
	r.stop()
	<-r.done
}
