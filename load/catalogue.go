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
	states map[uint64]*listing  // by their bytes' hash
	oldest []uint64             // in the order in which they came
	there  map[cursor]time.Time // of parts
	edge   cursor               // the first part that nobody has seen
}

// keptStates is how many states of a variant are kept: viewers that are behind by a
// few parts still find theirs.
const keptStates = 64

func newCatalogue() *catalogue {
	return &catalogue{seed: maphash.MakeSeed(), states: map[uint64]*listing{}, there: map[cursor]time.Time{}}
}

// read makes a listing of a playlist's bytes that came at a time. previous is what
// the viewer had before. A delta update means the same to all who have the segments
// that it skips: were it read anew for each state before it, viewers who fall behind
// would have ever more states among them, and this lock would keep them behind.
func (c *catalogue) read(body []byte, zipped bool, previous *listing, at time.Time) (*listing, error) {
	key := maphash.Bytes(c.seed, body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.states[key]; l != nil {
		return l, l.follows(previous)
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
	if m.Skip == nil {
		return newListing(m), nil
	}
	if previous == nil {
		return nil, m3u8.ErrSkippedUnknown
	}
	whole, err := m.Merge(previous.media)
	if err != nil {
		return nil, err
	}
	l := newListing(whole)
	l.skipped = m.Skip.Segments
	return l, nil
}

// follows says whether a player that has previous can use l.
func (l *listing) follows(previous *listing) error {
	first := l.media.MediaSequence
	if l.skipped == 0 || previous != nil &&
		previous.media.Segment(first) != nil && previous.media.Segment(first+l.skipped-1) != nil {
		return nil
	}
	return m3u8.ErrSkippedUnknown
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
