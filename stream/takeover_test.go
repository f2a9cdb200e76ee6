package stream

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/media"
	"ladderd/packager"
)

func TestTakeoverGoesOnWithTheSameStream(t *testing.T) {
	for _, c := range []Channel{basic, advanced} {
		t.Run(string(c.Type), func(t *testing.T) {
			relayed(t, c, func(t *testing.T, r *relay) {
				shot := footageOf(t)
				running := r.join(t, "")
				running.send(t, shot.shoot(3)...)
				id := r.status().ID
				for i, priority := range []int{1, 5, 17} {
					next := r.join(t, fmt.Sprintf("priority=%d", priority))
					shot.from += 1000_000
					next.send(t, shot.shoot(3)...)
					if err := running.last(); !errors.Is(err, ingest.ErrTakenOver) {
						t.Errorf("the old publisher was told %v", err)
					}
					if err := running.Write(frame(1, nil)); !errors.Is(err, ingest.ErrTakenOver) {
						t.Errorf("the old publisher's write: %v", err)
					}
					running.Close(io.ErrUnexpectedEOF) // only now: it was half open
					if st := r.status(); st.ID != id || st.Takeovers != i+1 || st.Priority != priority || st.State != Live {
						t.Errorf("after priority %d: %+v", priority, st)
					}
					running = next
				}
				if text, ended := r.playlist(t, id); ended || strings.Contains(text, "DISCONTINUITY\n") || strings.Count(text, "EXT-X-MAP") != 1 {
					t.Errorf("the playlist:\n%s", text)
				}
				if c.Type == advanced.Type {
					r.seamless(t, 3000)
				}
				running.Close(nil)
				if got, want := r.names(), "Session Created, Stream Start, Stream Takeover, Stream Takeover, Stream Takeover, Session Ended, Stream End"; got != want {
					t.Errorf("events: %s", got)
				}
			})
		})
	}
}

func TestTakeoverWithOtherParameterSetsIsADiscontinuity(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		r.join(t, "").send(t, shot.shoot(3)...)
		id := r.status().ID
		other := *shot.video
		other.PPS = append([]byte{}, append(other.PPS, 0x40)...)
		shot.video = &other
		r.join(t, "priority=1").send(t, shot.shoot(3)...)
		text, _ := r.playlist(t, id)
		if strings.Count(text, "EXT-X-DISCONTINUITY\n") != 1 || strings.Count(text, "EXT-X-MAP") != 2 || r.status().Takeovers != 1 {
			t.Errorf("the playlist:\n%s", text)
		}
	})
}

func TestTakeoverWithAnotherFrameRate(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		r.join(t, "").send(t, shot.shoot(3)...)
		shot.fps = 60
		next := r.join(t, "priority=1")
		next.send(t, shot.shoot(3)...)
		if st := r.status(); st.Takeovers != 1 || next.last() != nil {
			t.Fatalf("no takeover: %v", next.last())
		}
		r.seamless(t, 3000)
	})
}

func TestTakeoverBeforeTheStreamHasStarted(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		first := r.join(t, "")
		first.send(t, shot.shoot(0.1)...)
		id := r.status().ID
		shot.from = 0
		r.join(t, "priority=1").send(t, shot.shoot(3)...)
		if st := r.status(); st.ID != id || st.Takeovers != 1 || !errors.Is(first.last(), ingest.ErrTakenOver) {
			t.Errorf("status %+v; the first was told %v", st, first.last())
		}
		r.seamless(t, 3000)
	})
}

// The old encoder is cut off between a P-frame and the B-frames before it; the new one
// reorders too.
func TestTakeoverAmongReorderedPictures(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		shot.audio = nil
		reordered := func(frames int) []media.Packet {
			packets := shot.shoot(float64(frames) / 30)
			for i := range packets { // I P B B P B B: P is shown after the two that follow it
				packets[i].DTS -= 3000
				switch i % 3 {
				case 1:
					packets[i].PTS += 6000
				case 2, 0:
					packets[i].PTS -= 3000
				}
				if packets[i].Key {
					packets[i].PTS = packets[i].DTS + 3000
				}
			}
			return packets
		}
		r.join(t, "").send(t, reordered(56)...)
		r.join(t, "priority=1").send(t, reordered(56)...)
		idrs := r.idrs()
		if len(idrs) != 2 {
			t.Fatalf("IDRs at %d", idrs)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		shown, dts := media.Ticks(0), media.Ticks(0)
		for i, p := range r.taken {
			if p.DTS <= dts || i >= 56 && p.PTS < idrs[1] || p.Key && p.PTS <= shown {
				t.Fatalf("picture %d: PTS %d, DTS %d after %d; shown up to %d", i, p.PTS, p.DTS, dts, shown)
			}
			dts, shown = p.DTS, max(shown, p.PTS)
		}
	})
}

