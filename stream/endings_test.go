package stream

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/ingest"
)

func TestStreamEndsWithItsTime(t *testing.T) {
	t.Run("no data", func(t *testing.T) {
		relayed(t, basic, func(t *testing.T, r *relay) {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(3)...)
			<-time.After(29 * time.Second)
			if p.last() != nil {
				t.Errorf("after 29 s: %v", p.last())
			}
			<-time.After(3 * time.Second)
			if !errors.Is(p.last(), errSilent) || r.status().ID != "" {
				t.Errorf("after 32 s: %v", p.last())
			}
			p.Close(errSilent)
		})
	})
	t.Run("the longest stream", func(t *testing.T) {
		relayed(t, basic, func(t *testing.T, r *relay) {
			r.terms.Longest = time.Minute
			p := r.join(t, "")
			shot := footageOf(t)
			for range 58 {
				p.send(t, shot.shoot(1)...)
				shot.from += 1000
				<-time.After(time.Second)
			}
			if p.last() != nil {
				t.Errorf("before: %v", p.last())
			}
			<-time.After(5 * time.Second)
			if !errors.Is(p.last(), errLongest) {
				t.Errorf("after: %v", p.last())
			}
		})
	})
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		other := basic
		other.ID, other.Key = "b", "sk_local_b_key"
		r.Put(other)
		r.terms.Streams = 1
		r.join(t, "")
		if _, err := r.Accept(ingest.Request{Key: other.Key}); !errors.Is(err, ingest.ErrFull) {
			t.Errorf("the second stream: %v", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		e := r.events[len(r.events)-1]
		breach, _ := e.Breach()
		if e.Name() != event.NameConcurrentBroadcasts || e.Channel().ID != "b" || breach != (event.Breach{Excess: event.Excess{Limit: 1, By: 1}, Unit: "active streams"}) {
			t.Errorf("event %+v", e)
		}
	})
}

func TestHubCloseInEveryState(t *testing.T) {
	states := map[string]func(*testing.T, *relay) []*peer{
		"opening": func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(0.1)...)
			return []*peer{p}
		},
		"live with a candidate": func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(1)...)
			c := r.join(t, "priority=1")
			c.send(t, footageOf(t).shoot(0.1)...)
			return []*peer{p, c}
		},
		"waiting": func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(1)...)
			p.Close(io.ErrUnexpectedEOF)
			synctest.Wait()
			return nil
		},
		"waiting with a candidate": func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(1)...)
			p.Close(io.ErrUnexpectedEOF)
			c := r.join(t, "")
			return []*peer{c}
		},
	}
	for name, enter := range states {
		t.Run(name, func(t *testing.T) {
			relayed(t, advanced, func(t *testing.T, r *relay) {
				peers := enter(t, r)
				r.Close()
				for _, p := range peers {
					if !errors.Is(p.last(), ingest.ErrDraining) || !errors.Is(p.Write(frame(1, nil)), ingest.ErrDraining) {
						t.Errorf("told %v", p.last())
					}
					p.Close(ingest.ErrDraining)
				}
				if len(r.Status()) != 0 || r.count(event.NameSessionEnded, "") != 1 {
					t.Errorf("events: %s", r.names())
				}
			})
		})
	}
}
