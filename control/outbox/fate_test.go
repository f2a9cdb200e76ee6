package outbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"ladderd/event"
)

// step is something that happens to an outbox, to its receivers, or to its process.
type step struct {
	what    string
	channel int           // of "tell"
	after   time.Duration // of "wait"
	host    string        // of "down", "up", "poisoned"
}

func steps() *rapid.Generator[[]step] {
	one := rapid.Custom(func(t *rapid.T) step {
		return step{
			what:    rapid.SampledFrom([]string{"tell", "tell", "tell", "wait", "down", "up", "poisoned", "crash", "mend", "replay"}).Draw(t, "what"),
			channel: rapid.IntRange(0, 3).Draw(t, "channel"),
			after:   rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, 30 * time.Hour}).Draw(t, "after"),
			host:    rapid.SampledFrom([]string{"a", "b"}).Draw(t, "host"),
		}
	})
	return rapid.SliceOfN(one, 1, 40)
}

// fate is what becomes of the events of a post.
type fate struct {
	*post
	receivers []Webhook
	dead      map[string]map[string]bool // ids that were dead letters once, by host
}

// Whatever happens, each event gets to each receiver, or is a dead letter there until somebody
// sends it again; and those that never were are in their channel's order.
func TestEventsMeetTheirFate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := steps().Draw(rt, "steps")
		var err error
		synctest.Test(t, func(t *testing.T) {
			receivers := hooks("a", "b")
			f := &fate{&post{ears: &ears{heard: map[string][]string{}, asked: map[string]int{}}, told: map[string][]string{}}, receivers, map[string]map[string]bool{"a": {}, "b": {}}}
			f.open(t, openStore(t), receivers)
			defer func() { f.Close() }()
			for _, s := range list {
				f.do(t, s)
			}
			err = f.end(t)
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func (f *fate) do(t *testing.T, s step) {
	t.Helper()
	switch s.what {
	case "tell":
		if s.channel == 0 {
			f.tell(t, "", event.NameConcurrentViewers)
		} else {
			f.tell(t, fmt.Sprint("c", s.channel), event.NameSessionCreated, event.NameStreamStart)
		}
	case "wait":
		time.Sleep(s.after)
	case "down":
		f.answers(func(r *http.Request, _ string) error {
			if r.URL.Host == s.host {
				return errors.New("connection refused")
			}
			return nil
		})
	case "poisoned":
		f.answers(func(r *http.Request, name string) error {
			if r.URL.Host == s.host && name == event.NameStreamStart {
				return errStatus(400)
			}
			return nil
		})
	case "up":
		f.answers(nil)
	case "crash":
		f.note(t)
		f.reopen(t, f.receivers)
	case "mend":
		f.receivers = slices.Clone(f.receivers)
		f.receivers[0].Secret += "x"
		if err := f.Configure(t.Context(), f.receivers); err != nil {
			t.Fatal(err)
		}
	case "replay":
		f.replay(t)
	}
}

// note takes down which events are dead letters.
func (f *fate) note(t *testing.T) (n int) {
	t.Helper()
	letters, err := f.Letters(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range letters {
		f.dead[l.Receiver][l.ID] = true
	}
	return len(letters)
}

func (f *fate) replay(t *testing.T) {
	t.Helper()
	f.note(t)
	if _, err := f.Replay(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
}

// end has everything delivered that can be, and looks at what was.
func (f *fate) end(t *testing.T) error {
	t.Helper()
	f.answers(nil)
	for range 5 { // what is given up meanwhile is one attempt behind what is not
		time.Sleep(2 * pauseMost)
		f.replay(t)
	}
	synctest.Wait()
	if n := f.note(t); n > 0 {
		return fmt.Errorf("%d are dead letters still", n)
	}
	for _, s := range f.Status() {
		if s.Pending != 0 || s.Dead != 0 || s.Failing {
			return fmt.Errorf("at the end: %+v", s)
		}
		got, _ := f.of(s.Name)
		for channel, ids := range f.told {
			for _, id := range ids {
				if !slices.Contains(got, id) {
					return fmt.Errorf("%s has not got %s of %q", s.Name, id, channel)
				}
			}
			other := func(id string) bool { return f.dead[s.Name][id] || !slices.Contains(ids, id) }
			took, want := slices.DeleteFunc(slices.Clone(got), other), slices.DeleteFunc(slices.Clone(ids), other)
			if !slices.Equal(took, want) {
				return fmt.Errorf("%s got of %q %v, want %v", s.Name, channel, took, want)
			}
		}
	}
	return nil
}
