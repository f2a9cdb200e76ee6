package history

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ladderd/event"
	"ladderd/store"
)

// event writes an event and what it makes of its session, as one change. The session in
// memory changes when that is durable.
func (r *Recorder) event(ctx context.Context, e Event) error {
	known := r.open[e.Stream()]
	if known == nil && e.Name() != event.NameSessionCreated {
		return r.apply(ctx, store.Change{}, e) // it has no session, or that was over
	}
	s := Session{ID: e.Stream(), Channel: e.Channel().ID, Name: e.Channel().Name, Start: e.Time()}
	if known != nil {
		s = *known
	} else if r.options.Snapshot != nil {
		s.Snapshot, s.Recording = r.options.Snapshot(ctx, s.Channel)
	}
	s.take(e)
	change, err := r.change(&s, e)
	if err != nil {
		return err
	}
	if err := r.apply(ctx, change, e); err != nil {
		return err
	}
	if s.complete() {
		delete(r.open, s.ID)
		return nil
	}
	r.open[s.ID] = &s
	if known == nil {
		r.live(ctx)
	}
	return nil
}

// apply applies the change that an event makes, and has the event delivered with it.
func (r *Recorder) apply(ctx context.Context, c store.Change, e Event) (err error) {
	written := func() {}
	if r.options.Outbox != nil {
		if written, err = r.options.Outbox.Add(&c, e.Event); err != nil {
			return err
		}
	}
	if len(c.Put)+len(c.Delete) == 0 {
		return nil
	}
	if _, err := r.store.Apply(ctx, c); err != nil {
		return fmt.Errorf("write %s of %s: %w", e.Name(), e.Stream(), err)
	}
	written()
	return nil
}

// take has an event change what it does of its session.
func (s *Session) take(e Event) {
	s.Events++
	s.Failed = s.Failed || e.Fault()
	s.Ingest = cmp.Or(e.Ingest, s.Ingest)
	switch e.Name() {
	case event.NameStreamStart:
		s.Started = true
	case event.NameStreamEnd:
		s.Started = false
	case event.NameSessionEnded:
		s.End = e.Time()
	}
}

// complete says that nothing more will come. A stream that had started ends after its session.
func (s *Session) complete() bool { return !s.End.IsZero() && !s.Started }

// about is whom the session's events are of.
func (s *Session) about() event.Stream {
	return event.Stream{Channel: event.Channel{ID: s.Channel, Name: s.Name}, ID: s.ID}
}

// change is what an event writes.
func (r *Recorder) change(s *Session, e Event) (store.Change, error) {
	head, err := json.Marshal(s)
	if err != nil {
		return store.Change{}, fmt.Errorf("write session %s: %w", s.ID, err)
	}
	entry, err := json.Marshal(Entry{Name: e.Name(), Type: e.Type(), Code: e.Code(), Time: e.Time()})
	if err != nil {
		return store.Change{}, fmt.Errorf("write %s of %s: %w", e.Name(), s.ID, err)
	}
	key := []byte(s.key())
	c := store.Change{Put: []store.Put{{Key: s.key(), Value: head}, {Key: entryKey(s.ID, s.Events), Value: entry}}}
	if s.Events > entriesMost {
		c.Delete = append(c.Delete, entryKey(s.ID, s.Events-entriesMost))
	}
	if e.Name() == event.NameSessionCreated {
		c.Put = append(c.Put, store.Put{Key: byID + s.ID, Value: key}, store.Put{Key: r.openKey(s.ID), Value: key})
	}
	if e.Name() == event.NameSessionEnded {
		c.Put = append(c.Put, store.Put{Key: endKey(s.End, s.ID), Value: key})
	}
	if s.complete() {
		c.Delete = append(c.Delete, r.openKey(s.ID))
	}
	return c, nil
}

func (r *Recorder) openKey(id string) string { return unended + r.options.Node + "/" + id }

// live writes down that the daemon lives, where that may be asked for: while sessions are open.
func (r *Recorder) live(ctx context.Context) {
	now := r.options.Now()
	if len(r.open) == 0 || now.Sub(r.lived) < lifeSign/2 {
		return
	}
	at, _ := now.UTC().MarshalText() // within the years that it can write
	_, err := r.store.Apply(ctx, store.Change{Put: []store.Put{{Key: alive + r.options.Node, Value: at}}})
	if err == nil {
		r.lived = now
	}
	r.tell(ctx, err)
}

