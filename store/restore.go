package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// ErrNotEmpty says that a restore would replace what there is.
var ErrNotEmpty = errors.New("the store is not empty")

// restorePage is how many entries are looked at together.
const restorePage = 200

// Changes put the archive's entries, in as few changes as the limits allow.
func (a Archive) Changes() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		var c Change
		bytes := 0
		for _, e := range a.Entries {
			size := len(e.Key) + len(e.Value)
			if len(c.Put) == MaxChanges || bytes+size > MaxChange {
				if !yield(c) {
					return
				}
				c, bytes = Change{}, 0
			}
			c.Put = append(c.Put, Put{Key: e.Key, Value: e.Value})
			bytes += size
		}
		if len(c.Put) > 0 {
			yield(c)
		}
	}
}

// Restore makes the archive's entries those of the store, and says how many it had before. One
// that is not empty is ErrNotEmpty unless force. It takes several changes: after an error some
// of them may have been made, and it has to be done again.
func Restore(ctx context.Context, s Store, a Archive, force bool) (replaced int, err error) {
	keep := make(map[string]bool, len(a.Entries))
	for _, e := range a.Entries {
		keep[e.Key] = true
	}
	page := Page{More: true}
	for after := ""; page.More; {
		if page, err = s.List(ctx, "", after, restorePage); err != nil {
			return replaced, fmt.Errorf("restore: %w", err)
		}
		if len(page.Entries) > 0 && !force {
			return 0, ErrNotEmpty
		}
		var others []string
		for _, e := range page.Entries {
			replaced++
			after = e.Key
			if !keep[e.Key] {
				others = append(others, e.Key)
			}
		}
		for some := range slices.Chunk(others, MaxChanges) {
			if _, err := s.Apply(ctx, Change{Delete: some}); err != nil {
				return replaced, fmt.Errorf("restore: %w", err)
			}
		}
	}
	for c := range a.Changes() {
		if _, err := s.Apply(ctx, c); err != nil {
			return replaced, fmt.Errorf("restore: %w", err)
		}
	}
	return replaced, nil
}
