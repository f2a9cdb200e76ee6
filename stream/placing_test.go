package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/media"
	"ladderd/pipeline"
)

// slow knows what a stream is made on when the test says it.
type slow struct{ answer chan placement }

func (s slow) Place(ctx context.Context, _ Wish) (Grant, error) {
	select {
	case p := <-s.answer:
		return p.grant, p.err
	case <-ctx.Done():
		return Grant{}, ctx.Err()
	}
}

func (slow) Elsewhere(_ string, f pipeline.Failure) (pipeline.Backend, bool) {
	return f.Backend, false
}

func (slow) Release(string) {}

// placed runs a test whose streams are placed when it says so.
func placed(t *testing.T, test func(*testing.T, *relay, chan<- placement)) {
	t.Helper()
	relayed(t, advanced, func(t *testing.T, r *relay) {
		answer := make(chan placement, 1)
		r.options.Devices = slow{answer}
		test(t, r, answer)
	})
}

var onCPUs = placement{grant: Grant{Backend: cpu}}

// frames counts the pictures that the transcoder was given.
func (r *relay) pictures() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.taken {
		if p.Kind == media.Video {
			n++
		}
	}
	return n
}

func TestPublisherIsReadWhileItsStreamIsPlaced(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		p := r.join(t, "")
		all := footageOf(t).shoot(12)
		p.send(t, all[:len(all)/2]...)
		<-time.After(5 * time.Second)
		if st := r.status(); st.State != Placing || r.pictures() != 0 {
			t.Errorf("%s, %d pictures", st.State, r.pictures())
		}
		answer <- onCPUs
		p.send(t, all[len(all)/2:]...)
		if st := r.status(); st.State != Live || r.pictures() != 12*30 {
			t.Errorf("%s, %d pictures", st.State, r.pictures())
		}
		r.seamless(t, 3000)
	})
}

func TestGoodbyeWhileTheStreamIsPlaced(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(3)...)
		id := r.status().ID
		p.Close(nil)
		<-time.After(5 * time.Second)
		answer <- onCPUs
		<-time.After(endDelay)
		if _, ended := r.playlist(t, id); !ended || r.pictures() != 3*30 {
			t.Errorf("%d pictures, the playlist has ended: %v", r.pictures(), ended)
		}
	})
}

func TestCandidateWaitsForTheStreamToBePlaced(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		shot := footageOf(t)
		first := r.join(t, "")
		first.send(t, shot.shoot(2)...)
		shot.from = 100_000
		next := r.join(t, "priority=1")
		next.send(t, shot.shoot(2)...)
		<-time.After(35 * time.Second) // longer than either might be silent in a running stream
		if first.last() != nil || next.last() != nil {
			t.Errorf("the first was told %v, the next %v", first.last(), next.last())
		}
		answer <- onCPUs
		if st := r.status(); st.Takeovers != 1 || !errors.Is(first.last(), ingest.ErrTakenOver) || next.last() != nil {
			t.Errorf("%+v; the first was told %v, the next %v", st, first.last(), next.last())
		}
		r.seamless(t, 3000)
	})
}

func TestMediaThatExceedTheOpeningStayInTheConnection(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		p := r.join(t, "")
		shot := footageOf(t)
		shot.audio = nil
		all := shot.shoot(30)
		for i := range all {
			if !all[i].Key {
				all[i].Data = media.AppendNAL(nil, append([]byte{0x41, 0x9a}, make([]byte, 30_000)...))
			}
		}
		sent := make(chan error, 1)
		go func() {
			for _, packet := range all {
				<-time.After(time.Second / 30)
				packet.Arrived = time.Now()
				if err := p.Write(packet); err != nil {
					sent <- err
					return
				}
			}
			sent <- nil
		}()
		<-time.After(40 * time.Second)
		select {
		case err := <-sent:
			t.Errorf("all is held: %v", err)
		default:
		}
		answer <- onCPUs
		if err := <-sent; err != nil {
			t.Error(err)
		}
		r.status()
		if n := r.pictures(); n != len(all) {
			t.Errorf("%d pictures of %d", n, len(all))
		}
	})
}

func TestStreamThatCannotBePlaced(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		log := &strings.Builder{}
		r.options.Log = slog.New(slog.NewTextHandler(log, nil))
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(1)...)
		answer <- placement{err: errors.New("backend nvenc: this GPU has no video encoder")}
		if !errors.Is(p.last(), errOwnFault) {
			t.Errorf("the publisher was told %v", p.last())
		}
		if st := r.status(); st.ID != "" {
			t.Errorf("the channel is not free: %+v", st)
		}
		if !strings.Contains(log.String(), "this GPU has no video encoder") {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// Where trying again helps the publisher hears of it.
func TestStreamThatCannotBePlacedYet(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(1)...)
		answer <- placement{err: fmt.Errorf("backend nvenc: %w", ErrNotYet)}
		if err := p.last(); err != ErrNotYet {
			t.Errorf("the publisher was told %v", err)
		}
	})
}