// lastSeen is the last sign of life of whoever was here before; zero where there is none.
func (r *Recorder) lastSeen(ctx context.Context) (at time.Time, err error) {
	page, err := r.store.List(ctx, alive+r.options.Node, "", 1)
	if err != nil {
		return at, fmt.Errorf("read when sessions were written last: %w", err)
	}
	if len(page.Entries) == 0 || page.Entries[0].Key != alive+r.options.Node {
		return at, nil
	}
	if err := at.UnmarshalText(page.Entries[0].Value); err != nil {
		return at, fmt.Errorf("read when sessions were written last: %w", err)
	}
	return at, nil
}

// recover ends the sessions that are open from before: their streams were cut short.
func (r *Recorder) recover(ctx context.Context) error {
	prefix := unended + r.options.Node + "/"
	page, err := r.store.List(ctx, prefix, "", 0)
	if err != nil {
		return fmt.Errorf("list the sessions that have no end: %w", err)
	}
	seen, err := r.lastSeen(ctx)
	if err != nil {
		return err
	}
	var ended []string
	for _, open := range page.Entries {
		s, err := r.read(ctx, string(open.Value))
		if errors.Is(err, ErrNone) { // as in a store that was restored by half
			if _, err := r.store.Apply(ctx, store.Change{Delete: []string{open.Key}}); err != nil {
				return fmt.Errorf("forget the session %s: %w", open.Key[len(prefix):], err)
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("read the session %s, which has no end: %w", open.Key[len(prefix):], err)
		}
		if err := r.cutShort(ctx, s, seen); err != nil {
			return err
		}
		ended = append(ended, s.ID)
	}
	if len(ended) > 0 {
		r.options.Log.Warn("streams were cut short when the server ended; their sessions have an end now", "sessions", ended)
	}
	return nil
}

// cutShort writes the events that a session lacks, at the last moment that is known of it.
func (r *Recorder) cutShort(ctx context.Context, s Session, seen time.Time) error {
	last, err := r.Entries(ctx, s.ID, 1)
	if err != nil {
		return err
	}
	at := s.Start
	if seen.After(at) {
		at = seen
	}
	if len(last) > 0 && last[0].Time.After(at) {
		at = last[0].Time
	}
	s.Failed = true // it did not end by itself
	r.open[s.ID] = &s
	if s.End.IsZero() {
		if err := r.event(ctx, Event{Event: event.SessionEnded(s.about(), at)}); err != nil {
			return err
		}
	}
	if !s.Started {
		return nil
	}
	return r.event(ctx, Event{Event: event.StreamEnd(s.about(), at)})
}

// purge deletes sessions that ended too long ago. What goes wrong is tried again an hour later.
func (r *Recorder) purge(ctx context.Context) {
	deadline := r.options.Now().Add(-kept).UnixNano()
	for {
		page, err := r.store.List(ctx, byEnd, "", 100)
		if err != nil {
			r.tell(ctx, err)
			return
		}
		for _, e := range page.Entries {
			nanos, id, ok := endOf(e.Key)
			if ok && nanos > deadline {
				return
			}
			if err := r.forget(ctx, e.Key, string(e.Value), id); err != nil {
				r.tell(ctx, err)
				return
			}
		}
		if !page.More {
			return
		}
	}
}

// forget deletes a session, its events first, a few at a time.
func (r *Recorder) forget(ctx context.Context, endKey, sessionKey, id string) error {
	for {
		page, err := r.store.List(ctx, entriesOf(id), "", store.MaxChanges)
		if err != nil {
			return fmt.Errorf("list the events of %s: %w", id, err)
		}
		if len(page.Entries) == 0 {
			break
		}
		var c store.Change
		for _, e := range page.Entries {
			c.Delete = append(c.Delete, e.Key)
		}
		if _, err := r.store.Apply(ctx, c); err != nil {
			return fmt.Errorf("delete the events of %s: %w", id, err)
		}
	}
	_, err := r.store.Apply(ctx, store.Change{Delete: []string{sessionKey, byID + id, endKey}})
	if err != nil {
		return fmt.Errorf("delete the session %s: %w", id, err)
	}
	return nil
}
