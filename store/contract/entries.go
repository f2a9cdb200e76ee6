package contract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ladderd/store"
)

func (s *suite) getsWhatWasPut() {
	if _, err := s.Get(s.ctx, "a"); !errors.Is(err, store.ErrNotFound) {
		s.Errorf("an empty store: %v", err)
	}
	for _, value := range []string{"one", "", "\x00\xff", strings.Repeat("long", 10_000)} {
		revision := s.put("a", value)
		if e := s.get("a"); e.Key != "a" || string(e.Value) != value || e.Revision != revision || e.Lease != 0 {
			s.Errorf("got %+v, want %q of revision %d", e, value, revision)
		}
	}
	s.delete("a")
	if _, err := s.Get(s.ctx, "a"); !errors.Is(err, store.ErrNotFound) {
		s.Errorf("a deleted entry: %v", err)
	}
	s.delete("a") // is no error
	value := []byte("mine")
	s.apply(store.Change{Put: []store.Put{{Key: "b", Value: value}}})
	copy(value, "your")
	if e := s.get("b"); string(e.Value) != "mine" {
		s.Errorf("the store has kept the caller's bytes: %q", e.Value)
	}
}

func (s *suite) revisionsGrow() {
	var last int64
	for i := range 5 {
		revision := s.put("a", fmt.Sprint(i))
		if revision <= last {
			s.Fatalf("revision %d after %d", revision, last)
		}
		last = revision
	}
	if r := s.delete("a"); r <= last {
		s.Errorf("a delete has revision %d after %d", r, last)
	}
	revision := s.apply(store.Change{Put: []store.Put{{Key: "b"}, {Key: "c"}}})
	if b, c := s.get("b"), s.get("c"); revision <= last || b.Revision != revision || c.Revision != revision {
		s.Errorf("one change of revision %d put %d and %d, after %d", revision, b.Revision, c.Revision, last)
	}
	s.apply(store.Change{Delete: []string{"none"}})
	if e := s.get("b"); e.Revision != revision {
		s.Errorf("nothing was changed, and an entry went from revision %d to %d", revision, e.Revision)
	}
}

func (s *suite) comparesAndSwaps() {
	swap := func(key string, revision int64, value string) error {
		_, err := s.Apply(s.ctx, store.Change{
			If:  []store.Condition{{Key: key, Revision: revision}},
			Put: []store.Put{{Key: key, Value: []byte(value)}},
		})
		return err
	}
	s.must(swap("a", 0, "first"))
	if err := swap("a", 0, "second"); !errors.Is(err, store.ErrConflict) {
		s.Errorf("made twice: %v", err)
	}
	first := s.get("a").Revision
	s.must(swap("a", first, "third"))
	if err := swap("a", first, "fourth"); !errors.Is(err, store.ErrConflict) {
		s.Errorf("an old revision: %v", err)
	}
	if e := s.get("a"); string(e.Value) != "third" {
		s.Errorf("value %q", e.Value)
	}
	s.delete("a")
	if err := swap("a", first, "fifth"); !errors.Is(err, store.ErrConflict) {
		s.Errorf("a deleted entry: %v", err)
	}
	s.must(swap("a", 0, "sixth"))
}

func (s *suite) changesAllOrNothing() {
	before := s.put("a", "old")
	_, err := s.Apply(s.ctx, store.Change{
		If:     []store.Condition{{Key: "a", Revision: before}, {Key: "none", Revision: 7}},
		Put:    []store.Put{{Key: "b", Value: []byte("new")}, {Key: "c", Value: []byte("new")}},
		Delete: []string{"a"},
	})
	if p := s.list("", "", 0); !errors.Is(err, store.ErrConflict) || !slices.Equal(keys(p.Entries), []string{"a"}) {
		s.Errorf("after %v: %+v", err, p)
	}
	_, err = s.Apply(s.ctx, store.Change{Put: []store.Put{{Key: "b"}, {Key: "c", Lease: 12345}}})
	if p := s.list("", "", 0); !errors.Is(err, store.ErrExpired) || len(p.Entries) != 1 {
		s.Errorf("a lease that never was: %v, %+v", err, p)
	}
	s.apply(store.Change{
		If:     []store.Condition{{Key: "a", Revision: before}, {Key: "none"}},
		Put:    []store.Put{{Key: "b", Value: []byte("new")}, {Key: "c", Value: []byte("new")}},
		Delete: []string{"a", "none"},
	})
	if p := s.list("", "", 0); !slices.Equal(keys(p.Entries), []string{"b", "c"}) {
		s.Errorf("got %+v", p)
	}
}

