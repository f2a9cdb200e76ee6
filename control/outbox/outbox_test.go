package outbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/store"
	"ladderd/testassets/happened"
)

func TestEventsArriveInOrder(t *testing.T) {
	posted(t, hooks("a", "b"), func(t *testing.T, p *post) {
		for i := range 20 {
			p.tell(t, fmt.Sprint("c", i%3), life...)
			p.tell(t, "", event.NameConcurrentViewers)
		}
		p.arrives(t, "a")
		p.arrives(t, "b")
		synctest.Wait()
		for _, s := range p.Status() {
			if s.Pending != 0 || s.Delivered != 140 || s.Failures != 0 || !s.Oldest.IsZero() || s.Failing {
				t.Errorf("%+v", s)
			}
		}
		if len(p.receiver("a").lanes) != 0 {
			t.Errorf("lanes that are empty stay: %v", p.receiver("a").lanes)
		}
	})
}

// Receivers that fail, hang, or break off get each event all the same, in order; another one
// does not notice.
func TestEventsOutliveTheirReceivers(t *testing.T) {
	posted(t, hooks("good", "bad"), func(t *testing.T, p *post) {
		chance := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		roll := func() int { mu.Lock(); defer mu.Unlock(); return chance.IntN(8) }
		p.answers(func(r *http.Request, _ string) error {
			if r.URL.Host == "good" {
				return nil
			}
			switch roll() {
			case 0:
				return errStatus(500)
			case 1:
				return errStatus(400)
			case 2:
				return errors.New("connection refused")
			case 3:
				<-r.Context().Done() // it hangs
				return r.Context().Err()
			case 4:
				return errStatus(302)
			}
			return nil
		})
		for i := range 10 {
			p.tell(t, fmt.Sprint("c", i%3), life...)
		}
		synctest.Wait()
		if got, _ := p.of("good"); len(got) != 60 {
			t.Errorf("the good receiver has %d of 60 events while the other one fails", len(got))
		}
		p.arrives(t, "bad")
		if s := p.Status(); s[0].Name != "bad" || s[0].Failures == 0 || s[0].LastError == "" || s[1].Failures != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// One that is down for hours gets all once it is up, and is not asked all the time meanwhile.
func TestReceiverThatIsDownIsLeftAlone(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		p.answers(func(*http.Request, string) error { return errors.New("connection refused") })
		p.tell(t, "c1", life...)
		p.tell(t, "c2", life...)
		time.Sleep(6 * time.Hour)
		first := p.told["c1"][0]
		p.ears.mu.Lock()
		asked, others := p.asked[first], len(p.asked)
		p.ears.mu.Unlock()
		if asked < 6*12 || asked > 6*24+10 || others != 2 {
			t.Errorf("the first was sent %d times in 6 hours; %d events were sent", asked, others)
		}
		if s := p.Status()[0]; s.Pending != 12 || s.Oldest.IsZero() || !s.Failing || strings.Count(p.log.String(), "they wait") != 1 {
			t.Errorf("%+v\n%s", s, p.log.String())
		}
		p.answers(nil)
		time.Sleep(pauseMost)
		p.arrives(t, "a")
		if !strings.Contains(p.log.String(), "again") {
			t.Error("nobody is told that it is well again")
		}
	})
}

func TestCrashLosesNothing(t *testing.T) {
	receivers := hooks("a", "b")
	posted(t, receivers, func(t *testing.T, p *post) {
		for i := range 8 {
			p.answers(func(*http.Request, string) error {
				if rand.IntN(3) == 0 {
					return errStatus(503)
				}
				return nil
			})
			p.tell(t, fmt.Sprint("c", i%2), life...)
			p.reopen(t, receivers)
		}
		p.arrives(t, "a")
		p.arrives(t, "b")
	})
}

// What was not applied, as far as anybody knows, is told again under the same number.
func TestEventThatIsAddedTwiceIsOne(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		e := happened.Event(event.NameStreamStart, "c", "st-c", time.Now())
		var first, second store.Change
		if _, err := p.Add(&first, e); err != nil {
			t.Fatal(err)
		}
		written, err := p.Add(&second, e)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []store.Change{first, second} { // an answer was lost
			if _, err := p.store.Apply(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		written()
		p.told["c"] = []string{e.ID()}
		p.arrives(t, "a")
		if got, again := p.of("a"); len(got) != 1 || again != 0 {
			t.Errorf("got %v, and %d more", got, again)
		}
	})
}

func TestDeadLettersCanBeReplayed(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		p.answers(func(*http.Request, string) error { return errStatus(404) })
		p.tell(t, "c1", event.NameSessionCreated, event.NameStreamStart)
		p.tell(t, "c2", event.NameSessionCreated)
		time.Sleep(30 * time.Hour)
		letters, err := p.Letters(t.Context(), "", 10)
		if err != nil || len(letters) != 3 || letters[0].Reason != "answered 404 Not Found" || letters[0].Attempts < 100 || letters[0].Receiver != "a" {
			t.Fatalf("%+v, %v", letters, err)
		}
		if s := p.Status()[0]; s.Dead != 3 || s.Pending != 0 {
			t.Errorf("%+v", s)
		}
		p.reopen(t, hooks("a"))
		p.answers(nil)
		if n, err := p.Replay(t.Context(), "another", ""); n != 0 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		if n, err := p.Replay(t.Context(), "a", p.told["c2"][0]); n != 1 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		synctest.Wait()
		if got, _ := p.of("a"); !slices.Equal(got, p.told["c2"]) {
			t.Errorf("got %v, want %v", got, p.told["c2"])
		}
		if n, err := p.Replay(t.Context(), "", ""); n != 2 || err != nil {
			t.Errorf("replayed %d, %v", n, err)
		}
		p.arrives(t, "a")
		if s := p.Status()[0]; s.Dead != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// One that cannot be delivered does not keep those behind it for ever.
func TestGivenUpLetsTheOthersPass(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		p.answers(func(_ *http.Request, name string) error {
			if name == event.NameSessionCreated {
				return errStatus(400)
			}
			return nil
		})
		p.tell(t, "c", life...)
		time.Sleep(23 * time.Hour)
		if got, _ := p.of("a"); len(got) != 0 {
			t.Errorf("%d overtook the first", len(got))
		}
		time.Sleep(2 * time.Hour)
		if got, _ := p.of("a"); !slices.Equal(got, p.told["c"][1:]) {
			t.Errorf("got %v of %v", got, p.told["c"])
		}
	})
}