func TestRefusedTakeoversLeaveTheStreamUntouched(t *testing.T) {
	sized := func(w, h int) func(*footage) {
		return func(f *footage) {
			v := *f.video
			v.Width, v.Height = w, h
			f.video = &v
		}
	}
	cases := []struct {
		name  string
		query string
		as    func(*footage)          // how its media differ
		do    func(*testing.T, *peer) // in place of publishing
		want  string
		code  string
	}{
		{"no priority", "", nil, nil, ingest.ErrLive.Error(), ""},
		{"the same priority", "priority=5", nil, nil, "it is 5, the running stream's 5", string(event.InvalidPriority)},
		{"no number", "priority=high", nil, nil, "priority=high", string(event.InvalidPriority)},
		{"zero", "priority=0", nil, nil, "priority=0", string(event.InvalidPriority)},
		{"too large", "priority=2147483648", nil, nil, "allowed: 1 to 2147483647", string(event.InvalidPriority)},
		{"another size", "priority=6", sized(640, 360), nil, "the picture has 640×360, the running stream's 1280×720", string(event.MediaMismatch)},
		{"no audio", "priority=6", func(f *footage) { f.audio = nil }, nil, "there is no audio", string(event.MediaMismatch)},
		{"mono", "priority=6", func(f *footage) {
			f.audio = &media.AudioParams{Config: f.audio.Config, SampleRate: 48000, Channels: 1}
		}, nil, "48000 Hz and 1 channels", string(event.MediaMismatch)},
		{"hangs up", "priority=6", nil, func(t *testing.T, p *peer) {
			p.send(t, footageOf(t).shoot(0.1)...)
			p.Close(io.ErrUnexpectedEOF)
		}, "", ""},
		{"no keyframe", "priority=6", nil, func(t *testing.T, p *peer) {
			p.try(blind(t))
		}, "no keyframe", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			relayed(t, advanced, func(t *testing.T, r *relay) {
				shot := footageOf(t)
				running := r.join(t, "priority=5")
				all := shot.shoot(4)
				running.send(t, all[:100]...)
				before := r.status()

				do := c.do
				if c.as != nil {
					other := shot
					c.as(&other)
					do = func(_ *testing.T, p *peer) { p.try(other.shoot(0.6)) }
				}
				err := r.attempt(t, c.query, do)
				if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) || c.want == "" && err != nil {
					t.Errorf("told %v, want %q", err, c.want)
				}
				if n := r.count(event.NameTakeoverFailure, c.code); (n == 1) != (c.code != "") {
					t.Errorf("%d takeover failures %s", n, c.code)
				}

				running.send(t, all[100:]...)
				if after := r.status(); after.ID != before.ID || after.Takeovers != 0 || after.State != Live || after.Priority != 5 || running.last() != nil {
					t.Errorf("the stream was %+v and is %+v; its publisher was told %v", before, after, running.last())
				}
				r.seamless(t, 3000)
			})
		})
	}
}

// attempt is what a publisher is told that does something once it has been let in.
func (r *relay) attempt(t *testing.T, query string, do func(*testing.T, *peer)) error {
	t.Helper()
	p, err := r.ask(query)
	if err != nil {
		return err
	}
	do(t, p)
	return p.last()
}

// try writes packets until one is refused.
func (p *peer) try(packets []media.Packet) {
	for _, packet := range packets {
		if p.Write(packet) != nil {
			return
		}
	}
}

// blind never has an IDR.
func blind(t *testing.T) []media.Packet {
	packets := footageOf(t).shoot(14)
	for i := range packets {
		packets[i].Key = false
	}
	return packets
}