func (s *suite) listsPages() {
	want := []string{"a", "a/", "a/0", "a0", "b", "ä", "日"}
	for _, key := range slices.Backward(want) {
		s.put(key, "of "+key)
	}
	if p := s.list("", "", 0); !slices.Equal(keys(p.Entries), want) || p.More {
		s.Errorf("all: %v, more: %v", keys(p.Entries), p.More)
	}
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []store.Entry
		after, more := "", true
		for more {
			p := s.list("", after, limit)
			if len(p.Entries) > limit || p.More && len(p.Entries) < limit || len(p.Entries) == 0 {
				s.Fatalf("limit %d after %q: %v, more: %v", limit, after, keys(p.Entries), p.More)
			}
			got = append(got, p.Entries...)
			after, more = p.Entries[len(p.Entries)-1].Key, p.More
		}
		if !slices.Equal(keys(got), want) {
			s.Errorf("limit %d: %v", limit, keys(got))
		}
	}
	for _, e := range s.list("", "", 0).Entries {
		if string(e.Value) != "of "+e.Key || e.Revision != s.get(e.Key).Revision {
			s.Errorf("listed as %+v", e)
		}
	}
}

func (s *suite) listsBelowAPrefix() {
	for _, key := range []string{"a", "a/1", "a/2", "a/3", "a0", "b/1", "\u007f\u07ff", "\u007f\uffff"} {
		s.put(key, "")
	}
	for _, c := range []struct {
		prefix, after string
		want          []string
	}{
		{"a/", "", []string{"a/1", "a/2", "a/3"}},
		{"a/", "a/1", []string{"a/2", "a/3"}},
		{"a/", "a/3", []string{}},
		{"a/", "a", []string{"a/1", "a/2", "a/3"}},
		{"a/", "a/10", []string{"a/2", "a/3"}},
		{"a/", "b", []string{}},
		{"a", "", []string{"a", "a/1", "a/2", "a/3", "a0"}},
		{"none", "", []string{}},
		{"", "b", []string{"b/1"}},
		{"\u007f", "", []string{"\u007f\u07ff", "\u007f\uffff"}},
	} {
		want := c.want
		if c.prefix == "" {
			want = append(want, "\u007f\u07ff", "\u007f\uffff")
		}
		if p := s.list(c.prefix, c.after, 0); !slices.Equal(keys(p.Entries), want) {
			s.Errorf("%q after %q: %v, want %v", c.prefix, c.after, keys(p.Entries), want)
		}
	}
}

// listsOneRevision lists two entries that are always changed together.
func (s *suite) listsOneRevision() {
	both := func(value string) store.Change {
		return store.Change{Put: []store.Put{{Key: "a", Value: []byte(value)}, {Key: "b", Value: []byte(value)}}}
	}
	s.apply(both("begin"))
	var writer sync.WaitGroup
	defer writer.Wait()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if _, err := s.Apply(ctx, both(fmt.Sprint(i))); err != nil && ctx.Err() == nil {
				s.Error(err)
			}
		}
	})
	for range 100 {
		p := s.list("", "", 0)
		if len(p.Entries) != 2 || !bytes.Equal(p.Entries[0].Value, p.Entries[1].Value) || p.Revision < p.Entries[0].Revision {
			s.Fatalf("not of one revision: %+v", p)
		}
	}
}