// Who mends a receiver does not wait for the next attempt.
func TestReceiverThatWasMendedIsTriedAtOnce(t *testing.T) {
	for what, mend := range map[string]func(t *testing.T, p *post){
		"another configuration": func(t *testing.T, p *post) {
			other := hooks("a")
			other[0].Secret = "another"
			if err := p.Configure(t.Context(), other); err != nil {
				t.Fatal(err)
			}
		},
		"replay": func(t *testing.T, p *post) {
			if n, err := p.Replay(t.Context(), "a", ""); n == 0 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			posted(t, hooks("a"), func(t *testing.T, p *post) {
				p.answers(func(*http.Request, string) error { return errStatus(401) })
				p.tell(t, "c1", event.NameSessionCreated)
				time.Sleep(25 * time.Hour)
				p.tell(t, "c1", event.NameSessionEnded)
				time.Sleep(time.Hour)
				last := p.told["c1"][1]
				for n := p.attempts(last); p.attempts(last) == n; { // the next one is not due for long
					time.Sleep(time.Second)
				}
				p.answers(nil)
				if err := p.Configure(t.Context(), hooks("a")); err != nil { // the same again
					t.Fatal(err)
				}
				synctest.Wait()
				if got, _ := p.of("a"); len(got) > 0 {
					t.Errorf("%v was sent again by the same configuration", got)
				}
				mend(t, p)
				synctest.Wait()
				if got, _ := p.of("a"); len(got) == 0 || !slices.Contains(got, p.told["c1"][1]) {
					t.Errorf("got %v of %v", got, p.told["c1"])
				}
			})
		})
	}
}

