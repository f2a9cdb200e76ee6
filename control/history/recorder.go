package history

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"ladderd/event"
	"ladderd/store"
)

const (
	// kept is how long sessions are kept after their end (guide, line 2106).
	kept = 60 * 24 * time.Hour
	// entriesMost is how many of a session's events are kept, the last ones.
	entriesMost = 500
	// lifeSign is how often it is written down that the daemon lives while sessions are open.
	lifeSign = 10 * time.Second
	// purgeEvery is how often old sessions are looked for.
	purgeEvery = time.Hour
	// queueMost is how many events wait at most while the store does not take them. What
	// begins or ends a session always waits, or a session would be open for good.
	queueMost = 10_000
	// patience is how long the store may take for one event, before it counts as failed.
	patience = 10 * time.Second
	// lastWords is how long Close may take to write what waits.
	lastWords = 5 * time.Second
)

// Options of a Recorder.
type Options struct {
	Log *slog.Logger
	Now func() time.Time // nil is time.Now
	// Node is whose sessions are to be ended at the start, where several processes share the
	// store.
	Node string
	// Snapshot is what a session that begins shows of its channel later, and of the channel's
	// recording configuration. The Recorder's goroutine calls it; nil is for nothing.
	Snapshot func(ctx context.Context, channel string) (channelJSON, recordingJSON json.RawMessage)
	// Outbox gets each event, in the change that makes a session of it; nil is for none.
	Outbox Outbox
}

// Outbox delivers events.
type Outbox interface {
	// Add adds to a change what it takes to have an event delivered. written is called when
	// the change is durable; where nobody knows whether it is, the event is added once more.
	Add(c *store.Change, e event.Event) (written func(), err error)
}

// Recorder writes sessions down, and reads them. Its methods may be called from any goroutine.
type Recorder struct {
	store   store.Store
	options Options
	wake    chan struct{}
	stop    context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	waiting []Event
	lost    int64 // events that did not find room

	// These are the goroutine's.
	open     map[string]*Session // by id
	lived    time.Time           // when the last sign of life was written
	silenced bool                // the log has told that the store takes nothing
}

// New ends the sessions that were cut short, and starts a recorder.
func New(s store.Store, o Options) (*Recorder, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Recorder{
		store: s, options: o, wake: make(chan struct{}, 1), done: make(chan struct{}), open: map[string]*Session{},
	}
	if err := r.recover(context.Background()); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.run(ctx)
	return r, nil
}

// Tell writes an event down, later, and has it delivered. It does not block. Those without a
// session are only delivered.
func (r *Recorder) Tell(e Event) {
	r.mu.Lock()
	if e.essential() || len(r.waiting) < queueMost {
		r.waiting = append(r.waiting, e)
	} else {
		r.lost++
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default: // it has not looked since
	}
}

// Waiting is how many events have not been written yet, and since when the first of them waits.
func (r *Recorder) Waiting() (n int, since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) > 0 {
		since = r.waiting[0].Time()
	}
	return len(r.waiting), since
}

// Lost is how many events did not find room while the store took none.
func (r *Recorder) Lost() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// Close writes what waits, where the store takes it, and ends.
func (r *Recorder) Close() {
	r.stop()
	<-r.done
}

func (r *Recorder) run(ctx context.Context) {
	defer close(r.done)
	life, purge := time.NewTicker(lifeSign), time.NewTicker(purgeEvery)
	defer life.Stop()
	defer purge.Stop()
	r.purge(ctx)
	for {
		select {
		case <-r.wake:
			r.write(ctx)
		case <-life.C:
			r.live(ctx)
		case <-purge.C:
			r.purge(ctx)
		case <-ctx.Done():
			last, done := context.WithTimeout(context.Background(), lastWords)
			r.write(last)
			done()
			return
		}
	}
}

// write writes all that waits. While the store does not take it, it tries again, until ctx
// ends.
func (r *Recorder) write(ctx context.Context) {
	pause := 100 * time.Millisecond
	for {
		e, any := r.next()
		if !any {
			return
		}
		attempt, done := context.WithTimeout(ctx, patience)
		err := r.event(attempt, e)
		done()
		if err != nil && ctx.Err() != nil {
			return // it stays, and is written over where it was written
		}
		r.tell(ctx, err)
		if err == nil {
			r.drop()
			pause = 100 * time.Millisecond
			continue
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, 10*time.Second)
		case <-ctx.Done():
			return
		}
	}
}

// next is the event that has waited longest. It stays until it is dropped.
func (r *Recorder) next() (Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return Event{}, false
	}
	return r.waiting[0], true
}

func (r *Recorder) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting[0] = Event{}
	if r.waiting = r.waiting[1:]; len(r.waiting) == 0 {
		r.waiting = nil
	}
}

// tell logs when the store stops taking sessions, and when it does so again. What Close has
// cut short says nothing of the store.
func (r *Recorder) tell(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	switch {
	case err != nil && !r.silenced:
		r.silenced = true
		r.options.Log.Error("stream sessions cannot be written down; they wait in memory", "reason", err)
	case err == nil && r.silenced:
		r.silenced = false
		r.options.Log.Info("stream sessions are written down again", "lost events", r.Lost())
	}
}
