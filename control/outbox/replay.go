package outbox

import (
	"context"
	"encoding/json"
	"fmt"

	"ladderd/store"
)

// Replay has dead letters sent again, those of a receiver where it is not "", the one of an
// event where id is not "". It says how many. They come before what waits of their channel. What
// is of a receiver that there is no more stays.
func (o *Outbox) Replay(ctx context.Context, receiver, id string) (replayed int, err error) {
	o.tending.Lock()
	defer o.tending.Unlock()
	var some resending
	send := func() error {
		n, err := some.apply(ctx)
		replayed += n
		return err
	}
	err = o.eachLetter(ctx, receiver, func(key string, l Letter) (bool, error) {
		to := o.receiver(l.Receiver)
		if to == nil || id != "" && l.ID != id {
			return true, nil
		}
		if some.to != to || len(some.events) == resentAtOnce {
			if err := send(); err != nil {
				return false, err
			}
			some = resending{to: to}
		}
		return true, some.add(key, l)
	})
	if err == nil {
		err = send()
	}
	return replayed, err
}

// resentAtOnce is how many letters wait again by one change: with one each, thousands would take
// minutes, and nobody who asks by HTTP waits so long.
const resentAtOnce = 50

// resending is some dead letters of a receiver that are to wait again, at their old places.
type resending struct {
	to     *receiver
	change store.Change
	events []Record
}

func (s *resending) add(key string, l Letter) error {
	again := l.Record
	again.Replayed = s.to.outbox.options.Now().UTC() // or its age would give it up after one attempt
	value, err := json.Marshal(again)
	if err != nil {
		return fmt.Errorf("replay the event %s: %w", l.ID, err)
	}
	n, err := number(key)
	if err != nil {
		return err
	}
	s.change.Put = append(s.change.Put, store.Put{Key: s.to.outbox.lanePrefix(s.to.name, l.Channel) + numbered(n), Value: value})
	s.change.Delete = append(s.change.Delete, key)
	s.events = append(s.events, again)
	return nil
}

// apply has them wait, and says how many.
func (s *resending) apply(ctx context.Context) (int, error) {
	if len(s.events) == 0 {
		return 0, nil
	}
	if _, err := s.to.outbox.store.Apply(ctx, s.change); err != nil {
		return 0, fmt.Errorf("replay %d events: %w", len(s.events), err)
	}
	s.to.mu.Lock()
	s.to.figures.dead -= len(s.events)
	for _, e := range s.events {
		s.to.count(e)
	}
	s.to.mu.Unlock()
	s.to.hurry()
	return len(s.events), nil
}