func TestSilentCandidateIsRefused(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		running := r.join(t, "")
		running.send(t, shot.shoot(3)...)
		silent := r.join(t, "priority=1")
		for range 32 {
			<-time.After(time.Second)
			shot.from += 3000
			running.send(t, shot.shoot(1)[1:]...)
		}
		if err := silent.last(); !errors.Is(err, errOverdue) || running.last() != nil || r.status().Takeovers != 0 {
			t.Errorf("told %v, the other %v", err, running.last())
		}
	})
}

func TestHigherCandidateTakesAnothersPlace(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		r.join(t, "").send(t, shot.shoot(3)...)
		low := r.join(t, "priority=2")
		low.send(t, shot.shoot(0.1)...)
		high := r.join(t, "priority=3")
		if _, err := r.ask("priority=3"); !errors.Is(err, ingest.ErrPriority) {
			t.Errorf("a third with the same priority: %v", err)
		}
		if err := low.last(); !errors.Is(err, ingest.ErrPriority) {
			t.Errorf("the lower one was told %v", err)
		}
		high.send(t, shot.shoot(1)...)
		if st := r.status(); st.Priority != 3 || st.Takeovers != 1 {
			t.Errorf("status %+v", st)
		}
	})
}

func TestHundredAndFirstTakeoverIsRefused(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		r.join(t, "").send(t, shot.shoot(0.5)...)
		id := r.status().ID
		for n := range 100 {
			r.join(t, fmt.Sprintf("priority=%d", n+1)).send(t, shot.shoot(0.5)...)
		}
		if _, err := r.ask("priority=101"); !errors.Is(err, ingest.ErrTakeovers) {
			t.Errorf("the 101st: %v", err)
		}
		if st := r.status(); st.ID != id || st.Takeovers != 100 || r.count(event.NameTakeoverFailure, string(event.LimitBreached)) != 1 {
			t.Errorf("status %+v, events %s", st, r.names())
		}
	})
}

func TestPublisherComesBackToItsStream(t *testing.T) {
	relayed(t, advanced, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		first := r.join(t, "priority=9")
		first.send(t, shot.shoot(3)...)
		id := r.status().ID
		first.Close(io.ErrUnexpectedEOF)
		if st := r.status(); st.State != Waiting || st.ID != id {
			t.Errorf("without its publisher: %+v", st)
		}
		<-time.After(25 * time.Second)
		shot.from = 0
		second := r.join(t, "") // anybody with the key
		second.send(t, shot.shoot(3)...)
		if st := r.status(); st.ID != id || st.State != Live || st.Takeovers != 0 || st.Priority != 0 {
			t.Errorf("after the reconnect: %+v", st)
		}
		r.seamless(t, 3000)
		if _, ended := r.playlist(t, id); ended || r.count(event.NameStreamTakeover, "") != 0 {
			t.Error("the playlist has an end, or there was a takeover")
		}
		second.Close(io.ErrUnexpectedEOF)
		<-time.After(29 * time.Second)
		if r.status().State != Waiting {
			t.Error("it did not wait for its publisher")
		}
		<-time.After(3 * time.Second)
		if _, ended := r.playlist(t, id); !ended || r.status().ID != "" || r.count(event.NameStreamEnd, "") != 1 {
			t.Errorf("it did not end; events: %s", r.names())
		}
	})
}

func TestPublisherComesBackWithOtherMedia(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		first := r.join(t, "")
		first.send(t, shot.shoot(3)...)
		id := r.status().ID
		first.Close(io.ErrUnexpectedEOF)
		shot.audio = nil
		second := r.join(t, "")
		second.send(t, shot.shoot(3)...)
		time.Sleep(endDelay)
		if _, ended := r.playlist(t, id); !ended {
			t.Error("the old stream goes on")
		}
		now := r.status().ID
		if now == id || now == "" || second.last() != nil {
			t.Fatalf("stream %q, told %v", now, second.last())
		}
		second.Close(nil)
		text, _ := r.playlist(t, now)
		if !strings.Contains(text, "#EXTINF:2.0") || !strings.Contains(text, "#EXTINF:1.0") {
			t.Errorf("not all 3 s are there:\n%s", text)
		}
		if !strings.HasPrefix(r.names(), "Session Created, Stream Start, Session Ended, ") || r.count(event.NameSessionCreated, "") != 2 ||
			r.count(event.NameStreamStart, "") != 2 || r.count(event.NameTakeoverFailure, "") != 0 {
			t.Errorf("events: %s", r.names())
		}
	})
}

