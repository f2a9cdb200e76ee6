package etcd

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"ladderd/store"
	"ladderd/store/contract"
)

func TestEtcdKeepsTheContract(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	contract.Run(t, func(t *testing.T) store.Store { return server.open(t) })
}

func put(ctx context.Context, s *Store, key string) (int64, error) {
	return s.Apply(ctx, store.Change{Put: []store.Put{{Key: key, Value: []byte("x")}}})
}

// TestEtcdComesBack kills etcd: calls fail, and when it is back all that was acknowledged is
// there, calls work, and a watch goes on.
func TestEtcdComesBack(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	s := server.open(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	before, err := put(ctx, s, "before")
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.Watch(ctx, "", before-1)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-w.Updates(); len(got) != 1 || got[0].Key != "before" {
		t.Fatalf("watched %v", got)
	}

	server.stop(syscall.SIGKILL)
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	if _, err := put(short, s, "meanwhile"); err == nil {
		t.Error("a dead etcd has acknowledged a change")
	}
	if _, err := s.Get(short, "before"); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("read of a dead etcd: %v", err)
	}

	server.start()
	if e, err := s.Get(ctx, "before"); err != nil || e.Revision != before {
		t.Errorf("got %+v, %v; want revision %d", e, err, before)
	}
	after, err := put(ctx, s, "after")
	if err != nil {
		t.Fatal(err)
	}
	for batch := range w.Updates() {
		if last := batch[len(batch)-1]; last.Key == "after" && last.Revision == after {
			return
		}
	}
	t.Errorf("the watch ended: %v", w.Err())
}

func TestEtcdForgets(t *testing.T) {
	t.Parallel()
	s := startServer(t).open(t)
	first, err := put(t.Context(), s, "a")
	if err != nil {
		t.Fatal(err)
	}
	last, err := put(t.Context(), s, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Compact(t.Context(), last, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	w, err := s.Watch(t.Context(), "", first-1)
	if err != nil {
		t.Fatal(err)
	}
	for batch := range w.Updates() {
		t.Errorf("watched %v", batch)
	}
	if !errors.Is(w.Err(), store.ErrCompacted) {
		t.Errorf("ended for %v", w.Err())
	}
}

func TestEtcdThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if s, err := Open(ctx, (&server{clients: freeURL(t)}).options("")); err == nil {
		s.Close()
		t.Error("opened")
	}
}
