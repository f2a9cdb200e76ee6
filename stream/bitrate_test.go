package stream

import (
	"errors"
	"strings"
	"testing"

	"ladderd/event"
	"ladderd/ladder"
	"ladderd/media"
)

func TestBitrateLimit(t *testing.T) {
	const long = 60
	hd, sd := ladder.Input{Width: 1280, Height: 720}, ladder.Input{Width: 852, Height: 480}
	limit := camera(long, 30, 8_500_000)
	high := camera(long, 30, 8_000_000)
	cases := []struct {
		name     string
		kind     ladder.Type
		size     ladder.Input
		sent     feed
		from, to float64 // when it is cut off, in seconds; 0 for never
	}{
		{"exactly the limit, and audio", ladder.Standard, hd, limit.and(microphone(long)), 0, 0},
		{"a rate control that overshoots by 3 %", ladder.Standard, hd, limit.scaled(0, long, 1.03).and(microphone(long)), 0, 0},
		{"half above the limit", ladder.Standard, hd, limit.scaled(0, long, 1.5), 7, 12},
		{"12 Mb/s", ladder.Standard, hd, camera(long, 30, 12_000_000), 8, 14},
		{"a fifth above the limit", ladder.Standard, hd, limit.scaled(0, long, 1.2), 25, 60},
		{"raised in mid-stream", ladder.Standard, hd, limit.scaled(0, 30, 0.3).scaled(30, long, 1.5), 37, 42},
		{"twice the limit for 2 s, every 20 s", ladder.Standard, hd, limit.each(0, long, func(n int, p *media.Packet) *media.Packet {
			share := 0.9
			if n%600 < 60 {
				share = 2
			}
			p.Data = make([]byte, int(share*float64(len(p.Data))))
			return p
		}), 0, 0},
		{"7 s at half above the limit after 7 s far below it, again and again", ladder.Standard, hd, limit.each(0, long, func(n int, p *media.Packet) *media.Packet {
			share := 0.2
			if n/210%2 == 1 {
				share = 1.5
			}
			p.Data = make([]byte, int(share*float64(len(p.Data))))
			return p
		}), 0, 0},
		{"keyframes of a second's bits", ladder.Standard, hd, limit.each(0, long, func(n int, p *media.Packet) *media.Packet {
			p.Data = make([]byte, 10_000)
			if p.Key {
				p.Data = make([]byte, 1_000_000)
			}
			return p
		}), 0, 0},
		{"20 s late, all at once", ladder.Standard, hd, high.late(20, 40), 0, 0},
		{"late again and again", ladder.Standard, hd, high.late(10, 14).late(20, 24).late(30, 34).late(40, 44), 0, 0},
		{"timestamps at twice the speed", ladder.Standard, hd, camera(2*long, 30, 8_500_000).slow(0, 2), 4, 30},
		{"timestamps that stand still", ladder.Standard, hd, still(high), 0, 0},
		{"timestamps that stand still, 12 Mb/s", ladder.Standard, hd, still(camera(long, 30, 12_000_000)), 8, 14},
		{"timestamps that jump about", ladder.Standard, hd, jumping(high), 0, 0},
		{"timestamps that jump about, 12 Mb/s", ladder.Standard, hd, jumping(camera(long, 30, 12_000_000)), 8, 20},
		{"1.5 Mb/s of 480p", ladder.Basic, sd, camera(long, 30, 1_500_000).and(microphone(long)), 0, 0},
		{"2.5 Mb/s of 480p", ladder.Basic, sd, camera(long, 30, 2_500_000), 20, 30},
		{"2.5 Mb/s of 720p", ladder.Basic, hd, camera(long, 30, 2_500_000), 0, 0},
		{"5 Mb/s of 720p", ladder.Basic, hd, camera(long, 30, 5_000_000), 20, 36},
		{"a test of the network for 10 s", ladder.Basic, sd, camera(10, 30, 8_500_000), 0, 0},
		{"that test, then a stream", ladder.Basic, hd, camera(long, 30, 8_500_000).scaled(15, long, 0.3), 0, 0},
		{"far too much", ladder.Basic, sd, camera(long, 30, 50_000_000), 0.5, 2},
		{"without keyframes, so of unknown size", ladder.Basic, ladder.Input{}, camera(long, 30, 12_000_000), 8, 14},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := watch(intakeOf(c.kind, c.size), c.sent, 3*long)
			if c.to == 0 && got.err != nil {
				t.Errorf("cut off after %.1f s: %v", got.errAt, got.err)
			}
			if c.to > 0 && (got.err == nil || got.errAt < c.from || got.errAt > c.to) {
				t.Errorf("cut off after %.1f s (%v), want %.0f to %.0f", got.errAt, got.err, c.from, c.to)
			}
		})
	}
}

// intakeOf is that of pictures of a size; a size of 0 is not known.
func intakeOf(kind ladder.Type, size ladder.Input) *intake {
	in := newIntake(kind, dawn)
	if size.Width > 0 {
		in.sized(ladder.MaxBitrate(kind, size))
	}
	return in
}

// still has the source's clock stand.
func still(f feed) feed {
	return f.each(0, 1e9, func(_ int, p *media.Packet) *media.Packet { p.DTS = 0; return p })
}

// jumping has it run three times as fast, and start again every 7 s.
func jumping(f feed) feed {
	return f.each(0, 1e9, func(_ int, p *media.Packet) *media.Packet { p.DTS = 3 * (p.DTS % (7 * media.Clock)); return p })
}

func TestBitrateBreachHasItsFigures(t *testing.T) {
	got := watch(standard(), camera(60, 30, 12_000_000), 60)
	var e *bitrateError
	if !errors.As(got.err, &e) {
		t.Fatal("not cut off:", got.err)
	}
	told, _ := breachOf(got.err, event.Stream{}, dawn)
	breach, _ := told.Breach()
	if told.Name() != event.NameIngestBitrate || breach.Limit != 8_500_000 || breach.Unit != "bits per second" {
		t.Errorf("event %q with %+v", told.Name(), breach)
	}
	if by := breach.By; by < 3_000_000 || by > 4_500_000 {
		t.Errorf("exceeded by %d at 12 Mb/s", by)
	}
	for _, word := range []string{"12.", "8.5 Mb/s", "STANDARD", "lower the encoder's bit rate"} {
		if !strings.Contains(e.Error(), word) {
			t.Errorf("%q does not say %q", e, word)
		}
	}
}

func TestBreachOfASize(t *testing.T) {
	for _, c := range []struct {
		width, height int
		want          event.Breach
	}{
		{2560, 1440, event.Breach{Excess: event.Excess{Limit: 1920, By: 640}, Unit: "pixels per edge"}},
		{1920, 1200, event.Breach{Excess: event.Excess{Limit: 2_100_000, By: 204_000}, Unit: "total pixels"}},
	} {
		told, breached := breachOf(ladder.Check(ladder.Standard, ladder.Input{Width: c.width, Height: c.height}), event.Stream{}, dawn)
		if !breached {
			t.Fatalf("%d×%d is no breach", c.width, c.height)
		}
		if got, _ := told.Breach(); told.Name() != event.NameIngestResolution || got != c.want {
			t.Errorf("%d×%d: %q with %+v", c.width, c.height, told.Name(), got)
		}
	}
	if told, breached := breachOf(errNoVideo, event.Stream{}, dawn); breached {
		t.Errorf("no limit at all: %+v", told)
	}
}
