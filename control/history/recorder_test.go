package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ladderd/event"
	"ladderd/store"
	"ladderd/store/sqlite"
	"ladderd/testassets/await"
	"ladderd/testassets/happened"
)

// Names of events that a session's life hangs on.
const (
	created = event.NameSessionCreated
	over    = event.NameSessionEnded
	start   = event.NameStreamStart
	end     = event.NameStreamEnd
)

var midnight = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

// clock is a time that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// failing is a store that takes nothing while a test says so.
type failing struct {
	store.Store
	mu   sync.Mutex
	full bool
}

var errFull = errors.New("no space left on device")

func (f *failing) set(full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.full = full
}

func (f *failing) Apply(ctx context.Context, c store.Change) (int64, error) {
	f.mu.Lock()
	full := f.full
	f.mu.Unlock()
	if full {
		return 0, errFull
	}
	return f.Store.Apply(ctx, c)
}

func openStore(t *testing.T) *failing {
	t.Helper()
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "ladderd.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &failing{Store: s}
}

func snapshot(_ context.Context, channel string) (json.RawMessage, json.RawMessage) {
	return json.RawMessage(fmt.Sprintf(`{"arn":%q}`, channel)), nil
}

func record(t *testing.T, s store.Store, c *clock, log io.Writer) *Recorder {
	t.Helper()
	return recordAs(t, s, c, log, "n")
}

