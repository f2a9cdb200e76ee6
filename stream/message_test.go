package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
)

func TestMessagesAreOnTheClockOfTheVideo(t *testing.T) {
	begun := func(from int64) *timeline {
		line := newTimeline(ms(from))
		for _, p := range shoot(30, from, 33) {
			line.place(&p)
		}
		return line
	}
	jumped := begun(5000)
	p := media.Packet{Kind: media.Video, DTS: ms(900_000), PTS: ms(900_000)}
	jumped.place(&p)
	due := Start + 30*ms(33)
	cases := []struct {
		name string
		line *timeline
		in   media.Ticks
		want media.Ticks
	}{
		{"before the first picture is placed", newTimeline(ms(5000)), ms(5500), Start + ms(500)},
		{"likewise, of another clock", newTimeline(ms(50_000)), 0, Start},
		{"with the last picture", begun(5000), ms(5000 + 29*33), due - ms(33)},
		{"a little ahead", begun(5000), ms(8000), Start + ms(3000)},
		{"without a time", begun(50_000), 0, due},
		{"far ahead", begun(5000), ms(5_000_000), due},
		{"past a jump", jumped, ms(900_033), due + ms(33)},
		{"from before a jump", jumped, ms(5000 + 29*33), due + ms(33)},
	}
	for _, c := range cases {
		if got := c.line.at(c.in); abs(got-c.want) > ms(1) {
			t.Errorf("%s: at %.3f s, want %.3f", c.name, got.Seconds(), c.want.Seconds())
		}
	}
}

// sink keeps timed metadata.
type sink struct {
	mu   sync.Mutex
	told []string
}

func (s *sink) take(channel, stream string, m Metadata) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, fmt.Sprintf("%s %t %s %.1f %s %s", channel, stream != "", m.Name, m.PTS.Seconds(), m.Time.UTC().Format("05.0"), m.Data))
}

func say(t *testing.T, s ingest.Session, m ingest.Message) {
	t.Helper()
	if err := s.Message(m); err != nil {
		t.Fatal("message:", err)
	}
}

func TestMetadataHasTheStreamsTime(t *testing.T) {
	var told sink
	h := newTestHub(t, basic)
	h.options.Metadata = told.take
	s := h.publish(t, basic.Key)
	metadata := func(at media.Ticks, text string) {
		say(t, s, ingest.Message{Name: "onTextData", PTS: at, Data: []byte(text)})
	}
	s.Announce(ingest.Metadata{Encoder: "Studio 1.0"})
	metadata(-media.Clock, `["before the first picture"]`)
	packets := first(40, realVideo(t))
	write(t, s, packets[:30]...)
	metadata(media.Clock, `["a second later"]`)
	write(t, s, packets[30:]...)
	want := []string{
		`a true onTextData 1.0 01.0 ["before the first picture"]`,
		`a true onTextData 2.0 02.0 ["a second later"]`,
	}
	until(t, "all metadata", func() bool {
		told.mu.Lock()
		defer told.mu.Unlock()
		return len(told.told) == len(want)
	})
	if !slices.Equal(told.told, want) {
		t.Errorf("told %q, want %q", told.told, want)
	}
	if st := h.Status()[0]; st.Encoder != "Studio 1.0" || st.InBand.Metadata != 2 {
		t.Errorf("status %+v", st)
	}
}

// The transcoder here echoes the source's pictures: what the worker is given.
func TestCaptionsReachPassthroughAndTheTranscoder(t *testing.T) {
	for _, c := range []Channel{basic, {ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true}} {
		t.Run(string(c.Type), func(t *testing.T) {
			h := newTestHub(t, c)
			s := h.publish(t, basic.Key)
			packets := first(90, realVideo(t))
			for n, p := range packets {
				if n == 0 {
					say(t, s, ingest.Message{PTS: -media.Clock, Captions: entry(99)}) // nothing to go with
				}
				say(t, s, ingest.Message{PTS: p.PTS, Captions: entry(n)})
				write(t, s, p)
			}
			until(t, "all captions", func() bool { st := h.Status(); return st[0].InBand.Captions == 90 })
			live, err := h.Channel("a")
			if err != nil {
				t.Fatal(err)
			}
			s.Close(nil)
			var segment []byte
			until(t, "the segment", func() bool {
				r, err := rendition(t, live).Media(context.Background(), "0.m4s")
				segment = slices.Concat(r.Chunks...)
				return err == nil
			})
			for n := range 60 {
				if !bytes.Contains(segment, entry(n)) {
					t.Errorf("the segment lacks the captions of picture %d", n)
				}
			}
		})
	}
}