func (s *suite) refusesWhatIsTooMuch() {
	mega := make([]byte, store.MaxValue)
	many := func(n int) (c store.Change) {
		for i := range n {
			c.Delete = append(c.Delete, fmt.Sprint(i))
		}
		return c
	}
	for name, c := range map[string]store.Change{
		"no key":       {Put: []store.Put{{}}},
		"long key":     {Delete: []string{strings.Repeat("k", store.MaxKey+1)}},
		"odd key":      {If: []store.Condition{{Key: "\xff"}}},
		"zero in key":  {Put: []store.Put{{Key: "a\x00"}}},
		"long value":   {Put: []store.Put{{Key: "a", Value: append(mega, 0)}}},
		"much":         {Put: []store.Put{{Key: "a", Value: mega}, {Key: "b", Value: mega}}},
		"many":         many(store.MaxChanges + 1),
		"put twice":    {Put: []store.Put{{Key: "a"}, {Key: "a"}}},
		"put, deleted": {Put: []store.Put{{Key: "a"}}, Delete: []string{"a"}},
	} {
		if _, err := s.Apply(s.ctx, c); !errors.Is(err, store.ErrInvalid) {
			s.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Get(s.ctx, ""); !errors.Is(err, store.ErrInvalid) {
		s.Errorf("get without a key: %v", err)
	}
	if _, err := s.Grant(s.ctx, time.Millisecond); !errors.Is(err, store.ErrInvalid) {
		s.Errorf("a short lease: %v", err)
	}
	if p := s.list("", "", 0); len(p.Entries) > 0 {
		s.Errorf("something of it was stored: %v", keys(p.Entries))
	}
}

func (s *suite) takesWhatIsAllowed() {
	long := strings.Repeat("k", store.MaxKey)
	large := bytes.Repeat([]byte{1}, store.MaxValue)
	s.apply(store.Change{If: []store.Condition{{Key: long}}, Put: []store.Put{{Key: long, Value: large}}})
	if e := s.get(long); !bytes.Equal(e.Value, large) {
		s.Errorf("a large value has %d bytes", len(e.Value))
	}
	var c store.Change
	value := large[:(store.MaxChange-store.MaxChanges*store.MaxKey)/store.MaxChanges]
	for i := range store.MaxChanges {
		c.Put = append(c.Put, store.Put{Key: fmt.Sprintf("%0*d", store.MaxKey, i), Value: value})
	}
	revision := s.apply(c)
	if p := s.list("0", "", 0); len(p.Entries) != store.MaxChanges || p.Entries[7].Revision != revision {
		s.Errorf("a large change made %d entries", len(p.Entries))
	}
	if r, now := s.apply(store.Change{}), s.revision(); r > now {
		s.Errorf("an empty change is revision %d, and the store's is %d", r, now)
	}
}

// losesNoIncrement has many count in one entry.
func (s *suite) losesNoIncrement() {
	const writers, each = 8, 10
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for n := 0; n < each; {
				switch err := s.increment("counter"); {
				case err == nil:
					n++
				case !errors.Is(err, store.ErrConflict):
					s.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if e := s.get("counter"); len(e.Value) != writers*each {
		s.Errorf("counted to %d, want %d", len(e.Value), writers*each)
	}
}

// increment makes the entry's value a byte longer, if nobody else does meanwhile.
func (s *suite) increment(key string) error {
	e, err := s.Get(s.ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err = s.Apply(s.ctx, store.Change{
		If:  []store.Condition{{Key: key, Revision: e.Revision}},
		Put: []store.Put{{Key: key, Value: append(e.Value, '+')}},
	})
	return err
}

func (s *suite) endsWithTheContext() {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	_, get := s.Get(ctx, "a")
	_, list := s.List(ctx, "", "", 0)
	_, apply := s.Apply(ctx, store.Change{Put: []store.Put{{Key: "a"}}})
	_, grant := s.Grant(ctx, time.Second)
	for name, err := range map[string]error{"get": get, "list": list, "apply": apply, "grant": grant,
		"renew": s.Renew(ctx, 1), "revoke": s.Revoke(ctx, 1)} {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s: %v", name, err)
		}
	}
}