func TestGoodbyeEndsTheStreamUnlessAnotherIsComing(t *testing.T) {
	cases := []struct {
		name      string
		candidate bool
		fails     bool
		goesOn    bool
	}{
		{"alone", false, false, false},
		{"with a candidate", true, false, true},
		{"with a candidate that comes to nothing", true, true, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			relayed(t, basic, func(t *testing.T, r *relay) {
				shot := footageOf(t)
				first := r.join(t, "")
				first.send(t, shot.shoot(3)...)
				id := r.status().ID
				var second *peer
				if c.candidate {
					second = r.join(t, "priority=1")
					second.send(t, shot.shoot(0.1)...)
				}
				first.Close(nil)
				if c.candidate && r.status().ID != id {
					t.Fatal("it did not wait for the candidate")
				}
				if c.fails {
					second.Close(io.ErrUnexpectedEOF)
				} else if c.candidate {
					second.send(t, shot.shoot(1)...)
				}
				if st := r.status(); (st.ID == id) != c.goesOn {
					t.Errorf("status %+v", st)
				}
				time.Sleep(endDelay)
				if _, ended := r.playlist(t, id); ended == c.goesOn {
					t.Errorf("the end of the playlist: %v", ended)
				}
			})
		})
	}
}

func TestKeyframeIntervalIsTheTarget(t *testing.T) {
	for query, want := range map[string]string{
		"keyframeInterval=2": "#EXT-X-TARGETDURATION:2\n",
		"keyframeInterval=9": "#EXT-X-TARGETDURATION:6\n",
		"":                   "#EXT-X-TARGETDURATION:6\n",
	} {
		relayed(t, basic, func(t *testing.T, r *relay) {
			r.join(t, query).send(t, footageOf(t).shoot(3)...)
			st := r.status()
			s, err := r.Stream(st.ID)
			if err != nil {
				t.Fatal(err)
			}
			d, err := rendition(t, s).Playlist(t.Context(), packager.Plain)
			if err != nil || !strings.Contains(string(d.Body), want) {
				t.Errorf("%s: %v\n%s", query, err, d.Body)
			}
			if found := len(st.Health) > 0 && st.Health[0].Code == IntervalIgnored; found != strings.HasSuffix(query, "9") {
				t.Errorf("%s: health %v", query, st.Health)
			}
		})
	}
}

// A stream that is cut off while another publisher wants it makes way for that one.
func TestCandidateOutlivesTheStream(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		first := r.join(t, "")
		first.send(t, shot.shoot(3)...)
		id := r.status().ID
		second := r.join(t, "priority=1")
		packets := shot.shoot(1)
		second.send(t, packets[:5]...)
		resized := frame(0, testVideo)
		resized.PTS, resized.DTS = ms(8000), ms(8000)
		first.send(t, resized)
		if first.last() == nil {
			t.Fatal("the first publisher was not cut off")
		}
		second.send(t, packets[5:]...)
		if st := r.status(); st.ID == id || st.ID == "" || st.State != Live || second.last() != nil {
			t.Errorf("status %+v, told %v", st, second.last())
		}
	})
}

// A candidate may say goodbye while it is being seated. The stream is then over, whichever
// comes first; more than one try, since that is a race.
func TestGoodbyeOfACandidateThatIsBeingSeated(t *testing.T) {
	for range 100 {
		relayed(t, basic, func(t *testing.T, r *relay) {
			shot := footageOf(t)
			r.join(t, "").send(t, shot.shoot(3)...)
			second := r.join(t, "priority=1")
			for _, packet := range shot.shoot(0.5) {
				if err := second.Write(packet); err != nil {
					t.Fatal("write:", err)
				}
			}
			second.Close(nil)
			if st := r.status(); st.Takeovers > 0 {
				t.Errorf("it goes on without a publisher: %+v", st)
			}
		})
	}
}