// What waits for a picture of the old publisher's goes with it; the new one's go with its
// own pictures, also what it said before it was known.
func TestCaptionsOfTheNextPublisherGoWithItsPictures(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		first := r.join(t, "")
		first.send(t, shot.shoot(3)...)
		say(t, first, ingest.Message{PTS: ms(shot.from + 3000), Captions: entry(1)})
		shot.from += 1000_000
		next := r.join(t, "priority=1")
		for n, p := range shot.shoot(3) {
			if p.Kind == media.Video {
				say(t, next, ingest.Message{PTS: p.PTS, Captions: entry(2)})
			}
			next.send(t, p)
			if n == 0 {
				say(t, next, ingest.Message{PTS: p.PTS - media.Clock, Captions: entry(1)})
			}
		}
		if st := r.status(); st.Takeovers != 1 || st.InBand.Captions != 90 {
			t.Errorf("%d takeovers, %d captions", st.Takeovers, st.InBand.Captions)
		}
	})
}

func TestOperatorsMetadataComesAtTheNewestPicture(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		var told sink
		r.options.Metadata = told.take
		try := func(what, text string, want error) {
			t.Helper()
			if err := r.Metadata(basic.ID, Metadata{Name: "text", Data: []byte(text), PTS: 7}); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
			synctest.Wait()
		}
		try("nobody publishes", "0", ErrNotLive)
		if err := r.Metadata("nobody", Metadata{}); !errors.Is(err, ErrNotLive) {
			t.Errorf("no channel: %v", err)
		}
		p := r.join(t, "")
		shot := footageOf(t)
		all := shot.shoot(4)
		p.send(t, all[:5]...)
		try("before viewers can play it", "1", ErrNotLive)
		p.send(t, all[5:]...)
		try("live", "2", nil)
		say(t, p, ingest.Message{Name: "onTextData", PTS: all[len(all)-1].PTS, Data: []byte("3")})
		synctest.Wait()
		p.Close(errors.New("cable"))
		try("waiting for its publisher", "4", nil)
		for _, text := range []string{"5", "6"} { // the stream may end before it gets to them
			if err := r.Metadata(basic.ID, Metadata{Name: "text", Data: []byte(text)}); err != nil {
				t.Error(err)
			}
		}
		if err := r.Stop(t.Context(), basic.ID); err != nil {
			t.Error(err)
		}
		try("stopped", "7", ErrNotLive)
		var want []string
		for _, said := range []string{"text 2", "onTextData 3", "text 4", "text 5", "text 6"} {
			name, text, _ := strings.Cut(said, " ")
			want = append(want, fmt.Sprintf("a true %s 5.0 04.9 %s", name, text))
		}
		if !slices.Equal(told.told, want) {
			t.Errorf("told %q, want %q", told.told, want)
		}
	})
}

func TestTooMuchMetadataIsRefused(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		held, taken := make(chan struct{}), 0
		r.options.Metadata = func(string, string, Metadata) {
			<-held
			taken++
		}
		r.join(t, "").send(t, footageOf(t).shoot(3)...)
		for n := range sayings + 1 {
			if err := r.Metadata(basic.ID, Metadata{}); err != nil {
				t.Fatalf("message %d: %v", n, err)
			}
			synctest.Wait()
		}
		if err := r.Metadata(basic.ID, Metadata{}); !errors.Is(err, ErrBusy) {
			t.Errorf("one too many: %v", err)
		}
		close(held)
		synctest.Wait()
		if err := r.Metadata(basic.ID, Metadata{}); err != nil {
			t.Errorf("once there is room: %v", err)
		}
		synctest.Wait()
		if taken != sayings+2 {
			t.Errorf("%d were taken", taken)
		}
	})
}
