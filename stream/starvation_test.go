package stream

import (
	"fmt"
	"testing"

	"ladderd/ingest"
	"ladderd/media"
)

// Synthetic publishers and what is told of them: at which second, at the earliest
// and the latest.
func TestStarvation(t *testing.T) {
	const long = 150
	type when struct {
		starving bool
		from, to int
	}
	start := func(from, to int) when { return when{true, from, to} }
	end := func(from, to int) when { return when{false, from, to} }
	hd := camera(long, 30, 4_000_000).and(microphone(long))
	pictures := camera(long, 30, 4_000_000)
	cases := []struct {
		name string
		sent feed
		told ingest.Metadata
		want []when
	}{
		{"a good network", hd, ingest.Metadata{VideoBitrate: 4_000_000}, nil},
		{"silence for 6 s, and what it held comes after it", hd.late(20, 26), ingest.Metadata{}, []when{start(22, 23), end(27, 29)}},
		{"silence for 6 s, its media are lost", hd.lost(20, 26), ingest.Metadata{}, []when{start(22, 23), end(28, 29)}},
		{"silence to the end", hd.lost(20, long), ingest.Metadata{}, []when{start(22, 23)}},
		{"silence before anything is known", hd.lost(2, 8), ingest.Metadata{}, []when{start(4, 5), end(10, 11)}},
		{"a gap of 1.5 s, lost", hd.lost(20.3, 21.8), ingest.Metadata{}, nil},
		{"a gap of 1.9 s, late", hd.late(20.7, 22.6), ingest.Metadata{}, nil},
		{"a trickle of 20 %", hd.slow(20, 0.2), ingest.Metadata{}, []when{start(22, 24)}},
		{"a trickle of 20 % from the beginning", hd.slow(0, 0.2), ingest.Metadata{}, []when{start(3, 5)}},
		{"a network with 90 % of what is needed", hd.slow(20, 0.9), ingest.Metadata{}, nil},
		{"an encoder that drops 70 % of its frames for 15 s", pictures.keep(20, 35, 3, 10).and(microphone(long)), ingest.Metadata{},
			[]when{start(23, 25), end(36, 38)}},
		{"an encoder that drops 70 % of its frames for good", pictures.keep(20, long, 3, 10).and(microphone(long)), ingest.Metadata{},
			[]when{start(23, 25), end(83, 85)}},
		{"an encoder that drops two frames in ten", pictures.keep(20, long, 8, 10), ingest.Metadata{}, nil},
		{"still slides", pictures.scaled(20, long, 0.02).and(microphone(long)), ingest.Metadata{VideoBitrate: 4_000_000}, nil},
		{"bits that vary", pictures.each(0, long, func(n int, p *media.Packet) *media.Packet {
			p.Data = make([]byte, len(p.Data)*[]int{1, 8, 3, 20}[n/90%4]/10)
			return p
		}), ingest.Metadata{VideoBitrate: 4_000_000}, nil},
		{"a lower bit rate for good", hd.scaled(20, long, 0.3), ingest.Metadata{VideoBitrate: 4_000_000}, nil},
		{"twice what was announced, then two frames in five", pictures.scaled(0, long, 2).keep(20, 35, 2, 5), ingest.Metadata{VideoBitrate: 4_000_000}, nil},
		{"the same, with nothing announced", pictures.scaled(0, long, 2).keep(20, 35, 2, 5), ingest.Metadata{},
			[]when{start(23, 25), end(36, 38)}},
		{"a screen at 1 to 5 frames a second, announced as 30", pictures.each(0, long, func(n int, p *media.Packet) *media.Packet {
			if n%[]int{6, 30, 10, 15}[n/240%4] == 0 {
				return p
			}
			return nil
		}), ingest.Metadata{VideoBitrate: 4_000_000, FrameRate: 30}, nil},
		{"a screen that shows a film, then stands nearly still", pictures.keep(40, long, 1, 30).scaled(40, long, 0.1), ingest.Metadata{FrameRate: 30},
			[]when{start(42, 45), end(102, 105)}},
		{"a screen with a frame every four seconds", pictures.keep(0, long, 1, 120), ingest.Metadata{FrameRate: 30},
			[]when{start(3, 6), end(60, 68)}},
		{"video that stops while audio goes on", pictures.lost(20, 40).and(microphone(long)), ingest.Metadata{}, []when{start(22, 24), end(42, 43)}},
		{"audio that stops while video goes on", pictures.and(microphone(20)), ingest.Metadata{}, nil},
		{"audio alone, from the beginning", microphone(long), ingest.Metadata{}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := standard()
			if err := in.take(input{meta: &c.told}, dawn); err != nil {
				t.Fatal(err)
			}
			got := watch(in, c.sent, long).turns
			right := len(got) == len(c.want)
			for i := 0; right && i < len(got); i++ {
				right = got[i].starving == c.want[i].starving && got[i].at >= c.want[i].from && got[i].at <= c.want[i].to
			}
			if !right {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// What comes while the process is not let run is there afterwards.
func TestPauseOfTheProcessIsNoStarvation(t *testing.T) {
	in, f := standard(), camera(60, 30, 4_000_000)
	take := func(until float64) {
		for len(f) > 0 && f[0].Arrived.Before(moment(until)) {
			if err := in.take(input{packet: f[0]}, dawn); err != nil {
				t.Fatal(err)
			}
			f = f[1:]
		}
	}
	for s := 1; s < 60; s++ {
		switch {
		case s > 20 && s < 26:
			continue
		case s != 26: // there the tick comes before what has waited
			take(float64(s))
		}
		if in.second(moment(float64(s))) {
			t.Errorf("it starves: %t, after %d s", in.starvation.starving, s)
		}
	}
}

func TestHealthIsOfNow(t *testing.T) {
	f := camera(60, 30, 2_000_000)
	for _, c := range []struct {
		seconds int
		want    string
	}{{20, Healthy}, {24, Starving}, {30, Healthy}} {
		in := standard()
		watch(in, f.late(20, 26), c.seconds)
		if got := in.health(); got != c.want {
			t.Errorf("after %d s: %s, want %s", c.seconds, got, c.want)
		}
	}
}

// Another encoder is not held to what the one before it sent.
func TestStarvationForgetsThePublisherBefore(t *testing.T) {
	for _, renewed := range []bool{false, true} {
		t.Run(fmt.Sprint(renewed), func(t *testing.T) {
			in := standard()
			watch(in, camera(30, 60, 6_000_000), 30)
			if renewed {
				in.renewed(&opening{meta: ingest.Metadata{VideoBitrate: 1_000_000}})
			}
			var next feed
			for _, p := range camera(30, 25, 1_000_000) {
				p.Arrived = p.Arrived.Add(30 * 1e9)
				next = append(next, p)
			}
			starved := false
			for s := 31; s <= 50; s++ {
				now := moment(float64(s))
				for len(next) > 0 && next[0].Arrived.Before(now) {
					if err := in.take(input{packet: next[0]}, now); err != nil {
						t.Fatal(err)
					}
					next = next[1:]
				}
				starved = in.second(now) || starved
			}
			if starved == renewed {
				t.Errorf("starved: %v", starved)
			}
		})
	}
}
