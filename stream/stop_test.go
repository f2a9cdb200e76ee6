package stream

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/ingest"
)

func TestStopEndsAStreamInEveryState(t *testing.T) {
	for _, test := range []struct {
		name   string
		begin  func(*testing.T, *relay) []*peer
		events string
	}{
		{"opening", func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(0.1)...)
			return []*peer{p}
		}, "Session Created, Session Ended"},
		{"live", func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(3)...)
			return []*peer{p}
		}, "Session Created, Stream Start, Session Ended, Stream End"},
		{"live with a candidate", func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(3)...)
			c := r.join(t, "priority=1")
			c.send(t, footageOf(t).shoot(0.1)...)
			return []*peer{p, c}
		}, "Session Created, Stream Start, Session Ended, Stream End"},
		{"waiting for its publisher", func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(3)...)
			p.Close(errors.New("cable"))
			if st := r.status(); st.State != Waiting {
				t.Errorf("it does not wait: %+v", st)
			}
			return nil
		}, "Session Created, Stream Start, Session Ended, Stream End"},
		{"somebody is about to carry it on", func(t *testing.T, r *relay) []*peer {
			p := r.join(t, "")
			p.send(t, footageOf(t).shoot(3)...)
			p.Close(errors.New("cable"))
			c := r.join(t, "")
			c.send(t, footageOf(t).shoot(0.1)...)
			return []*peer{c}
		}, "Session Created, Stream Start, Session Ended, Stream End"},
	} {
		t.Run(test.name, func(t *testing.T) {
			relayed(t, basic, func(t *testing.T, r *relay) {
				peers := test.begin(t, r)
				id, shown := r.status().ID, r.count(event.NameStreamStart, "") > 0
				stopped(t, r, peers, test.events)
				if shown {
					<-time.After(endDelay)
					if _, ended := r.playlist(t, id); !ended {
						t.Error("the playlist has no end")
					}
				}
				again := r.join(t, "")
				again.send(t, footageOf(t).shoot(3)...)
				if st := r.status(); st.ID == id || st.State != Live {
					t.Errorf("who publishes next: %+v", st)
				}
			})
		})
	}
}

func TestStopWhileTheStreamIsPlaced(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, _ chan<- placement) {
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(3)...)
		if st := r.status(); st.State != Placing {
			t.Fatalf("status %+v", st)
		}
		stopped(t, r, []*peer{p}, "Session Created, Session Ended")
	})
}

// stopped stops the stream that runs, and wants its publishers to be told and the
// channel to be free.
func stopped(t *testing.T, r *relay, peers []*peer, events string) {
	t.Helper()
	if !r.OnAir(basic.ID) {
		t.Error("not on air")
	}
	if err := r.Stop(t.Context(), basic.ID); err != nil {
		t.Fatal("stop:", err)
	}
	if r.OnAir(basic.ID) {
		t.Error("on air after the stop")
	}
	for i, p := range peers {
		if err := p.last(); !errors.Is(err, ingest.ErrStopped) {
			t.Errorf("publisher %d was told %v", i, err)
		}
		if err := p.Write(frame(1, nil)); !errors.Is(err, ingest.ErrStopped) {
			t.Errorf("publisher %d's write: %v", i, err)
		}
		p.Close(ingest.ErrStopped)
	}
	if got := r.names(); got != events {
		t.Errorf("events: %s", got)
	}
	if err := r.Stop(t.Context(), basic.ID); !errors.Is(err, ErrNotLive) {
		t.Errorf("a second stop: %v", err)
	}
}

func TestStopOfAChannelThatIsNotLive(t *testing.T) {
	h := newTestHub(t, basic)
	for _, channel := range []string{basic.ID, "nobody"} {
		if err := h.Stop(t.Context(), channel); !errors.Is(err, ErrNotLive) || h.OnAir(channel) {
			t.Errorf("%s: %v", channel, err)
		}
	}
}

// Nobody gets in between a stop and the stream's end, and who asked for the stop need not wait.
func TestStopTakesItsTime(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		held := make(chan struct{})
		r.options.Events = func(e Event) {
			if e.Name() == event.NameSessionEnded {
				<-held
			}
		}
		r.join(t, "").send(t, footageOf(t).shoot(3)...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Stop(ctx, basic.ID); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a stop that had to wait: %v", err)
		}
		for _, query := range []string{"", "priority=7"} {
			if _, err := r.ask(query); !errors.Is(err, ingest.ErrStopped) {
				t.Errorf("%q meanwhile: %v", query, err)
			}
		}
		second := make(chan error)
		go func() { second <- r.Stop(t.Context(), basic.ID) }()
		synctest.Wait()
		close(held)
		if err := <-second; err != nil {
			t.Errorf("a second stop: %v", err)
		}
	})
}
