package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"ladderd/store"
)

// busy has the writer be at something until it is told to go on.
func busy(t *testing.T, s *Store) (goOn func()) {
	t.Helper()
	begun, end, ended := make(chan bool), make(chan bool), make(chan error)
	go func() {
		ended <- s.submit(t.Context(), func(*transaction) error {
			close(begun)
			<-end
			return nil
		})
	}()
	<-begun
	return func() {
		t.Helper()
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestOneTransactionOfMany has conditions within it hold for what the same one has changed.
func TestOneTransactionOfMany(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "store.db"))
	goOn := busy(t, s)
	const writers = maxBatch / 2
	errs := make(chan error, writers)
	jobs := make([]*job, writers)
	for i := range jobs {
		jobs[i] = &job{ctx: t.Context(), done: errs, do: func(tx *transaction) error {
			_, err := tx.apply(store.Change{
				If:  []store.Condition{{Key: "first"}},
				Put: []store.Put{{Key: "first", Value: fmt.Append(nil, i)}},
			})
			return err
		}}
		s.queue <- jobs[i]
	}
	w, err := s.Watch(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	goOn()
	for i := range writers {
		if err := <-errs; (i == 0) != (err == nil) || err != nil && !errors.Is(err, store.ErrConflict) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if got := <-w.Updates(); len(got) != 1 || string(got[0].Value) != "0" || got[0].Revision != 1 {
		t.Errorf("watched %v", got)
	}
}

// TestWhoWaitsMayGiveUp has a change that is not done because nobody waits for it any more.
func TestWhoWaitsMayGiveUp(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "store.db"))
	goOn := busy(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error)
	go func() {
		_, err := s.Apply(ctx, store.Change{Put: []store.Put{{Key: "a"}}})
		given <- err
	}()
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Errorf("gave up with %v", err)
	}
	goOn()
	put(t, s, "b", "x")
	if _, err := s.Get(t.Context(), "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("done all the same: %v", err)
	}
}

func TestFeedForgets(t *testing.T) {
	f := newFeed(7)
	one := func(revision int64, size int) change {
		return change{revision: revision, updates: []store.Update{{Entry: store.Entry{Key: "k", Value: make([]byte, size), Revision: revision}}}}
	}
	for revision := int64(8); revision < 8+feedRevisions; revision++ {
		f.add([]change{one(revision, 1)})
	}
	if found, _, _, err := f.since("", 7); err != nil || len(found) != feedRevisions {
		t.Errorf("%d changes, %v", len(found), err)
	}
	last := int64(8 + feedRevisions)
	f.add([]change{one(last, 1)})
	if _, _, _, err := f.since("", 7); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("more than it remembers: %v", err)
	}
	if found, revision, _, err := f.since("", 8); err != nil || len(found) != feedRevisions || revision != last {
		t.Errorf("%d changes, %v", len(found), err)
	}
	f.add([]change{one(last+1, store.MaxBehind), one(last+2, 1)})
	if _, _, _, err := f.since("", last); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("larger than it remembers: %v", err)
	}
	if found, _, _, err := f.since("", last+1); err != nil || len(found) != 1 {
		t.Errorf("%d changes, %v", len(found), err)
	}
	f.now = func() time.Time { return time.Now().Add(feedFor + time.Second) }
	f.add([]change{one(last+3, 1)})
	if _, _, _, err := f.since("", last+1); !errors.Is(err, store.ErrCompacted) || len(f.changes) != 1 || f.bytes != 2 {
		t.Errorf("%d changes of %d bytes stay, %v", len(f.changes), f.bytes, err)
	}
}
