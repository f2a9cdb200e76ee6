package packager

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/testassets/golden"
)

// scenario is a stream whose playlists are in testdata/<name>.txt.
type scenario struct {
	name       string
	renditions []ladder.Rendition
	tracks     func(*props) [][]delivery
	ended      bool
	container  Container
	latency    Latency
}

// props are what scenarios are made of.
type props struct {
	v720, v480 *media.VideoParams
	aac        *media.AudioParams
}

// high is the source, as RTMP delivers it, from origin to to.
func (p *props) high(rate media.Rate, gop int, to float64) shot {
	return shot{params: p.v720, rate: rate, gop: gop, millis: true, from: origin, to: secs(to)}
}

// low is what a worker makes of it at 30 fps with 2 s GOPs.
func (p *props) low(from, to float64) shot {
	return shot{params: p.v480, rate: fps(30), gop: 60, from: secs(from), to: secs(to)}
}

// sound goes to all of n renditions.
func (p *props) sound(n int, to float64) [][]delivery {
	var out [][]delivery
	for i := range n {
		out = append(out, send(i, 0, tone(p.aac, origin-1000, secs(to), true)))
	}
	return out
}

// sourceAt is a source alone at a rate, with 2 s GOPs.
func sourceAt(name string, rate media.Rate, gop int) scenario {
	return scenario{name: name, renditions: []ladder.Rendition{rung("720p", rate, 0)}, tracks: func(p *props) [][]delivery {
		return append(p.sound(1, 6.3), send(0, 0, p.high(rate, gop, 6.2).packets()))
	}}
}

// ladderOf is a source, what a worker makes of it, and audio_only.
func ladderOf(to float64) func(*props) [][]delivery {
	return func(p *props) [][]delivery {
		return append(p.sound(3, to), send(0, 0, p.high(fps(30), 60, to).packets()), send(1, secs(0.4), p.low(1, to).packets()))
	}
}

// deadWorker leaves out more than a segment of the second rendition.
func deadWorker(p *props) [][]delivery {
	return append(p.sound(2, 9.5), send(0, 0, p.high(fps(30), 60, 9.5).packets()),
		send(1, secs(0.3), p.low(1, 3.7).packets(), p.low(7, 9.5).packets()))
}

// otherEncoder has other parameters from a segment's beginning on.
func otherEncoder(p *props) [][]delivery {
	second := shot{params: p.v720, rate: fps(30), gop: 60, from: secs(5), to: secs(8)}
	return append(p.sound(2, 8), send(0, 0, p.high(fps(30), 60, 8).packets()),
		send(1, secs(0.2), p.low(1, 5).packets(), second.packets()))
}

var (
	withSound  = append(both[:2:2], onlyAudio(true))
	sourceOnly = []ladder.Rendition{rung("720p30", fps(30), 0)}
	both       = []ladder.Rendition{rung("720p30", fps(30), 0), rung("480p30", fps(30), 1_500_000)}
)

