package etcd

import (
	"context"
	"errors"
	"fmt"
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
	for what, call := range map[string]func(context.Context) error{
		"change": func(ctx context.Context) error { _, err := put(ctx, s, "meanwhile"); return err },
		"read":   func(ctx context.Context) error { _, err := s.Get(ctx, "before"); return err },
		"renew":  func(ctx context.Context) error { return s.Renew(ctx, 1) },
	} {
		short, stop := context.WithTimeout(ctx, 200*time.Millisecond)
		if err := call(short); err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrExpired) {
			t.Errorf("%s of a dead etcd: %v", what, err)
		}
		stop()
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

// TestEtcdWithAUser has a cluster that asks who we are, and lets us have our prefix alone.
func TestEtcdWithAUser(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	admin := server.open(t).client
	steps := []func() error{
		func() error { _, err := admin.UserAdd(ctx, "root", "secret"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "root", "root"); return err },
		func() error { _, err := admin.RoleAdd(ctx, "video"); return err },
		func() error {
			all := clientv3.PermissionType(clientv3.PermReadWrite)
			_, err := admin.RoleGrantPermission(ctx, "video", "/ladderd/", clientv3.GetPrefixRangeEnd("/ladderd/"), all)
			return err
		},
		func() error { _, err := admin.UserAdd(ctx, "ladderd", "password"); return err },
		func() error { _, err := admin.UserGrantRole(ctx, "ladderd", "video"); return err },
		func() error { _, err := admin.AuthEnable(ctx); return err },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	o := server.options("/ladderd/")
	for _, wrong := range []string{"", "another"} {
		if o.Username, o.Password = "ladderd", wrong; wrong == "" {
			o.Username = ""
		}
		if s, err := Open(ctx, o); err == nil {
			s.Close()
			t.Errorf("opened with the password %q", wrong)
		}
	}
	o.Username, o.Password = "ladderd", "password"
	s, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := put(ctx, s, "a"); err != nil {
		t.Error(err)
	}
	for after, want := range map[string]int{"": 1, "a": 0, "b": 0} {
		if p, err := s.List(ctx, "", after, 0); err != nil || len(p.Entries) != want {
			t.Errorf("after %q: %v, %v", after, p, err)
		}
	}
}

// TestEtcdTakesABackup has more entries than one change may, or one answer has.
func TestEtcdTakesABackup(t *testing.T) {
	t.Parallel()
	s := startServer(t).open(t)
	if _, err := put(t.Context(), s, "other"); err != nil {
		t.Fatal(err)
	}
	page := store.Page{Revision: 1}
	for i := range pageSize + 1 {
		page.Entries = append(page.Entries, store.Entry{Key: fmt.Sprintf("key/%04d", i), Value: make([]byte, 20_000)})
	}
	a := store.NewArchive(page, "test", time.Now())
	if _, err := store.Restore(t.Context(), s, a, false); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("a store that is not empty: %v", err)
	}
	if n, err := store.Restore(t.Context(), s, a, true); err != nil || n != 1 {
		t.Errorf("replaced %d, %v", n, err)
	}
	got, err := s.List(t.Context(), "", "", 0)
	if err != nil || len(got.Entries) != len(page.Entries) || got.More {
		t.Fatalf("%d entries, more: %v, %v", len(got.Entries), got.More, err)
	}
	for i, e := range got.Entries {
		if e.Key != page.Entries[i].Key || len(e.Value) != len(page.Entries[i].Value) {
			t.Errorf("%d is %s", i, e.Key)
		}
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
