package stream

import (
	"slices"
	"time"

	"ladderd/ladder"
	"ladderd/media"
)

// feed is what a synthetic publisher sends: packets in the order of their arrival.
type feed []media.Packet

// dawn is when synthetic publishers begin.
var dawn = time.Unix(1_000_000, 0)

// camera sends so many seconds of video with an IDR every two seconds that has five times
// the bits of another frame, and arrives as it is shot.
func camera(seconds, fps, bitrate int) feed {
	var f feed
	plain := bitrate / 8 / (fps + 2)
	for n := range seconds * fps {
		at := media.Ticks(n) * media.Clock / media.Ticks(fps)
		p := media.Packet{Kind: media.Video, PTS: at, DTS: at, Key: n%(2*fps) == 0, Arrived: dawn.Add(at.Duration())}
		size := plain
		if p.Key {
			size = 5 * plain
		}
		p.Data = make([]byte, size)
		f = append(f, p)
	}
	return f
}

// microphone sends 160 kb/s.
func microphone(seconds int) feed {
	var f feed
	for n := range seconds * 50 {
		at := media.Ticks(n) * media.Clock / 50
		f = append(f, media.Packet{Kind: media.Audio, PTS: at, DTS: at, Data: make([]byte, 400), Arrived: dawn.Add(at.Duration())})
	}
	return f
}

// each changes the packets whose media time is from from to to, in seconds; nil
// leaves one out.
func (f feed) each(from, to float64, change func(n int, p *media.Packet) *media.Packet) feed {
	var out feed
	n := 0
	for _, p := range f {
		if at := p.DTS.Seconds(); at < from || at >= to {
			out = append(out, p)
			continue
		}
		if changed := change(n, &p); changed != nil {
			out = append(out, *changed)
		}
		n++
	}
	return out.sorted()
}

func (f feed) sorted() feed {
	slices.SortStableFunc(f, func(a, b media.Packet) int { return a.Arrived.Compare(b.Arrived) })
	return f
}

func (f feed) and(other feed) feed { return append(slices.Clone(f), other...).sorted() }

// lost leaves the packets out.
func (f feed) lost(from, to float64) feed {
	return f.each(from, to, func(int, *media.Packet) *media.Packet { return nil })
}

// late has the network hold back what was sent from from to to; then it comes within
// a fifth of the time.
func (f feed) late(from, to float64) feed {
	return f.each(from, to+(to-from)/4, func(_ int, p *media.Packet) *media.Packet {
		p.Arrived = moment(to + (p.DTS.Seconds()-from)/5)
		return p
	})
}

// slow has the network carry only a share of what is sent, from from on.
func (f feed) slow(from, share float64) feed {
	return f.each(from, 1e9, func(_ int, p *media.Packet) *media.Packet {
		p.Arrived = moment(from + (p.DTS.Seconds()-from)/share)
		return p
	})
}

// keep leaves out all frames but one in so many.
func (f feed) keep(from, to float64, one, in int) feed {
	return f.each(from, to, func(n int, p *media.Packet) *media.Packet {
		if n%in < one {
			return p
		}
		return nil
	})
}

// scaled gives the packets a share of their bits.
func (f feed) scaled(from, to, share float64) feed {
	return f.each(from, to, func(_ int, p *media.Packet) *media.Packet {
		p.Data = make([]byte, int(share*float64(len(p.Data))))
		return p
	})
}

func moment(seconds float64) time.Time {
	return dawn.Add(time.Duration(seconds * float64(time.Second)))
}

// watched is what an intake told of a publisher.
type watched struct {
	turns []turn
	stats []Statistics // of each second
	err   error
	errAt float64 // seconds
}

// turn is when starvation began or ended.
type turn struct {
	starving bool
	at       int // after so many seconds
}

// watch has an intake see a feed for so many seconds.
func watch(in *intake, f feed, seconds int) (w watched) {
	for s := 1; s <= seconds; s++ {
		now := moment(float64(s))
		for len(f) > 0 && f[0].Arrived.Before(now) {
			if err := in.take(input{packet: f[0]}, now); err != nil && w.err == nil {
				w.err, w.errAt = err, f[0].Arrived.Sub(dawn).Seconds()
			}
			f = f[1:]
		}
		if in.second(now) {
			w.turns = append(w.turns, turn{in.starvation.starving, s})
		}
		w.stats = append(w.stats, in.last)
	}
	return w
}

func standard() *intake {
	in := newIntake(ladder.Standard, dawn)
	in.sized(ladder.MaxBitrate(ladder.Standard, ladder.Input{Width: 1280, Height: 720}))
	return in
}
