package history

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"ladderd/event"
	"ladderd/store"
	"ladderd/testassets/await"
	"ladderd/testassets/happened"
)

// outbox writes down what is added to it.
type outbox struct {
	added []string // names, of all attempts
	sent  []string
	fail  error
}

func (o *outbox) Add(c *store.Change, e event.Event) (func(), error) {
	o.added = append(o.added, e.Name())
	if o.fail != nil {
		err := o.fail
		o.fail = nil
		return nil, err
	}
	c.Put = append(c.Put, store.Put{Key: "sent/" + e.ID(), Value: []byte(e.Name())})
	return func() { o.sent = append(o.sent, e.Name()) }, nil
}

// All events are delivered, also those that are no session's, and those that are made up at the
// next start for a session that was cut short; each in the change of its session.
func TestEventsGoToTheOutbox(t *testing.T) {
	s, c, box := openStore(t), &clock{now: midnight}, &outbox{fail: errors.New("not now")}
	open := func() *Recorder {
		r, err := New(s, Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: c.Now, Node: "n", Outbox: box})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := open()
	tell(r, "st-1", 0, created, start)
	r.Tell(Event{Event: happened.Event(event.NameConcurrentViewers, "", "", midnight)})
	r.Tell(Event{Event: happened.Event(event.NameConcurrentBroadcasts, "c", "", midnight)})
	await.Soon(t, "all events are written", func() bool { _, waits := r.next(); return !waits })
	r.Close() // as a crash does, it writes no end
	c.set(midnight.Add(time.Minute))
	open().Close()
	want := []string{created, start, event.NameConcurrentViewers, event.NameConcurrentBroadcasts, over, end}
	if !slices.Equal(box.sent, want) || !slices.Equal(box.added, append([]string{created}, want...)) {
		t.Errorf("sent %v, added %v", box.sent, box.added)
	}
	page, err := s.List(t.Context(), "sent/", "", 0)
	if err != nil || len(page.Entries) != len(want) {
		t.Errorf("%d are in the store, %v", len(page.Entries), err)
	}
}