// A daemon that was away for days gives receivers some time before it gives up what waited.
func TestNothingIsGivenUpJustAfterTheStart(t *testing.T) {
	posted(t, hooks("a"), func(t *testing.T, p *post) {
		p.answers(func(*http.Request, string) error { return errStatus(502) })
		p.tell(t, "c1", life...)
		p.stop()
		p.running.Wait()
		time.Sleep(72 * time.Hour)
		p.open(t, p.store, hooks("a"))
		time.Sleep(settling - pauseMost)
		p.answers(nil)
		time.Sleep(pauseMost)
		p.arrives(t, "a")
		if s := p.Status()[0]; s.Dead != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestReceiversThatGoAreForgotten(t *testing.T) {
	posted(t, hooks("a", "b"), func(t *testing.T, p *post) {
		p.answers(func(*http.Request, string) error { return errStatus(500) })
		p.tell(t, "c", life...)
		p.tell(t, "", event.NameConcurrentViewers)
		if err := p.Configure(t.Context(), hooks("b", "new")); err != nil {
			t.Fatal(err)
		}
		page, err := p.store.List(t.Context(), p.waitingPrefix("a"), "", 0)
		if err != nil || len(page.Entries) != 0 || !strings.Contains(p.log.String(), "configured no more") {
			t.Errorf("%v, %v\n%s", page.Entries, err, p.log.String())
		}
		p.answers(nil)
		p.arrives(t, "b")
		if s := p.Status(); len(s) != 2 || s[1].Name != "new" || s[1].Delivered != 0 {
			t.Errorf("%+v", s)
		}
		before := len(p.told["c"])
		p.tell(t, "c", event.NameStreamStart)
		synctest.Wait()
		if got, _ := p.of("new"); !slices.Equal(got, p.told["c"][before:]) {
			t.Errorf("the new one got %v", got)
		}
		p.reopen(t, hooks("new")) // b goes while nothing runs
		if s := p.Status(); len(s) != 1 {
			t.Errorf("%+v", s)
		}
		for _, bad := range [][]Webhook{hooks("x", "x"), make([]Webhook, ReceiversMost+1)} {
			if err := p.Configure(t.Context(), bad); err == nil {
				t.Errorf("%d receivers are taken", len(bad))
			}
		}
	})
}

// What waits when the daemon stops is sent once more, if it was not refused before.
func TestCloseSendsTheLastEvents(t *testing.T) {
	posted(t, hooks("slow", "broken"), func(t *testing.T, p *post) {
		p.answers(func(r *http.Request, _ string) error {
			if r.URL.Host == "broken" {
				return errStatus(500)
			}
			time.Sleep(200 * time.Millisecond)
			return nil
		})
		p.tell(t, "c", life...)
		began := time.Now()
		p.Close()
		if took := time.Since(began); took > lastWords {
			t.Errorf("closing took %s", took)
		}
		p.inOrder(t, "slow")
		p.answers(nil)
		p.open(t, p.store, hooks("slow", "broken"))
		p.arrives(t, "broken")
	})
}

func TestWhatWasToldCanBeRead(t *testing.T) {
	posted(t, nil, func(t *testing.T, p *post) {
		more := p.More(0)
		p.tell(t, "c", life...)
		<-more
		got, err := p.After(t.Context(), 2, 3)
		if err != nil || len(got) != 3 || got[0].Number != 3 || got[0].Name != event.NameStarvationStart || got[0].ID != p.told["c"][2] || p.Last() != 6 {
			t.Errorf("%+v, %v, the last is %d", got, err, p.Last())
		}
		select {
		case <-p.More(6):
			t.Error("there is more than there is")
		default:
		}
		p.reopen(t, nil)
		if p.Last() != 6 {
			t.Errorf("after a restart the last is %d", p.Last())
		}
	})
}

// An event is shown once it has its number for good: whoever follows may come back with it.
func TestEventIsReadWhenItIsWritten(t *testing.T) {
	posted(t, nil, func(t *testing.T, p *post) {
		var c store.Change
		written, err := p.Add(&c, happened.Event(event.NameStreamStart, "c", "st-c", time.Now()))
		if err == nil {
			_, err = p.store.Apply(t.Context(), c)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.After(t.Context(), 0, 10); err != nil || len(got) != int(p.Last()) {
			t.Errorf("%+v, %v, the last is %d", got, err, p.Last())
		}
		written()
		if got, err := p.After(t.Context(), 0, 10); err != nil || len(got) != 1 || p.Last() != 1 {
			t.Errorf("%+v, %v, the last is %d", got, err, p.Last())
		}
	})
}
