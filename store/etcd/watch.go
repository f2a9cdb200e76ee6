package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"ladderd/store"
)

// rewatchAfter is how long a watch that etcd has ended waits until it begins anew.
const rewatchAfter = 200 * time.Millisecond

// watcher hands on what etcd tells, in a goroutine of its own.
type watcher struct {
	store   *Store
	prefix  string
	after   int64 // all changes up to this revision have been taken in
	updates chan []store.Update
	err     error // set before updates closes

	pending []store.Update // taken in, and not handed on yet
	bytes   int            // of their keys and values
	failed  bool           // the log has told so
}

func (w *watcher) Updates() <-chan []store.Update { return w.updates }

func (w *watcher) Err() error { return w.err }

// Watch is store.Store's.
func (s *Store) Watch(ctx context.Context, prefix string, after int64) (store.Watcher, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.ctx, func() { cancel(ErrClosed) })
	w := &watcher{store: s, prefix: s.prefix + prefix, after: after, updates: make(chan []store.Update)}
	s.done.Go(func() {
		defer close(w.updates)
		defer stop()
		defer cancel(nil)
		w.err = w.run(ctx)
	})
	return w, nil
}

// run watches, again and again where etcd ends it, as a member does that has lost the others.
func (w *watcher) run(ctx context.Context) error {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case w.out() <- w.pending:
			w.handedOn()
			continue
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := w.follow(ctx); err != nil {
			return err
		}
		wait.Reset(rewatchAfter)
	}
}

// follow watches once. Without an error etcd has ended it.
func (w *watcher) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := w.store.client.Watch(clientv3.WithRequireLeader(ctx), w.prefix, clientv3.WithPrefix(), clientv3.WithRev(w.after+1))
	for {
		select {
		case answer, ok := <-answers:
			if err := w.takeIn(answer); err != nil {
				return err
			}
			w.tell(answer.Err())
			if !ok || answer.Err() != nil {
				return nil
			}
		case w.out() <- w.pending:
			w.handedOn()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tell logs when a watch begins to fail, and when it goes on.
func (w *watcher) tell(err error) {
	switch {
	case err != nil && !w.failed:
		w.store.log.Warn("etcd ends the watch of its keys, which is begun anew until it holds", "keys", w.prefix, "reason", err)
	case err == nil && w.failed:
		w.store.log.Info("etcd tells of its keys again", "keys", w.prefix)
	}
	w.failed = err != nil
}

// takeIn is told of changes. Who does not take them for too long is given up: etcd's client
// would keep all of them.
func (w *watcher) takeIn(answer clientv3.WatchResponse) error {
	if answer.CompactRevision != 0 {
		return store.ErrCompacted
	}
	for _, event := range answer.Events {
		u := store.Update{Entry: w.store.entry(event.Kv), Deleted: event.Type == clientv3.EventTypeDelete}
		w.pending = append(w.pending, u)
		w.bytes += len(u.Key) + len(u.Value)
		w.after = u.Revision
	}
	if w.bytes > store.MaxBehind {
		return store.ErrCompacted
	}
	return nil
}

// out is where updates go, nil where there are none.
func (w *watcher) out() chan<- []store.Update {
	if len(w.pending) == 0 {
		return nil
	}
	return w.updates
}

func (w *watcher) handedOn() { w.pending, w.bytes = nil, 0 }
