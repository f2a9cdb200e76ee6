package outbox

import (
	"log/slog"
	"net/http"
	"testing"
	"time"

	"ladderd/event"
	"ladderd/store"
	"ladderd/testassets/happened"
)

// away is a network in which nobody is reached.
type away struct{}

func (away) RoundTrip(*http.Request) (*http.Response, error) { return nil, http.ErrServerClosed }

// BenchmarkOpenWithABacklog opens an outbox for whose receiver 100,000 events of 100 channels
// wait.
func BenchmarkOpenWithABacklog(b *testing.B) {
	s := openStore(b)
	options := Options{Store: s, Account: account, Node: "n", Transport: away{}, Log: slog.New(slog.DiscardHandler)}
	open := func() *Outbox {
		o, err := New(b.Context(), options)
		if err == nil {
			err = o.Configure(b.Context(), hooks("ops"))
		}
		if err != nil {
			b.Fatal(err)
		}
		return o
	}
	const events, perChange = 100_000, 25
	o := open()
	for n := 0; n < events; n += perChange {
		var c store.Change
		for i := range perChange {
			e := happened.Event(event.NameStreamStart, "channel-"+string(rune('a'+(n/perChange+i)%100)), "st-1", time.Now())
			written, err := o.Add(&c, e)
			if err != nil {
				b.Fatal(err)
			}
			written() // a little too early, so that many fit into a change
		}
		if _, err := s.Apply(b.Context(), dedupe(c)); err != nil {
			b.Fatal(err)
		}
	}
	o.stop()
	o.running.Wait()
	for b.Loop() {
		o := open()
		if got := o.Status()[0].Pending; got != events {
			b.Fatalf("%d wait", got)
		}
		o.stop()
		o.running.Wait()
	}
}

// dedupe leaves of each key the last value.
func dedupe(c store.Change) store.Change {
	at := map[string]int{}
	var puts []store.Put
	for _, p := range c.Put {
		if i, there := at[p.Key]; there {
			puts[i] = p
			continue
		}
		at[p.Key] = len(puts)
		puts = append(puts, p)
	}
	return store.Change{Put: puts, Delete: c.Delete}
}