func recordAs(t *testing.T, s store.Store, c *clock, log io.Writer, node string) *Recorder {
	t.Helper()
	r, err := New(s, Options{Log: slog.New(slog.NewTextHandler(log, nil)), Now: c.Now, Snapshot: snapshot, Node: node})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settle waits until all that was told is written.
func (r *Recorder) settle(t *testing.T) {
	t.Helper()
	await.Soon(t, "all events are written", func() bool { _, waits := r.next(); return !waits })
}

func at(seconds int) time.Time { return midnight.Add(time.Duration(seconds) * time.Second) }

func tell(r *Recorder, session string, second int, names ...string) {
	for i, name := range names {
		r.Tell(Event{Event: happened.Event(name, "c", session, at(second+i))})
	}
}

func namesOf(entries []Entry) (names []string) {
	for _, e := range entries {
		names = append(names, e.Name)
	}
	return names
}

// The guide's sample (lines 2197–2216): the last event first.
func TestSessionHasItsEvents(t *testing.T) {
	r := record(t, openStore(t), &clock{now: midnight}, io.Discard)
	defer r.Close()
	ingest := &Ingest{Videos: []Video{{Codec: "avc1.42C028", Width: 1920}}}
	tell(r, "st-1", 0, created)
	r.Tell(Event{Event: happened.Event(start, "c", "st-1", at(7)), Ingest: ingest})
	tell(r, "st-1", 340, over, end)
	r.settle(t)
	s, entries, err := r.Session(t.Context(), "c", "")
	if err != nil {
		t.Fatal(err)
	}
	want := Session{
		ID: "st-1", Channel: "c", Start: at(0), End: at(340), Snapshot: json.RawMessage(`{"arn":"c"}`), Ingest: ingest, Events: 4,
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := namesOf(entries); !slices.Equal(got, []string{end, over, start, created}) || entries[0].Type != "IVS Stream State Change" {
		t.Errorf("events %+v", entries)
	}
	if _, _, err := r.Session(t.Context(), "another", "st-1"); !errors.Is(err, ErrNone) {
		t.Errorf("a session of another channel: %v", err)
	}
	if _, _, err := r.Session(t.Context(), "another", ""); !errors.Is(err, ErrNone) {
		t.Errorf("the latest of a channel without any: %v", err)
	}
}

func TestFailuresAreToldInTheList(t *testing.T) {
	for _, name := range happened.Names() {
		e := happened.Event(name, "c", "st-1", midnight)
		if e.Stream() == "" || name == created || name == over || name == end {
			continue
		}
		r := record(t, openStore(t), &clock{now: midnight}, io.Discard)
		tell(r, "st-1", 0, created, name, over, end)
		r.settle(t)
		list, _, err := r.Sessions(t.Context(), "c", "", 10)
		if err != nil || len(list) != 1 || list[0].Failed != e.Fault() {
			t.Errorf("%s: %+v %v", name, list, err)
		}
		r.Close()
	}
}

func TestSessionsAreListedNewestFirst(t *testing.T) {
	r := record(t, openStore(t), &clock{now: midnight}, io.Discard)
	defer r.Close()
	var want []string
	for i := range 7 {
		id := fmt.Sprintf("st-%d", i)
		tell(r, id, 10*i, created, over)
		want = append([]string{id}, want...)
	}
	r.settle(t)
	for size := 1; size < 9; size++ {
		var got []string
		for after := ""; ; {
			list, next, err := r.Sessions(t.Context(), "c", after, size)
			if err != nil || len(list) > size {
				t.Fatalf("a page of %d: %v", len(list), err)
			}
			for _, s := range list {
				got = append(got, s.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v", size, got)
		}
	}
}

func TestOnlyTheLastEventsAreKept(t *testing.T) {
	s := openStore(t)
	r := record(t, s, &clock{now: midnight}, io.Discard)
	defer r.Close()
	tell(r, "st-1", 0, created, start)
	for i := range entriesMost {
		tell(r, "st-1", 10+i, []string{"Starvation Start", "Starvation End"}[i%2])
	}
	r.settle(t)
	_, entries, err := r.Session(t.Context(), "c", "st-1")
	if err != nil || len(entries) != entriesMost || !entries[0].Time.Equal(at(9+entriesMost)) || entries[entriesMost-1].Name != "Starvation Start" {
		t.Errorf("%d events, %v", len(entries), err)
	}
	page, err := s.List(t.Context(), entriesOf("st-1"), "", 0)
	if err != nil || len(page.Entries) != entriesMost {
		t.Errorf("%d entries are in the store, %v", len(page.Entries), err)
	}
}

func TestSessionsThatWereCutShortGetAnEnd(t *testing.T) {
	s := openStore(t)
	c := &clock{now: at(0)}
	r := record(t, s, c, io.Discard)
	tell(r, "st-started", 0, created, start)
	tell(r, "st-opening", 5, created)
	tell(r, "st-ending", 6, created, start, over)
	r.settle(t)
	c.set(at(60))
	r.Close() // as a crash does, it writes no end
	s2 := &failing{Store: s.Store}
	if _, err := s2.Apply(t.Context(), store.Change{Put: []store.Put{{Key: alive + "n", Value: []byte(at(50).Format(time.RFC3339))}}}); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	again := record(t, s2, c, &log)
	defer again.Close()
	for id, want := range map[string]struct {
		end    time.Time
		events []string
	}{
		"st-started": {at(50), []string{end, over, start, created}},
		"st-opening": {at(50), []string{over, created}},
		"st-ending":  {at(8), []string{end, over, start, created}},
	} {
		got, entries, err := again.Session(t.Context(), "c", id)
		if err != nil || !got.End.Equal(want.end) || !slices.Equal(namesOf(entries), want.events) {
			t.Errorf("%s: end %s, %v, %v", id, got.End, namesOf(entries), err)
		}
		if !strings.Contains(log.String(), id) {
			t.Errorf("the log does not name %s: %s", id, log.String())
		}
	}
	if page, err := s.List(t.Context(), unended, "", 0); err != nil || len(page.Entries) != 0 {
		t.Errorf("still open: %v, %v", page.Entries, err)
	}
}

func TestOldSessionsGo(t *testing.T) {
	s := openStore(t)
	c := &clock{now: at(0)}
	r := record(t, s, c, io.Discard)
	tell(r, "st-old", 0, created, start)
	for i := range 300 {
		tell(r, "st-old", 1+i, "Starvation Start")
	}
	tell(r, "st-old", 400, over, end)
	tell(r, "st-new", 500, created, over)
	tell(r, "st-live", 0, created)
	r.settle(t)
	r.Close()
	c.set(at(450).Add(kept))
	again := record(t, s, c, io.Discard)
	defer again.Close()
	await.Soon(t, "the old session is gone", func() bool {
		_, _, err := again.Session(t.Context(), "c", "st-old")
		return errors.Is(err, ErrNone)
	})
	page, err := s.List(t.Context(), entriesOf("st-old"), "", 0)
	if err != nil || len(page.Entries) != 0 {
		t.Errorf("%d of its events are left, %v", len(page.Entries), err)
	}
	if _, _, err := again.Session(t.Context(), "c", "st-new"); err != nil {
		t.Errorf("the newer one: %v", err)
	}
}

func TestEventsWaitWhileTheStoreIsFull(t *testing.T) {
	s := openStore(t)
	r := record(t, s, &clock{now: midnight}, io.Discard)
	defer r.Close()
	s.set(true)
	tell(r, "st-1", 0, created, start)
	for i := range queueMost + 5 {
		tell(r, "st-1", 10+i, "Starvation Start")
	}
	tell(r, "st-1", 20_000, over, end)
	if r.Lost() != 7 { // the first two are in the queue as well
		t.Errorf("%d events are lost", r.Lost())
	}
	r.mu.Lock()
	r.waiting = append(r.waiting[:2], r.waiting[len(r.waiting)-2:]...) // ten thousand writes are not what this is about
	r.mu.Unlock()
	s.set(false)
	r.settle(t)
	got, entries, err := r.Session(t.Context(), "c", "")
	if err != nil || !slices.Equal(namesOf(entries), []string{end, over, start, created}) || got.End.IsZero() {
		t.Errorf("%+v, %v, %v", got, namesOf(entries), err)
	}
}

// model is what a history should hold.
type model struct {
	ids    []string
	events map[string][]string
	ended  map[string]bool
	played map[string]bool
}

// Whatever comes, and whenever the process is started anew, the history is what a simple list
// would be.
func TestHistoryIsWhatHappened(t *testing.T) {
	s := openStore(t) // for all: each has a node and a channel of its own
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		c, channel := &clock{now: midnight}, fmt.Sprintf("c%d", runs)
		r := recordAs(t, s, c, io.Discard, channel)
		defer func() { r.Close() }()
		m := model{events: map[string][]string{}, ended: map[string]bool{}, played: map[string]bool{}}
		add := func(id, name string) {
			m.events[id] = append([]string{name}, m.events[id]...)
			c.set(c.Now().Add(time.Second))
			r.Tell(Event{Event: happened.Event(name, channel, id, c.Now())})
		}
		some := func(rt *rapid.T) string {
			if len(m.ids) == 0 {
				rt.Skip()
			}
			return rapid.SampledFrom(m.ids).Draw(rt, "session")
		}
		rt.Repeat(map[string]func(*rapid.T){
			"begin": func(*rapid.T) {
				id := fmt.Sprintf("st-%s-%d", channel, len(m.ids))
				m.ids = append(m.ids, id)
				add(id, created)
			},
			"play": func(rt *rapid.T) {
				if id := some(rt); !m.ended[id] && !m.played[id] {
					m.played[id] = true
					add(id, start)
				}
			},
			"starve": func(rt *rapid.T) {
				if id := some(rt); !m.ended[id] {
					add(id, "Starvation Start")
				}
			},
			"end": func(rt *rapid.T) {
				if id := some(rt); !m.ended[id] {
					m.ended[id] = true
					add(id, over)
					if m.played[id] {
						add(id, end)
					}
				}
			},
			"restart": func(*rapid.T) {
				r.settle(t)
				r.Close()
				r = recordAs(t, s, c, io.Discard, channel)
				for _, id := range m.ids {
					if !m.ended[id] {
						m.ended[id] = true
						m.events[id] = append([]string{over}, m.events[id]...)
						if m.played[id] {
							m.events[id] = append([]string{end}, m.events[id]...)
						}
					}
				}
			},
		})
		r.settle(t)
		for _, id := range m.ids {
			got, entries, err := r.Session(t.Context(), channel, id)
			if err != nil || !slices.Equal(namesOf(entries), m.events[id]) || got.End.IsZero() == m.ended[id] {
				rt.Fatalf("%s: %v, want %v; end %s, %v", id, namesOf(entries), m.events[id], got.End, err)
			}
		}
	})
}

// hanging is a store that lists only when it is not waited for any more.
type hanging struct {
	store.Store
	asked chan struct{}
}

func (h hanging) List(ctx context.Context, prefix, after string, limit int) (store.Page, error) {
	if prefix != byEnd {
		return h.Store.List(ctx, prefix, after, limit)
	}
	close(h.asked)
	<-ctx.Done()
	return store.Page{}, ctx.Err()
}

// Operators look for a disk that is full where there was a restart.
func TestWhatCloseCutsShortIsNoTroubleOfTheStore(t *testing.T) {
	s := hanging{openStore(t), make(chan struct{})}
	var log strings.Builder
	r := record(t, s, &clock{now: midnight}, &log)
	<-s.asked
	r.Close()
	if log.Len() > 0 {
		t.Errorf("the log has %s", log.String())
	}
}

// A store may have been restored by half. The daemon starts all the same.
func TestSessionsOfWhichPartsAreMissingGetAnEnd(t *testing.T) {
	s := openStore(t)
	r := record(t, s, &clock{now: midnight}, io.Discard)
	for _, id := range []string{"st-whole", "st-headless", "st-eventless"} {
		tell(r, id, 1, created, start)
	}
	r.settle(t)
	r.Close()
	headless := r.open["st-headless"].key()
	if _, err := s.Apply(t.Context(), store.Change{Delete: []string{headless, entryKey("st-eventless", 1), entryKey("st-eventless", 2)}}); err != nil {
		t.Fatal(err)
	}
	again := record(t, s, &clock{now: midnight}, io.Discard)
	defer again.Close()
	for _, id := range []string{"st-whole", "st-eventless"} {
		if got, _, err := again.Session(t.Context(), "c", id); err != nil || got.End.IsZero() {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	page, err := s.List(t.Context(), unended, "", 0)
	if err != nil || len(page.Entries) > 0 {
		t.Errorf("%v have no end, %v", page.Entries, err)
	}
}
