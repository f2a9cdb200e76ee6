package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"ladderd/store"
)

func (s *suite) watch(prefix string, after int64) store.Watcher {
	s.Helper()
	w, err := s.Watch(s.ctx, prefix, after)
	s.must(err)
	return w
}

// take waits for so many updates, and no more.
func (s *suite) take(w store.Watcher, n int) []store.Update {
	s.Helper()
	var got []store.Update
	for len(got) < n {
		batch, ok := <-w.Updates()
		if !ok {
			s.Fatalf("the watch ended after %d of %d updates: %v", len(got), n, w.Err())
		}
		got = append(got, batch...)
	}
	if len(got) != n {
		s.Fatalf("%d updates, want %d: %s", len(got), n, words(got))
	}
	return got
}

// words are updates as "key=value" and "-key".
func words(updates []store.Update) string {
	var list []string
	for _, u := range updates {
		if u.Deleted {
			list = append(list, "-"+u.Key+string(u.Value))
		} else {
			list = append(list, u.Key+"="+string(u.Value))
		}
	}
	return strings.Join(list, " ")
}

func (s *suite) expect(w store.Watcher, want string) []store.Update {
	s.Helper()
	got := s.take(w, len(strings.Fields(want)))
	if words(got) != want {
		s.Fatalf("watched %s, want %s", words(got), want)
	}
	return got
}

func (s *suite) watchesInOrder() {
	s.put("a/before", "x")
	w := s.watch("a/", s.revision())
	s.put("a/1", "x")
	s.put("b/1", "x")
	s.put("a/1", "y")
	last := s.apply(store.Change{Put: []store.Put{{Key: "a/2", Value: []byte("z")}}, Delete: []string{"a/1", "a/none"}})
	s.delete("a/none")
	got := s.take(w, 4)
	// In which order one change's own come is the backend's.
	if both := words(got); both != "a/1=x a/1=y a/2=z -a/1" && both != "a/1=x a/1=y -a/1 a/2=z" {
		s.Errorf("watched %s", both)
	}
	if got[2].Revision != last || got[3].Revision != last || got[0].Revision >= got[1].Revision || got[1].Revision >= last {
		s.Errorf("revisions %d, %d, %d, %d", got[0].Revision, got[1].Revision, got[2].Revision, got[3].Revision)
	}
}

func (s *suite) watchesFromARevision() {
	first := s.put("a", "1")
	second := s.put("a", "2")
	s.put("b", "1")
	s.delete("a")
	s.expect(s.watch("", first-1), "a=1 a=2 b=1 -a")
	s.expect(s.watch("", first), "a=2 b=1 -a")
	s.expect(s.watch("a", second), "-a")
	w := s.watch("", s.revision())
	s.put("c", "1")
	s.expect(w, "c=1")
}

// watchesWhileOthersWrite has watchers begin and end while several write: each sees every
// change after its first revision, once.
func (s *suite) watchesWhileOthersWrite() {
	const writers, each = 4, 25
	begin := s.revision()
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for i := range each {
				c := store.Change{Put: []store.Put{{Key: fmt.Sprintf("w/%d", writer), Value: fmt.Append(nil, i)}}}
				if _, err := s.Apply(s.ctx, c); err != nil {
					s.Error(err)
				}
			}
		})
	}
	for range 3 {
		group.Go(func() { s.follow(begin, writers, each) })
	}
	group.Wait()
}

// follow watches anew after each batch, from where that ended, until all is there.
func (s *suite) follow(after int64, writers, each int) {
	next := map[string]int{}
	for total := 0; total < writers*each; {
		ctx, cancel := context.WithCancel(s.ctx)
		w, err := s.Watch(ctx, "w/", after)
		if err != nil {
			s.Error(err)
		}
		batch, ok := <-w.Updates()
		cancel()
		if !ok {
			s.Errorf("the watch ended: %v", w.Err())
			return
		}
		for _, u := range batch {
			if u.Revision < after || string(u.Value) != fmt.Sprint(next[u.Key]) {
				s.Errorf("%s is %s at %d, want %d after %d", u.Key, u.Value, u.Revision, next[u.Key], after)
				return
			}
			next[u.Key]++
			total++
			after = u.Revision
		}
	}
}

// watchesFallBehind writes more than any backend remembers for a watcher that does not listen.
func (s *suite) watchesFallBehind() {
	lazy := s.watch("a", s.revision())
	other := s.watch("b", s.revision())
	value := bytes.Repeat([]byte("v"), store.MaxValue)
	for range 40 {
		s.put("a", string(value))
	}
	s.put("b", "x") // writers and other watchers are not held up
	s.expect(other, "b=x")
	var got int
	for batch := range lazy.Updates() {
		got += len(batch)
	}
	if !errors.Is(lazy.Err(), store.ErrCompacted) || got >= 40 {
		s.Errorf("after %d updates: %v", got, lazy.Err())
	}
}

func (s *suite) watchesEnd() {
	ctx, cancel := context.WithCancel(s.ctx)
	w, err := s.Watch(ctx, "", s.revision())
	s.must(err)
	cancel()
	for range w.Updates() {
		s.Error("an update")
	}
	if !errors.Is(w.Err(), context.Canceled) {
		s.Errorf("ended for %v", w.Err())
	}
}
