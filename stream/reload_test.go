package stream

import (
	"errors"
	"slices"
	"testing"
	"time"

	"ladderd/ingest"
)

func TestRemovedChannelsStreamGoesOnUntilItsPublisherEnds(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		p := r.join(t, "")
		shot := footageOf(t)
		p.send(t, shot.shoot(2)...)
		before := r.status()
		r.Reload(nil, r.terms)
		shot.from += 2000
		p.send(t, shot.shoot(2)...)
		if after := r.status(); p.last() != nil || after.ID != before.ID || after.State != Live {
			t.Errorf("told %v; the stream was %+v and is %+v", p.last(), before, after)
		}
		if _, err := r.Channel(basic.ID); err != nil {
			t.Errorf("who watches it: %v", err)
		}
		if _, err := r.ask("priority=3"); !errors.Is(err, ingest.ErrUnknownKey) {
			t.Errorf("a takeover: %v", err)
		}
		p.Close(nil)
		<-time.After(2 * beat)
		if _, err := r.Channel(basic.ID); !errors.Is(err, ErrNoChannel) {
			t.Errorf("the channel after its end: %v", err)
		}
	})
}

func TestStreamGoesOnUnderTheKeyThatThereIs(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		p := r.join(t, "")
		shot := footageOf(t)
		p.send(t, shot.shoot(2)...)
		before := r.status()
		altered := basic
		altered.Key = "sk_local_another_key"
		r.Reload([]Channel{altered}, r.terms)
		p.Close(errors.New("cable"))
		<-time.After(2 * beat)
		if _, err := r.ask(""); !errors.Is(err, ingest.ErrUnknownKey) {
			t.Errorf("with the key that it had: %v", err)
		}
		s, err := r.Accept(ingest.Request{Protocol: "rtmp", Key: altered.Key, Close: func(error) {}})
		if err != nil {
			t.Fatal(err)
		}
		back := &peer{Session: s, relay: r}
		shot.from += 4000
		back.send(t, shot.shoot(2)...)
		<-time.After(2 * beat)
		if after := r.status(); after.ID != before.ID || after.State != Live {
			t.Errorf("the stream was %+v and is %+v", before, after)
		}
		back.Close(nil)
	})
}

func TestStreamsKeepTheTermsWithWhichTheyBegan(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		other, third := basic, basic
		other.ID, other.Key = "b", "sk_local_b_key"
		third.ID, third.Key = "c", "sk_local_c_key"
		r.Reload([]Channel{basic, other, third}, Terms{Streams: 3, ReconnectWindow: 30 * time.Second, Takeovers: 1})
		p := r.join(t, "")
		shot := footageOf(t)
		p.send(t, shot.shoot(2)...)
		if _, err := r.Accept(ingest.Request{Key: other.Key, Close: func(error) {}}); err != nil {
			t.Fatal(err)
		}
		r.Reload([]Channel{basic, other, third}, Terms{Streams: 1, Longest: time.Second})
		<-time.After(5 * beat)
		if p.last() != nil {
			t.Errorf("a stream that ran was told %v", p.last())
		}
		if _, err := r.Accept(ingest.Request{Key: third.Key}); !errors.Is(err, ingest.ErrFull) {
			t.Errorf("a third stream where one is allowed: %v", err)
		}
		p.Close(errors.New("cable"))
		<-time.After(10 * beat)
		if status := r.Status(); !slices.ContainsFunc(status, func(s Status) bool { return s.Channel == basic.ID }) {
			t.Errorf("a stream with 30 s to wait for its publisher has not: %+v", status)
		}
	})
}

func TestChannelsComeAndGoOneByOne(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		other := basic
		other.ID, other.Key = "b", "sk_local_b_key"
		publish := func(key string) (ingest.Session, error) {
			return r.Accept(ingest.Request{Protocol: "rtmp", Key: key, Close: func(error) {}})
		}
		if _, err := publish(other.Key); !errors.Is(err, ingest.ErrUnknownKey) {
			t.Errorf("before it is there: %v", err)
		}
		r.Put(other)
		r.Reload([]Channel{basic}, r.terms)
		if _, err := r.Channel("b"); !errors.Is(err, ErrNotLive) {
			t.Errorf("put in, and then a reload: %v", err)
		}
		s, err := publish(other.Key)
		if err != nil {
			t.Fatal(err)
		}
		p := &peer{Session: s, relay: r}
		shot := footageOf(t)
		p.send(t, shot.shoot(2)...)
		keyless := other
		keyless.Key = ""
		r.Put(keyless)
		for _, key := range []string{other.Key, ""} {
			if _, err := publish(key); !errors.Is(err, ingest.ErrUnknownKey) {
				t.Errorf("without its key, with %q: %v", key, err)
			}
		}
		shot.from += 2000
		p.send(t, shot.shoot(2)...)
		if st := r.status(); st.Channel != "b" || st.State != Live || p.last() != nil {
			t.Errorf("its stream: %+v", st)
		}
		r.Remove("b")
		if _, err := r.Channel("b"); err != nil {
			t.Errorf("who watches it: %v", err)
		}
		p.Close(nil)
		<-time.After(2 * beat)
		if _, err := r.Channel("b"); !errors.Is(err, ErrNoChannel) {
			t.Errorf("after all: %v", err)
		}
	})
}

// A candidate that begins a stream of its own finds its channel as it is then.
func TestCandidatesStreamIsOfTheChannelThatThereIs(t *testing.T) {
	private, other := basic, basic
	private.Private, other.Key = true, "sk_local_another_key"
	for _, c := range []struct {
		name string
		is   Channel
		told error
	}{{"altered", private, nil}, {"with another key", other, ingest.ErrUnknownKey}} {
		t.Run(c.name, func(t *testing.T) {
			relayed(t, basic, func(t *testing.T, r *relay) {
				first := r.join(t, "")
				shot := footageOf(t)
				first.send(t, shot.shoot(3)...)
				next := r.join(t, "priority=1")
				before, all := r.status().ID, shot.shoot(3)
				next.send(t, all[:5]...)
				r.Reload([]Channel{c.is}, r.terms)
				larger := frame(0, testVideo)
				larger.PTS, larger.DTS = ms(8000), ms(8000)
				first.send(t, larger)
				if first.last() == nil || !errors.Is(next.last(), c.told) {
					t.Fatalf("the first was told %v, the candidate %v", first.last(), next.last())
				}
				if c.told != nil {
					return
				}
				next.send(t, all[5:]...)
				if id := r.status().ID; id == before || !r.Private(id) || r.Private(before) {
					t.Errorf("stream %s follows on %s", id, before)
				}
			})
		})
	}
}
