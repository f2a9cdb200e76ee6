//go:build !fuzz

package control

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/store"
	"ladderd/testassets/await"
)

// feed is a store whose watches a test breaks, and to which it writes as others of a fleet do.
type feed struct {
	store.Store
	mu      sync.Mutex
	watches []*brokenWatch
}

type brokenWatch struct {
	store.Watcher
	stop context.CancelFunc
	err  error
}

func (w *brokenWatch) Err() error { return w.err }

func (f *feed) Watch(ctx context.Context, prefix string, after int64) (store.Watcher, error) {
	ctx, stop := context.WithCancel(ctx)
	w, err := f.Store.Watch(ctx, prefix, after)
	if err != nil {
		stop()
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watches = append(f.watches, &brokenWatch{w, stop, store.ErrCompacted})
	return f.watches[len(f.watches)-1], nil
}

// sever ends the watches that there are.
func (f *feed) sever() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.watches {
		w.stop()
	}
	f.watches = nil
}

func (f *feed) put(t *testing.T, c *channelRecord) {
	t.Helper()
	d := &draft{ctx: t.Context(), store: f, read: map[string]bool{}}
	if err := d.put(entryKey(kindChannel, c.ID), c); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Apply(t.Context(), d.change); err != nil {
		t.Fatal(err)
	}
}

func (f *fakeChannels) ids() (ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.now {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// What another process of a fleet changes is known here, also over a watch that breaks.
func TestChangesOfOthersAreFollowed(t *testing.T) {
	b := newBox(t)
	shared := &feed{Store: b.store}
	hub := &fakeChannels{now: map[string]Published{}}
	shared.put(t, &channelRecord{ID: "first"})
	f, err := follow(t.Context(), shared, hub, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if !slices.Equal(hub.ids(), []string{"first"}) {
		t.Errorf("at the start: %v", hub.ids())
	}
	shared.put(t, &channelRecord{ID: "second", Key: &keyRecord{Value: "sk_second"}})
	await.Soon(t, "the second is known", func() bool { p, _ := hub.get("second"); return p.Key == "sk_second" })
	shared.sever()
	if _, err := shared.Apply(t.Context(), store.Change{Delete: []string{channelPrefix + "first"}}); err != nil {
		t.Fatal(err)
	}
	shared.put(t, &channelRecord{ID: "third"})
	await.Soon(t, "all is as in the store", func() bool { return slices.Equal(hub.ids(), []string{"second", "third"}) })
	await.Soon(t, "the trouble is over", func() bool { return f.trouble() == "" })
	shared.put(t, &channelRecord{ID: "fourth"})
	await.Soon(t, "the new watch works", func() bool { return len(hub.ids()) == 3 })
}

// A record that cannot be read costs its own channel alone.
func TestARecordThatIsNoneCostsItself(t *testing.T) {
	b := newBox(t)
	if _, err := b.store.Apply(t.Context(), store.Change{Put: []store.Put{{Key: channelPrefix + "bad", Value: []byte("{")}}}); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	hub := &fakeChannels{now: map[string]Published{}}
	shared := &feed{Store: b.store}
	shared.put(t, &channelRecord{ID: "good"})
	f, err := follow(t.Context(), shared, hub, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f.close()
	if !slices.Equal(hub.ids(), []string{"good"}) || !strings.Contains(log.String(), "channel=bad") {
		t.Errorf("known are %v; the log says %s", hub.ids(), log.String())
	}
}

// What is not durable is not acknowledged, and not in use.
func TestWhatIsNotStoredIsNotAcknowledged(t *testing.T) {
	b := newBox(t)
	b.disk.full.Store(true)
	status, code, words := b.send(t, "POST", "/CreateChannel", []byte("{}"))
	if status != 500 || code != codeInternal || strings.Contains(words, "disk") {
		t.Errorf("%d %s %q", status, code, words)
	}
	if len(b.hub.ids()) != 0 {
		t.Errorf("publishers know of %v", b.hub.ids())
	}
}

// taking is a store that takes all.
type taking struct {
	store.Store
	revision atomic.Int64
}

func (s *taking) Apply(context.Context, store.Change) (int64, error) { return s.revision.Add(1), nil }

// A follower that hears of nothing holds each answer up, and not all of them one after another.
func TestChangesDoNotWaitForEachOthersFollowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := &follower{log: slog.New(slog.DiscardHandler), moved: make(chan struct{})}
		a := &API{store: &taking{}, follower: deaf, turn: make(chan struct{}, 1)}
		began := time.Now()
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				if err := a.change(t.Context(), func(d *draft) error { return d.put(channelPrefix+"a", 1) }); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if took := time.Since(began); took != behindMost {
			t.Errorf("three changes took %v", took)
		}
	})
}
