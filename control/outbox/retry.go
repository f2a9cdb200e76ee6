package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ladderd/store"
)

const (
	// pauseFirst and pauseMost are between attempts: the former doubles with each.
	pauseFirst = time.Second
	pauseMost  = 5 * time.Minute
	// pauseRevived is the least where the receiver has begun to take others.
	pauseRevived = 10 * time.Second
	// settling is how long after the start nothing is given up: where we were away for longer
	// than give_up, receivers may be coming back together with us.
	settling = 15 * time.Minute
)

// pause is how long to wait after so many attempts. Half of it is chance, so that lanes that
// failed together do not come back together.
func pause(attempts int) time.Duration {
	p := pauseMost
	if attempts < 10 {
		p = min(pauseFirst<<(attempts-1), pauseMost)
	}
	return p/2 + rand.N(p/2)
}

// postpone has a lane's first event sent again later, no sooner than after.
func (r *receiver) postpone(l *lane, reason error, after time.Duration) {
	r.mu.Lock()
	now := r.outbox.options.Now()
	l.attempts++
	l.last, l.due = now, now.Add(max(pause(l.attempts), min(after, pauseMost)))
	r.figures.failures++
	r.mu.Unlock()
	r.tell(reason)
}

// hurry has all lanes send at once: somebody has just mended something.
func (r *receiver) hurry() {
	r.mu.Lock()
	for _, l := range r.lanes {
		l.due = time.Time{}
	}
	r.mu.Unlock()
	r.nudge()
}

// giveUp makes an event a dead letter.
func (r *receiver) giveUp(l *lane, key string, one Record, reason error) bool {
	n, err := number(key)
	if err != nil {
		r.postpone(l, err, 0)
		return false
	}
	r.mu.Lock()
	attempts := l.attempts + 1
	r.figures.failures++
	r.mu.Unlock()
	value, err := json.Marshal(Letter{Record: one, Receiver: r.name, Attempts: attempts, Reason: reason.Error(), GivenUp: r.outbox.options.Now().UTC()})
	if err != nil {
		r.postpone(l, err, 0)
		return false
	}
	r.bury(one, attempts, reason)
	r.tell(reason)
	c := store.Change{Put: []store.Put{{Key: r.outbox.deadPrefix(r.name) + numbered(n), Value: value}}, Delete: []string{key}}
	return r.settle(l, c, func(f *figures) { f.dead++ })
}

// bury logs that an event is a dead letter.
func (r *receiver) bury(one Record, attempts int, reason error) {
	r.outbox.options.Log.Error("an event is given up: it is a dead letter now", "receiver", r.name, "event", one.Name,
		"id", one.ID, "channel", one.Channel, "attempts", attempts, "reason", reason)
}

// tell logs when a receiver begins to fail, and keeps why. It logs again when another reason
// comes up, and not each attempt.
func (r *receiver) tell(err error) {
	var refused *refusal
	words := err.Error()
	if errors.As(err, &refused) {
		words = refused.kind
	}
	r.mu.Lock()
	known := r.figures.failing == words
	r.figures.failing, r.figures.lastError, r.figures.lastFailure = words, err.Error(), r.outbox.options.Now()
	r.mu.Unlock()
	if !known {
		r.outbox.options.Log.Warn("events do not get to their receiver: they wait, and are sent again", "receiver", r.name, "reason", err)
	}
}

// revived says that the receiver has just taken an event: where it did not before, lanes that
// wait for long try again soon.
func (r *receiver) revived() {
	r.mu.Lock()
	failed := r.figures.failing != ""
	r.figures.failing = ""
	if failed {
		for _, l := range r.lanes {
			if soon := l.last.Add(pauseRevived); l.attempts > 0 && l.due.After(soon) {
				l.due = soon
			}
		}
	}
	r.mu.Unlock()
	if failed {
		r.outbox.options.Log.Info("events get to their receiver again", "receiver", r.name)
		r.nudge()
	}
}

// refusal is why an attempt failed.
type refusal struct {
	kind  string        // without what differs from one attempt to the next
	words string        // "" where kind says all
	after time.Duration // that the receiver has asked for
}

func (e *refusal) Error() string {
	if e.words == "" {
		return e.kind
	}
	return fmt.Sprintf("%s: %s", e.kind, e.words)
}