// A candidate that goes on sending keeps its place from others, though nobody reads it yet.
func TestCandidateKeepsItsPlaceWhileTheStreamIsPlaced(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		shot := footageOf(t)
		r.join(t, "").send(t, shot.shoot(2)...)
		next := r.join(t, "priority=5")
		for _, packet := range shot.shoot(8)[:200] {
			<-time.After(8 * time.Second / 200)
			next.send(t, packet)
		}
		if _, err := r.ask("priority=1"); !errors.Is(err, ingest.ErrPriority) {
			t.Errorf("a third publisher is told %v", err)
		}
		if next.last() != nil {
			t.Errorf("the candidate is told %v", next.last())
		}
		answer <- onCPUs
	})
}

// What is left in the connection is not missing.
func TestPublisherThatIsNotReadDoesNotStarve(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		p := r.join(t, "")
		shot := footageOf(t)
		shot.audio = nil
		all := shot.shoot(40)
		go func() {
			for i, packet := range all {
				if !packet.Key {
					packet.Data = media.AppendNAL(nil, append([]byte{0x41, 0x9a}, make([]byte, 33_000)...))
				}
				<-time.After(time.Second / 30)
				packet.Arrived = time.Now()
				if err := p.Write(packet); err != nil {
					t.Errorf("picture %d: %v", i, err)
					return
				}
			}
		}()
		<-time.After(30 * time.Second)
		if st := r.status(); st.State != Placing || st.IngestHealth != Unknown || r.count(event.NameStarvationStart, "") != 0 {
			t.Errorf("%s, %s", st.State, st.IngestHealth)
		}
		answer <- onCPUs
		<-time.After(40 * time.Second)
	})
}

// brokenDevices panics where it is asked what a stream is made on.
type brokenDevices struct{ slow }

func (brokenDevices) Place(context.Context, Wish) (Grant, error) { panic("no books") }

func TestPanicAtPlacingCostsOnlyItsStream(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		r.options.Devices = brokenDevices{}
		p := r.join(t, "")
		p.try(footageOf(t).shoot(1))
		if !errors.Is(p.last(), errOwnFault) {
			t.Errorf("the publisher was told %v", p.last())
		}
	})
}

// The hub's end waits for nobody's answer.
func TestEndWhileTheStreamIsPlaced(t *testing.T) {
	placed(t, func(t *testing.T, r *relay, answer chan<- placement) {
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(1)...)
		began := time.Now()
		r.Close()
		if took := time.Since(began); took > endDelay || !errors.Is(p.last(), ingest.ErrDraining) {
			t.Errorf("it took %v, the publisher was told %v", took, p.last())
		}
	})
}

// books keep who has something, and can be full.
type books struct {
	onCPU
	mu   sync.Mutex
	full bool
	held map[string]Wish
}

func (b *books) Place(_ context.Context, w Wish) (Grant, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return Grant{}, fmt.Errorf("%w: too little is left of CPU", ingest.ErrCapacity)
	}
	b.held[w.Stream] = w
	return Grant{Backend: cpu}, nil
}

func (b *books) Release(stream string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.held, stream)
}

func (b *books) holders() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.held)
}

// Who does not fit is told so in the guide's words, and that is an event.
func TestRefusalForWantOfRoom(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		r.options.Devices = &books{full: true, held: map[string]Wish{}}
		p := r.join(t, "")
		p.try(footageOf(t).shoot(1))
		if !errors.Is(p.last(), ingest.ErrCapacity) || strings.Contains(p.last().Error(), "CPU") {
			t.Errorf("the publisher was told %v", p.last())
		}
		if n := r.count(event.NameStreamFailure, ""); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}

// What a stream has is its own until its worker has gone, and nobody's then.
func TestStreamsGiveBackWhatTheyHave(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		b := &books{held: map[string]Wish{}}
		r.options.Devices = b
		p := r.join(t, "")
		p.send(t, footageOf(t).shoot(3)...)
		if b.holders() != 1 {
			t.Errorf("%d streams have something", b.holders())
		}
		for id, w := range b.held {
			if w.Channel != "a" || w.Stream != id || len(w.Job.Videos) != 3 || len(w.Shed) != 4 {
				t.Errorf("%+v", w)
			}
		}
		p.Close(nil)
		<-time.After(endDelay)
		if b.holders() != 0 {
			t.Errorf("%d streams have something after their end", b.holders())
		}
	})
}