var scenarios = []scenario{
	sourceAt("23.976", media.Rate{Num: 24000, Den: 1001}, 48),
	sourceAt("24", fps(24), 48),
	sourceAt("25", fps(25), 50),
	sourceAt("29.97", media.Rate{Num: 30000, Den: 1001}, 60),
	sourceAt("50", fps(50), 100),
	sourceAt("60", fps(60), 120),
	sourceAt("short-gops", fps(30), 15),
	{name: "start", renditions: sourceOnly, tracks: func(p *props) [][]delivery {
		return append(p.sound(1, 1.5), send(0, 0, p.high(fps(30), 60, 1.5).packets()))
	}},
	{
		name: "steady", renditions: []ladder.Rendition{rung("720p60", fps(60), 0), rung("480p30", fps(30), 1_500_000), onlyAudio(true)},
		tracks: func(p *props) [][]delivery {
			return append(p.sound(3, 75), send(0, 0, p.high(fps(60), 120, 75).packets()), send(1, secs(0.4), p.low(1, 75).packets()))
		},
	},
	{name: "b-frames", renditions: sourceOnly, tracks: func(p *props) [][]delivery {
		source := p.high(fps(30), 60, 5.2)
		source.reorder = 2
		return append(p.sound(1, 5.3), send(0, 0, source.packets()))
	}},
	{name: "long-gop", renditions: sourceOnly, tracks: func(p *props) [][]delivery {
		return append(p.sound(1, 10), send(0, 0, p.high(fps(30), 240, 10).packets()))
	}},
	{name: "endless-gop", renditions: sourceOnly, tracks: func(p *props) [][]delivery {
		return append(p.sound(1, 13), send(0, 0, p.high(fps(30), 330, 13).packets()))
	}},
	{name: "vfr", renditions: []ladder.Rendition{rung("720p", media.Rate{}, 0)}, tracks: func(p *props) [][]delivery {
		var irregular []media.Packet
		for i, p := range p.high(fps(30), 60, 6.2).packets() {
			if i%7 != 3 && i%11 < 8 || p.Key {
				irregular = append(irregular, p)
			}
		}
		return append(p.sound(1, 6.2), send(0, 0, irregular))
	}},
	{name: "silent", renditions: []ladder.Rendition{silent(rung("720p30", fps(30), 0))}, tracks: func(p *props) [][]delivery {
		return [][]delivery{send(0, 0, p.high(fps(30), 60, 3.4).packets())}
	}},
	{name: "end", renditions: []ladder.Rendition{rung("720p30", fps(30), 0), onlyAudio(true)}, ended: true, tracks: func(p *props) [][]delivery {
		return append(p.sound(2, 3.9), send(0, 0, p.high(fps(30), 60, 3.9).packets()))
	}},
	{name: "hole", renditions: both, tracks: deadWorker},
	{
		name: "hole-in-all", renditions: []ladder.Rendition{rung("720p30", fps(30), 3_000_000), rung("480p30", fps(30), 1_500_000)},
		tracks: func(p *props) [][]delivery {
			lost := func(list []media.Packet) []media.Packet { return without(list, secs(3.7), secs(7)) }
			return [][]delivery{
				send(0, 0, lost(p.low(1, 9.5).packets())), send(1, 0, lost(p.low(1, 9.5).packets())),
				send(0, 0, lost(tone(p.aac, origin, secs(9.5), false))), send(1, 0, lost(tone(p.aac, origin, secs(9.5), false))),
			}
		},
	},
	{
		name: "parameter-change", renditions: append(both[:2:2], onlyAudio(false)), tracks: func(p *props) [][]delivery {
			second := shot{params: p.v480, rate: fps(30), gop: 60, millis: true, from: secs(3.4), to: secs(6.2)}
			return append(p.sound(3, 6.2), send(0, 0, p.high(fps(30), 60, 3.4).packets(), second.packets()),
				send(1, secs(0.2), p.low(1, 3.4).packets(), p.low(3.4, 6).packets()))
		},
	},
	{name: "another-encoder", renditions: both, tracks: otherEncoder},
	{name: "another-encoder-ts", renditions: both, tracks: otherEncoder, container: TS},
	{name: "all-ts", renditions: withSound, tracks: ladderOf(9.5), container: TS},
	{name: "all-ts-ended", renditions: withSound, tracks: ladderOf(9.5), ended: true, container: TS},
	{name: "all-normal", renditions: withSound, tracks: ladderOf(9.5), latency: Normal},
	{name: "all-normal-ended", renditions: withSound, tracks: ladderOf(9.5), ended: true, latency: Normal},
	{name: "all-ts-normal", renditions: withSound, tracks: ladderOf(9.5), container: TS, latency: Normal},
	{name: "hole-ts", renditions: both, tracks: deadWorker, container: TS},
	{name: "hole-normal", renditions: both, tracks: deadWorker, latency: Normal},
	{
		name: "gap-normal", renditions: []ladder.Rendition{rung("720p30", fps(30), 3_000_000), onlyAudio(false)}, latency: Normal,
		tracks: func(p *props) [][]delivery {
			lost := without(tone(p.aac, origin, secs(9.5), false), secs(3.7), secs(7))
			return [][]delivery{send(0, 0, p.low(1, 9.5).packets()), send(0, 0, lost), send(1, 0, lost)}
		},
	},
}

// TestPlaylists compares all playlists of a stream with the golden ones, and has
// other parsers read them.
func TestPlaylists(t *testing.T) {
	for _, c := range scenarios {
		t.Run(c.name, func(t *testing.T) {
			o := testOptions()
			o.Container, o.Latency = c.container, c.latency
			s := newStream(t, o, c.renditions...)
			feed(s, c.tracks(&props{videoParams(t, sps720), videoParams(t, sps480), audioParams(t, 48000)})...)
			if c.ended {
				s.End()
			}
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, filepath.Join("testdata", c.name+".txt"), playlists(t, s))
			verifyMultivariant(t, s)
			for _, w := range s.writers {
				verify(t, s, w)
			}
		})
	}
}

// TestDeltaUpdate has parameters that change within what it leaves out.
func TestDeltaUpdate(t *testing.T) {
	s, high, low := twoRungs(t)
	was, became := high, high
	was.to = secs(7)
	became.from, became.to, became.params = secs(7), secs(29.4), low.params
	low.to = secs(29)
	feed(s, send(0, 0, was.packets(), became.packets()), send(1, secs(0.2), low.packets()))
	var b strings.Builder
	for _, skip := range []bool{false, true} {
		d, err := s.writers[0].out.Playlist(context.Background(), Query{MSN: -1, Part: -1, Skip: skip})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "== delta %v\n%s", skip, d.Body)
	}
	golden.Check(t, filepath.Join("testdata", "delta.txt"), b.String())
}

// playlists are all of a stream's, one after the other.
func playlists(t testing.TB, s *Stream) string {
	t.Helper()
	var b strings.Builder
	show := func(name string, d Document, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&b, "== %s\n%s", name, d.Body)
	}
	d, err := s.Multivariant("v/", true)
	show("multivariant", d, err)
	for _, w := range s.writers {
		d, err := w.out.Playlist(context.Background(), Plain)
		show(w.spec.Name, d, err)
	}
	return b.String()
}
