package sqlite

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"ladderd/store"
)

// feedRevisions is what the feed remembers at most, and store.MaxBehind bytes. Watchers follow
// within milliseconds: who is further behind does better to list anew. What is older than
// feedFor goes with the next change, or events that nobody watches would stay for hours.
const (
	feedRevisions = 4096
	feedFor       = 10 * time.Second
)

// feed has the last changes, for watchers. They wait for it, it never waits for them.
type feed struct {
	mu        sync.Mutex
	forgotten int64 // changes up to this revision are not there any more
	changes   []change
	bytes     int
	grown     chan struct{} // closed when changes come
	now       func() time.Time
}

// change is all that one revision has changed.
type change struct {
	revision int64
	updates  []store.Update
	at       time.Time // when the feed was told
}

func newFeed(revision int64) *feed {
	return &feed{forgotten: revision, grown: make(chan struct{}), now: time.Now}
}

// add is told of what has been committed, in order.
func (f *feed) add(changes []change) {
	if len(changes) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for _, c := range changes {
		c.at = now
		f.changes = append(f.changes, c)
		f.bytes += c.bytes()
	}
	old := 0
	for ; len(f.changes)-old > feedRevisions || f.bytes > store.MaxBehind || now.Sub(f.changes[old].at) > feedFor; old++ {
		f.bytes -= f.changes[old].bytes()
		f.forgotten = f.changes[old].revision
	}
	f.changes = slices.Delete(f.changes, 0, old)
	close(f.grown)
	f.grown = make(chan struct{})
}

func (c change) bytes() int {
	n := 0
	for _, u := range c.updates {
		n += len(u.Key) + len(u.Value)
	}
	return n
}

// since are the changes below prefix after the revision, and the revision that they lead to.
// Where grown closes there are more.
func (f *feed) since(prefix string, after int64) (found []store.Update, revision int64, grown <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if after < f.forgotten {
		return nil, after, nil, store.ErrCompacted
	}
	next, _ := slices.BinarySearchFunc(f.changes, after+1, func(c change, r int64) int { return int(c.revision - r) })
	for _, c := range f.changes[next:] {
		for _, u := range c.updates {
			if strings.HasPrefix(u.Key, prefix) {
				found = append(found, u)
			}
		}
		after = c.revision
	}
	return found, after, f.grown, nil
}

// watcher hands changes on in a goroutine of its own.
type watcher struct {
	updates chan []store.Update
	err     error // set before updates closes
}

func (w *watcher) Updates() <-chan []store.Update { return w.updates }

func (w *watcher) Err() error { return w.err }

// run follows the feed until ctx ends or it has fallen behind what the feed remembers.
func (w *watcher) run(ctx context.Context, f *feed, prefix string, after int64) {
	defer close(w.updates)
	for {
		found, revision, grown, err := f.since(prefix, after)
		if err != nil {
			w.err = err
			return
		}
		after = revision
		if len(found) > 0 {
			select {
			case w.updates <- found:
			case <-ctx.Done():
				w.err = context.Cause(ctx)
				return
			}
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			w.err = context.Cause(ctx)
			return
		}
	}
}
