package contract

import (
	"context"
	"testing"
	"time"

	"ladderd/store"
)

// patience is how long a test waits for what must come: never reached where all is well.
const patience = 30 * time.Second

// Run tests a backend. open makes an empty store, which it closes at the end of the test. What
// others do beside it may have it count revisions, as etcd does.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(*suite)
	}{
		{"GetsWhatWasPut", (*suite).getsWhatWasPut},
		{"RevisionsGrow", (*suite).revisionsGrow},
		{"ComparesAndSwaps", (*suite).comparesAndSwaps},
		{"ChangesAllOrNothing", (*suite).changesAllOrNothing},
		{"ListsPages", (*suite).listsPages},
		{"ListsBelowAPrefix", (*suite).listsBelowAPrefix},
		{"ListsOneRevision", (*suite).listsOneRevision},
		{"RefusesWhatIsTooMuch", (*suite).refusesWhatIsTooMuch},
		{"TakesWhatIsAllowed", (*suite).takesWhatIsAllowed},
		{"LosesNoIncrement", (*suite).losesNoIncrement},
		{"EndsWithTheContext", (*suite).endsWithTheContext},
		{"WatchesInOrder", (*suite).watchesInOrder},
		{"WatchesFromARevision", (*suite).watchesFromARevision},
		{"WatchesWhileOthersWrite", (*suite).watchesWhileOthersWrite},
		{"WatchesFallBehind", (*suite).watchesFallBehind},
		{"WatchesEnd", (*suite).watchesEnd},
		{"LeasesEnd", (*suite).leasesEnd},
		{"LeasesAreRevoked", (*suite).leasesAreRevoked},
		{"LeasesLetGo", (*suite).leasesLetGo},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // leases take seconds, whatever the machine does
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			t.Cleanup(cancel)
			c.test(&suite{T: t, ctx: ctx, Store: open(t)})
		})
	}
}

// suite is one test's store, with calls that must not fail.
type suite struct {
	*testing.T
	store.Store
	ctx context.Context
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) put(key, value string) int64 {
	s.Helper()
	return s.apply(store.Change{Put: []store.Put{{Key: key, Value: []byte(value)}}})
}

func (s *suite) delete(key string) int64 {
	s.Helper()
	return s.apply(store.Change{Delete: []string{key}})
}

func (s *suite) apply(c store.Change) int64 {
	s.Helper()
	revision, err := s.Apply(s.ctx, c)
	s.must(err)
	return revision
}

func (s *suite) get(key string) store.Entry {
	s.Helper()
	e, err := s.Get(s.ctx, key)
	s.must(err)
	return e
}

func (s *suite) list(prefix, after string, limit int) store.Page {
	s.Helper()
	p, err := s.List(s.ctx, prefix, after, limit)
	s.must(err)
	return p
}

func (s *suite) grant(ttl time.Duration) store.LeaseID {
	s.Helper()
	id, err := s.Grant(s.ctx, ttl)
	s.must(err)
	return id
}

// revision is the store's now.
func (s *suite) revision() int64 {
	s.Helper()
	return s.list("", "", 1).Revision
}

// keys of entries, in their order.
func keys(entries []store.Entry) []string {
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Key)
	}
	return list
}
