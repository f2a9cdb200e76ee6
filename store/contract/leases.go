package contract

import (
	"errors"
	"time"

	"ladderd/store"
)

// ttl is the shortest.
const ttl = store.MinTTL

func (s *suite) hold(key string, lease store.LeaseID) {
	s.Helper()
	s.apply(store.Change{Put: []store.Put{{Key: key, Lease: lease}}})
	if e := s.get(key); e.Lease != lease {
		s.Errorf("%s has lease %d, want %d", key, e.Lease, lease)
	}
}

// leasesEnd renews one of two leases until the other one has ended. On a machine that stood
// still meanwhile both have, and it begins anew.
func (s *suite) leasesEnd() {
	s.put("none", "")
	for {
		renewed, left := s.grant(ttl), s.grant(ttl)
		s.apply(store.Change{Put: []store.Put{
			{Key: "renewed/a", Lease: renewed}, {Key: "renewed/b", Lease: renewed}, {Key: "left", Lease: left},
		}})
		w := s.watch("", s.revision())
		if s.renewedUntil(w, renewed, "-left") {
			s.ended(w, left)
			return
		}
		s.must(s.Revoke(s.ctx, renewed))
		s.must(s.Revoke(s.ctx, left))
	}
}

// renewedUntil renews the lease until that is watched. It is false where the test came too
// late to renew it.
func (s *suite) renewedUntil(w store.Watcher, lease store.LeaseID, watched string) bool {
	s.Helper()
	last := time.Now()
	late := func() bool { return time.Since(last) > ttl/2 }
	again := time.NewTicker(ttl / 10)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			now := time.Now()
			err := s.Renew(s.ctx, lease)
			if errors.Is(err, store.ErrExpired) && late() {
				return false
			}
			s.must(err)
			last = now
		case batch := <-w.Updates():
			if words(batch) != watched && late() {
				return false
			}
			if words(batch) != watched {
				s.Fatalf("watched %s", words(batch))
			}
			return true
		}
	}
}

// ended has a lease that is renewed no more end as the other one did.
func (s *suite) ended(w store.Watcher, left store.LeaseID) {
	if err := s.Renew(s.ctx, left); !errors.Is(err, store.ErrExpired) {
		s.Errorf("renewed after its end: %v", err)
	}
	if _, err := s.Apply(s.ctx, store.Change{Put: []store.Put{{Key: "late", Lease: left}}}); !errors.Is(err, store.ErrExpired) {
		s.Errorf("used after its end: %v", err)
	}
	s.expect(w, "-renewed/a -renewed/b")
	if p := s.list("", "", 0); len(p.Entries) != 1 || p.Entries[0].Key != "none" {
		s.Errorf("left: %v", keys(p.Entries))
	}
	s.must(s.Revoke(s.ctx, left))
}

func (s *suite) leasesAreRevoked() {
	lease := s.grant(time.Hour)
	s.hold("a", lease)
	s.hold("b", lease)
	before := s.revision()
	w := s.watch("", before)
	s.must(s.Revoke(s.ctx, lease))
	got := s.expect(w, "-a -b")
	if r := got[0].Revision; r <= before || r != got[1].Revision {
		s.Errorf("revisions %d and %d after %d", r, got[1].Revision, before)
	}
	if err := s.Renew(s.ctx, lease); !errors.Is(err, store.ErrExpired) {
		s.Errorf("renewed: %v", err)
	}
	s.must(s.Revoke(s.ctx, lease))
}

// leasesLetGo has entries that went with a lease and do not any more.
func (s *suite) leasesLetGo() {
	lease, other := s.grant(time.Hour), s.grant(time.Hour)
	for _, key := range []string{"kept", "moved", "gone"} {
		s.hold(key, lease)
	}
	s.hold("kept", 0)
	s.hold("moved", other)
	s.delete("gone")
	s.must(s.Revoke(s.ctx, lease))
	if p := s.list("", "", 0); len(p.Entries) != 2 {
		s.Errorf("left: %v", keys(p.Entries))
	}
	s.must(s.Revoke(s.ctx, other))
	if p := s.list("", "", 0); len(p.Entries) != 1 || p.Entries[0].Key != "kept" {
		s.Errorf("left: %v", keys(p.Entries))
	}
}
