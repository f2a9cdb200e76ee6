package stream

import (
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/media"
)

// heard collects a hub's events.
type heard struct {
	mu     sync.Mutex
	events []Event
}

func (h *heard) take(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *heard) of(name string) (found []Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Name() == name {
			found = append(found, e)
		}
	}
	return found
}

func TestLimitsEndTheStreamWithAnEvent(t *testing.T) {
	grown := func(p media.Packet) media.Packet {
		p.Video = &media.VideoParams{SPS: otherSize.SPS, PPS: otherSize.PPS, Width: 1920, Height: 1200}
		return p
	}
	cases := []struct {
		name    string
		packets func(*media.VideoParams) []media.Packet
		event   string
		want    event.Breach // By 0 is any
		told    string
	}{
		{"too large from the beginning", func(v *media.VideoParams) []media.Packet {
			v.Width, v.Height = 2560, 1440
			return first(20, v)
		}, event.NameIngestResolution, event.Breach{Excess: event.Excess{Limit: 1920, By: 640}, Unit: "pixels per edge"}, "2560×1440 exceeds the limit"},
		{"too large in mid-stream", func(v *media.VideoParams) []media.Packet {
			return append(first(60, v), grown(frame(60, nil)))
		}, event.NameIngestResolution, event.Breach{Excess: event.Excess{Limit: 2_100_000, By: 204_000}, Unit: "total pixels"}, "1920×1200 exceeds the limit"},
		{"too many bits", func(v *media.VideoParams) []media.Packet {
			heavy := first(90, v)
			for i := range heavy {
				heavy[i].Data = media.AppendNAL(heavy[i].Data, make([]byte, 200_000))
			}
			return heavy
		}, event.NameIngestBitrate, event.Breach{Excess: event.Excess{Limit: 3_500_000}, Unit: "bits per second"}, "exceeds the limit of 3.5 Mb/s"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var events heard
			h := newTestHub(t, basic)
			h.options.Events = events.take
			s := h.publish(t, basic.Key)
			for _, p := range c.packets(realVideo(t)) {
				if s.Write(p) != nil {
					break
				}
			}
			until(t, "the publisher is told", func() bool { return h.toldOf(c.told) })
			s.Close(nil)
			until(t, "the channel is free", func() bool { return len(h.Status()) == 0 })
			h.Close()
			got := events.of(c.event)
			if len(got) != 1 || got[0].Channel().ID != basic.ID || got[0].Stream() == "" || got[0].Time().IsZero() {
				t.Fatalf("events %+v", got)
			}
			breach, _ := got[0].Breach()
			if breach.By <= 0 || c.want.By > 0 && breach.By != c.want.By {
				t.Errorf("exceeded by %d, want %d", breach.By, c.want.By)
			}
			if breach.Limit != c.want.Limit || breach.Unit != c.want.Unit {
				t.Errorf("breach %+v, want %+v", breach, c.want)
			}
		})
	}
}

func TestAudioThatIsNotTakenIsRefusedInWords(t *testing.T) {
	for _, c := range []struct {
		rate, channels int
		want           string
	}{
		{22050, 2, "22050 Hz: set the encoder to 44100 or 48000"},
		{96000, 2, "96000 Hz"},
		{48000, 6, "6 channels: set the encoder to stereo or mono"},
	} {
		params, err := media.NewAACLC(c.rate, c.channels)
		if err != nil {
			t.Fatal(err)
		}
		sound := media.Packet{Kind: media.Audio, Data: []byte{1, 2, 3}, Audio: params}
		for _, before := range []int{0, 60} { // frames: before the stream has begun, and after
			h := newTestHub(t, basic)
			s := h.publish(t, basic.Key)
			s.Announce(ingest.Metadata{HasAudio: true, SampleRate: c.rate, Channels: c.channels})
			write(t, s, first(before, realVideo(t))...)
			_ = s.Write(sound)
			until(t, "the publisher is told", func() bool { return h.toldOf(c.want) })
			s.Close(nil)
		}
	}
}

