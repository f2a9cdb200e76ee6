package outbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/store"
	"ladderd/testassets/happened"
)

// moody is a store that does what tests ask for.
type moody struct {
	store.Store
	applied atomic.Int64
	list    func(prefix string) error // before each List; nil does nothing
	apply   func() error              // before each Apply
}

func (s *moody) List(ctx context.Context, prefix, after string, limit int) (store.Page, error) {
	if s.list != nil {
		if err := s.list(prefix); err != nil {
			return store.Page{}, err
		}
	}
	return s.Store.List(ctx, prefix, after, limit)
}

func (s *moody) Apply(ctx context.Context, c store.Change) (int64, error) {
	s.applied.Add(1)
	if s.apply != nil {
		if err := s.apply(); err != nil {
			return 0, err
		}
	}
	return s.Store.Apply(ctx, c)
}

// A configuration that cannot be taken leaves all receivers as they were.
func TestConfigureThatFailsChangesNothing(t *testing.T) {
	posted(t, hooks("a", "b"), func(t *testing.T, p *post) {
		p.reopenOn(t, &moody{Store: p.store, list: func(prefix string) error {
			if strings.Contains(prefix, "/new/") {
				return errors.New("the disk is gone")
			}
			return nil
		}}, hooks("a", "b"))
		other := hooks("elsewhere", "new")
		other[0].Name = "a"
		if err := p.Configure(t.Context(), other); err == nil {
			t.Fatal("it was taken")
		}
		p.tell(t, "c", life...)
		p.arrives(t, "a")
		p.arrives(t, "b")
		if got, _ := p.of("elsewhere"); len(got) > 0 {
			t.Errorf("%v went elsewhere", got)
		}
	})
}

// What a receiver leaves behind that goes is no reason against a configuration: it is dropped
// when the store lets it.
func TestConfigureDoesNotFailOfWhatIsLeft(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		p.answers(func(*http.Request, string) error { return errStatus(500) })
		var full atomic.Bool
		p.reopenOn(t, &moody{Store: p.store, apply: func() error {
			if full.Load() {
				return errors.New("the disk is full")
			}
			return nil
		}}, hooks("a"))
		p.tell(t, "c", life...)
		full.Store(true)
		if err := p.Configure(t.Context(), nil); err != nil || len(p.Status()) != 0 || !strings.Contains(p.log.String(), "still there") {
			t.Errorf("%v, %+v\n%s", err, p.Status(), p.log.String())
		}
		full.Store(false)
		if err := p.Configure(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if page, err := p.store.List(t.Context(), p.waitingPrefix("a"), "", 0); err != nil || len(page.Entries) != 0 {
			t.Errorf("%v, %v", page.Entries, err)
		}
	})
}

// While a store that hangs is asked what waits, events are added and the status is shown.
func TestNobodyWaitsForAConfiguration(t *testing.T) {
	asked, held := make(chan struct{}, 10), make(chan struct{})
	s := &moody{Store: openStore(t), list: func(string) error { asked <- struct{}{}; <-held; return nil }}
	o, err := New(t.Context(), Options{Store: s, Account: account, Node: "n", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	var configuring sync.WaitGroup
	configuring.Go(func() {
		if err := o.Configure(t.Context(), hooks("a")); err != nil {
			t.Error(err)
		}
	})
	defer configuring.Wait()
	defer close(held)
	<-asked
	done := make(chan error, 1)
	go func() {
		_, err := o.Add(&store.Change{}, happened.Event(event.NameStreamStart, "c", "st-c", time.Now()))
		o.Status()
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("they wait for the store")
	}
}

// An event that the store has and nobody has counted, as one of a receiver that went and came back
// while it was written, does not keep the next ones waiting.
func TestLaneGoesOnAfterWhatNobodyCounted(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		var c store.Change
		e := happened.Event(event.NameSessionCreated, "c", "st-c", time.Now())
		if _, err := p.Add(&c, e); err != nil {
			t.Fatal(err)
		}
		if _, err := p.store.Apply(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		p.told["c"] = []string{e.ID()}
		p.last++
		for _, name := range []string{event.NameStreamStart, event.NameSessionEnded, event.NameStreamEnd} {
			p.tell(t, "c", name)
			synctest.Wait()
			if got, _ := p.of("a"); !slices.Equal(got, p.told["c"]) {
				t.Fatalf("got %v of %v", got, p.told["c"])
			}
		}
		if s := p.Status()[0]; s.Pending != 0 || len(p.receiver("a").lanes) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// An event for which there is no room is a dead letter of which operators know.
func TestEventWithoutRoomIsCountedAsDead(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		r := p.receiver("a")
		r.mu.Lock()
		r.figures.waiting += waitingMost
		r.mu.Unlock()
		p.tell(t, "c", event.NameSessionCreated)
		if s := p.Status()[0]; s.Dead != 1 || !strings.Contains(p.log.String(), "given up") {
			t.Errorf("%+v\n%s", s, p.log.String())
		}
	})
}

// Thousands of dead letters are sent again while who has asked waits, and each once, though two
// ask.
func TestManyLettersAreReplayedTogether(t *testing.T) {
	const most = 120
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		p.answers(func(*http.Request, string) error { return errStatus(404) })
		for range most / len(life) {
			p.tell(t, "c", life...)
		}
		for s := p.Status()[0]; s.Dead < most; s = p.Status()[0] {
			time.Sleep(time.Hour)
		}
		p.answers(func(r *http.Request, _ string) error { <-r.Context().Done(); return r.Context().Err() })
		counting := &moody{Store: p.store}
		p.reopenOn(t, counting, hooks("a"))
		var replayed atomic.Int64
		var asking sync.WaitGroup
		for range 2 {
			asking.Go(func() {
				n, err := p.Replay(t.Context(), "", "")
				if err != nil {
					t.Error(err)
				}
				replayed.Add(int64(n))
			})
		}
		asking.Wait()
		if s := p.Status()[0]; replayed.Load() != most || s.Dead != 0 || s.Pending != most || counting.applied.Load() > 10 {
			t.Errorf("%d replayed by %d changes: %+v", replayed.Load(), counting.applied.Load(), s)
		}
		p.answers(nil)
		p.arrives(t, "a")
	})
}

// Dead letters are bounded, by few changes: a reload waits meanwhile.
func TestOldLettersAreDeletedTogether(t *testing.T) {
	const most = 300
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		p.answers(func(*http.Request, string) error { return errStatus(404) })
		for range most / len(life) {
			p.tell(t, "c", life...)
		}
		for s := p.Status()[0]; s.Dead < most; s = p.Status()[0] {
			time.Sleep(time.Hour)
		}
		p.tidy(t.Context())
		if s := p.Status()[0]; s.Dead != most {
			t.Errorf("too soon: %+v", s)
		}
		p.stop()
		p.running.Wait()
		time.Sleep(lettersKept)
		counting := &moody{Store: p.store}
		p.open(t, counting, hooks("a"))
		p.tidy(t.Context())
		letters, err := p.Letters(t.Context(), "", 1)
		if s := p.Status()[0]; err != nil || len(letters) != 0 || s.Dead != 0 || counting.applied.Load() > 10 {
			t.Errorf("%d changes: %+v, %v", counting.applied.Load(), s, err)
		}
	})
}
