package load

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
	"time"

	"ladderd/m3u8"
)

// catalogue reads each state of a variant's playlist once, however many viewers are
// sent it: thousands of them are sent the same bytes at the same time. It also knows
// when a part was first seen by anyone.
type catalogue struct {
	seed maphash.Seed

	mu     sync.Mutex
	states map[stateKey]*listing
	oldest []stateKey           // in the order in which they came
	there  map[cursor]time.Time // of parts
	edge   cursor               // the first part that nobody has seen
}

// stateKey is a body and what it is to be merged with: of two delta updates with the
// same text the states need not be the same.
type stateKey struct {
	body     uint64
	previous *listing
}

// keptStates is how many states of a variant are kept: viewers that are behind by a
// few parts still find theirs.
const keptStates = 64

func newCatalogue() *catalogue {
	return &catalogue{seed: maphash.MakeSeed(), states: map[stateKey]*listing{}, there: map[cursor]time.Time{}}
}

// read makes a listing of a playlist's bytes that came at a time.
func (c *catalogue) read(body []byte, zipped bool, previous *listing, at time.Time) (*listing, error) {
	key := stateKey{maphash.Bytes(c.seed, body), previous}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.states[key]; l != nil {
		return l, nil
	}
	l, err := parse(body, zipped, previous)
	if err != nil {
		return nil, err
	}
	l.seen = at
	c.note(l, at)
	if len(c.oldest) == keptStates {
		delete(c.states, c.oldest[0])
		c.oldest = append(c.oldest[:0], c.oldest[1:]...)
	}
	c.states[key] = l
	c.oldest = append(c.oldest, key)
	return l, nil
}

func parse(body []byte, zipped bool, previous *listing) (*listing, error) {
	if zipped {
		plain, err := unzip(body)
		if err != nil {
			return nil, err
		}
		body = plain
	}
	m, err := m3u8.ParseMedia(body)
	if err != nil {
		return nil, err
	}
	if m.Skip != nil {
		if previous == nil {
			return nil, m3u8.ErrSkippedUnknown
		}
		if m, err = m.Merge(previous.media); err != nil {
			return nil, err
		}
	}
	return newListing(m), nil
}

// textLimit bounds a playlist that was compressed.
const textLimit = m3u8.MaxBytes

var errBomb = errors.New("the playlist is too large once unpacked")

func unzip(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("unpack playlist: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, textLimit+1))
	if err != nil {
		return nil, fmt.Errorf("unpack playlist: %w", err)
	}
	if len(plain) > textLimit {
		return nil, errBomb
	}
	return plain, nil
}

// note remembers when the newest parts were first seen. What the first listing of
// all has was there before; nobody knows since when.
func (c *catalogue) note(l *listing, at time.Time) {
	first := c.edge == cursor{}
	for i := range l.segments {
		s := &l.segments[i]
		for n := range s.parts {
			where := cursor{s.msn, n}
			if !first && !where.before(c.edge) {
				if _, known := c.there[where]; !known {
					c.there[where] = at
				}
			}
			s.parts[n].there = c.there[where]
		}
	}
	if c.edge.before(l.next) {
		c.edge = l.next
	}
	for where := range c.there {
		if where.msn < l.next.msn-10 {
			delete(c.there, where)
		}
	}
}

func (c cursor) before(d cursor) bool { return c.msn < d.msn || c.msn == d.msn && c.part < d.part }