// A publisher that goes silent and comes back has not ended its stream.
func TestStarvationIsToldAndEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events heard
		h := newTestHub(t, basic)
		h.options.Events = events.take
		s := h.publish(t, basic.Key)
		s.Announce(ingest.Metadata{VideoBitrate: 1_000_000})
		v, sent := realVideo(t), 0
		send := func(seconds int) {
			for range 30 * seconds {
				p := frame(sent, v)
				p.Arrived = time.Now()
				write(t, s, p)
				sent++
				<-time.After(time.Second / 30) // of the bubble's clock
			}
		}
		health := func() string { synctest.Wait(); return h.Status()[0].IngestHealth }
		send(8)
		if got := h.Status()[0].Ingest; health() != Healthy || got.FrameRate < 28 || got.FrameRate > 32 || got.KeyframeInterval != 2 || got.Bitrate == 0 {
			t.Errorf("a good source is %s with %+v", health(), got)
		}
		<-time.After(6 * time.Second)
		if got := h.Status()[0].Ingest; health() != Starving || got.Bitrate != 0 || got.FrameRate != 0 {
			t.Errorf("a silent one is %s with %+v", health(), got)
		}
		send(6)
		if health() != Healthy {
			t.Error("it starves still")
		}
		starts, ends := events.of(event.NameStarvationStart), events.of(event.NameStarvationEnd)
		if len(starts) != 1 || len(ends) != 1 || !starts[0].Time().Before(ends[0].Time()) || starts[0].Stream() != h.Status()[0].ID {
			t.Errorf("events %+v and %+v", starts, ends)
		}
		s.Close(nil)
		h.Close()
		for _, err := range h.told {
			if strings.Contains(err.Error(), "starv") {
				t.Error("the publisher was cut off:", err)
			}
		}
	})
}

// live shoots for some seconds of the bubble's clock.
func (p *peer) live(t *testing.T, packets []media.Packet) {
	t.Helper()
	began, from := time.Now(), packets[0].DTS
	for _, packet := range packets {
		<-time.After(time.Until(began.Add((packet.DTS - from).Duration())))
		packet.Arrived = time.Now()
		p.send(t, packet)
	}
}

func TestStreamWithoutAPublisherStarvesUntilTheNext(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		first := r.join(t, "")
		first.live(t, footageOf(t).shoot(10))
		first.Close(io.ErrUnexpectedEOF)
		<-time.After(5 * time.Second)
		lasting := func(f Finding) bool { return f.Code == Starvation && f.Over.IsZero() }
		if s := r.status(); s.IngestHealth != Unknown || !slices.ContainsFunc(s.Health, lasting) || s.Ingest.Bitrate != 0 {
			t.Errorf("without a publisher it is %s for %v with %+v", s.IngestHealth, s.Health, s.Ingest)
		}
		next := r.join(t, "")
		other := footageOf(t)
		other.from = 900_000
		next.live(t, other.shoot(6))
		if s := r.status(); s.IngestHealth != Healthy || slices.ContainsFunc(s.Health, lasting) {
			t.Error("it starves still")
		}
		if starts, ends := r.count(event.NameStarvationStart, ""), r.count(event.NameStarvationEnd, ""); starts != 1 || ends != 1 {
			t.Errorf("events: %s", r.names())
		}
		next.Close(nil)
	})
}

// An encoder that takes over is not held to what the one before it sent.
func TestTakeoverByASlowerEncoderIsNoStarvation(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		fast := footageOf(t)
		fast.fps, fast.from = 60, 0
		old := r.join(t, "")
		old.live(t, fast.shoot(20))
		slow := footageOf(t)
		slow.fps = 15
		next := r.join(t, "priority=7")
		next.live(t, slow.shoot(20))
		if r.count(event.NameStreamTakeover, "") != 1 || r.count(event.NameStarvationStart, "") != 0 {
			t.Errorf("events: %s", r.names())
		}
		next.Close(nil)
		old.Close(io.ErrUnexpectedEOF)
	})
}
