package stream

import (
	"testing"

	"pgregory.net/rapid"

	"ladderd/media"
)

func ms(n int64) media.Ticks { return media.FromMillis(n) }

func TestTimelineBeginsAtStart(t *testing.T) {
	tl := newTimeline(ms(5000))
	p := media.Packet{Kind: media.Video, DTS: ms(4960), PTS: ms(5000), Key: true}
	tl.place(&p)
	if p.PTS != Start || p.DTS != Start-ms(40) {
		t.Errorf("PTS %d, DTS %d; want %d and 40 ms before", p.PTS, p.DTS, Start)
	}
}

func TestTimelineIgnoresImpossibleReordering(t *testing.T) {
	tl := newTimeline(0)
	for _, off := range []int64{-100, 60_000} {
		p := media.Packet{Kind: media.Video, DTS: ms(40), PTS: ms(40 + off)}
		if tl.place(&p); p.PTS != p.DTS {
			t.Errorf("composition time %d ms: PTS %d ticks after DTS", off, p.PTS-p.DTS)
		}
	}
}

// What a source's clock may do, and where its packets must come out, in
// milliseconds after Start.
func TestTimelinePlaces(t *testing.T) {
	v, a := media.Video, media.Audio
	type in struct {
		kind media.Kind
		ms   int64
	}
	cases := []struct {
		name  string
		in    []in
		want  []int64
		jumps int
	}{
		{"steady", []in{{v, 0}, {a, 5}, {v, 40}, {a, 26}}, []int64{0, 5, 40, 26}, 0},
		{"frames left out stay left out", []in{{v, 0}, {v, 40}, {v, 3040}, {a, 3000}}, []int64{0, 40, 3040, 3000}, 0},
		{"clock jumps ahead", []in{{v, 0}, {v, 40}, {v, 3600_000}, {v, 3600_040}}, []int64{0, 40, 80, 120}, 1},
		{"clock jumps back", []in{{v, 0}, {v, 4000}, {v, 8000}, {v, 100}, {v, 140}}, []int64{0, 4000, 8000, 8033, 8073}, 1},
		{"tracks reach a jump at different packets",
			[]in{{v, 0}, {v, 40}, {a, 30}, {v, 100_000}, {a, 51}, {a, 100_012}, {v, 100_040}},
			[]int64{0, 40, 30, 80, 51, 92, 120}, 1},
		{"audio that comes seconds after its video", []in{{v, 0}, {v, 2500}, {a, 0}, {v, 2540}, {a, 21}}, []int64{0, 2500, 0, 2540, 21}, 0},
		{"audio that begins on another clock", []in{{v, 0}, {v, 40}, {a, 50_000}, {v, 80}, {a, 50_021}}, []int64{0, 40, 40, 80, 61}, 1},
		{"frames left out after a jump back, of as much", // the audio goes on
			[]in{{v, 0}, {v, 5000}, {a, 5000}, {v, 0}, {a, 10}, {a, 4200}, {v, 4240}, {v, 4280}},
			[]int64{0, 5000, 5000, 5033, 5043, 9233, 9273, 9313}, 1},
		{"one track's clock starts anew twice", []in{{v, 0}, {a, 0}, {v, 60_000}, {a, 40}, {v, 120_000}, {a, 80}, {v, 120_040}},
			[]int64{0, 0, 33, 40, 67, 80, 107}, 2},
		{"RTMP's milliseconds wrap", []in{{v, 0}, {v, 40}, {v, 80 - 1<<32}, {v, 120 - 1<<32}}, []int64{0, 40, 80, 120}, 1},
		{"audio begins with the video's clock", []in{{v, 0}, {v, 2000}, {a, 1990}}, []int64{0, 2000, 1990}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tl := newTimeline(0)
			for i, in := range c.in {
				p := media.Packet{Kind: in.kind, PTS: ms(in.ms), DTS: ms(in.ms)}
				tl.place(&p)
				if got := p.DTS - Start; abs(got-ms(c.want[i])) > ms(1) {
					t.Errorf("packet %d (%s %d ms): at %.1f ms, want %d", i, in.kind, in.ms, got.Seconds()*1000, c.want[i])
				}
			}
			if tl.jumps != c.jumps {
				t.Errorf("%d jumps, want %d", tl.jumps, c.jumps)
			}
		})
	}
}

// Whatever sources do, and whenever one takes over, DTS rises strictly on each track, PTS is never before
// DTS, and no packet lands farther past all before it than a hole may be.
func TestTimelineIsMonotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tl := newTimeline(0)
		var last [3]media.Ticks
		var shown media.Ticks
		var seen [3]bool
		clock := int64(0)
		for range rapid.IntRange(2, 300).Draw(t, "packets") {
			kind := rapid.SampledFrom([]media.Kind{media.Video, media.Audio}).Draw(t, "kind")
			clock += rapid.OneOf(
				rapid.Int64Range(0, 60),               // VFR, equal stamps
				rapid.Int64Range(-300, 5000),          // drops, late frames
				rapid.Int64Range(-1<<32, 1<<32),       // jumps, wraps
				rapid.Int64Range(-100_000, 1_000_000), //
			).Draw(t, "step")
			p := media.Packet{Kind: kind, DTS: ms(clock), PTS: ms(clock + rapid.Int64Range(0, 500).Draw(t, "reorder"))}
			join := seen[media.Video] && rapid.IntRange(0, 20).Draw(t, "another source") == 0
			if join {
				kind, p.Kind = media.Video, media.Video // its IDR
				tl.join(p.PTS, Start)
			}
			tl.place(&p)
			if join && p.PTS <= shown {
				t.Fatalf("another source's IDR is at %d, where %d has been shown", p.PTS, shown)
			}
			shown = max(shown, p.PTS)
			if seen[kind] && p.DTS <= last[kind] {
				t.Fatalf("%s DTS %d after %d", kind, p.DTS, last[kind])
			}
			newest := max(last[media.Video], last[media.Audio])
			if (seen[media.Video] || seen[media.Audio]) && p.DTS-newest > jumpAhead+media.Clock {
				t.Fatalf("%s DTS %d is %.1f s after all others", kind, p.DTS, (p.DTS - newest).Seconds())
			}
			if p.PTS < p.DTS {
				t.Fatalf("PTS %d before DTS %d", p.PTS, p.DTS)
			}
			last[kind], seen[kind] = p.DTS, true
		}
	})
}

// A source follows on another one: its IDR right after what was shown last, in
// milliseconds after Start.
func TestTimelineJoins(t *testing.T) {
	v, a := media.Video, media.Audio
	type in struct {
		kind      media.Kind
		dts, cts  int64 // ms
		pts, late int64 // where it comes out: PTS, and how far DTS is behind
	}
	cases := []struct {
		name     string
		old, new []in
	}{
		{"on another clock",
			[]in{{v, 0, 0, 0, 0}, {a, 5, 0, 5, 0}, {v, 40, 0, 40, 0}, {a, 26, 0, 26, 0}},
			[]in{{v, 900_000, 0, 80, 0}, {a, 900_012, 0, 92, 0}, {v, 900_040, 0, 120, 0}}},
		{"after audio that is ahead",
			[]in{{v, 0, 0, 0, 0}, {a, 0, 0, 0, 0}, {v, 40, 0, 40, 0}, {a, 100, 0, 100, 0}, {a, 121, 0, 121, 0}},
			[]in{{v, 0, 0, 142, 0}, {a, 10, 0, 152, 0}}},
		{"after audio that stopped long ago",
			[]in{{v, 0, 0, 0, 0}, {a, 0, 0, 0, 0}, {v, 8000, 0, 8000, 0}, {v, 16_000, 0, 16_000, 0}},
			[]in{{v, 0, 0, 16_033, 0}, {a, 10, 0, 16_043, 0}}},
		{"pictures missing that were to be shown before the last",
			[]in{{v, 0, 80, 80, 80}, {v, 40, 200, 240, 200}},
			[]in{{v, 0, 80, 280, 80}, {v, 40, 200, 440, 200}, {v, 80, 80, 360, 80}}},
		{"reordered after one that is not",
			[]in{{v, 0, 0, 0, 0}, {v, 40, 0, 40, 0}},
			[]in{{v, 0, 120, 80, 40}, {v, 40, 200, 200, 160}, {v, 80, 80, 120, 80}, {v, 120, 80, 160, 80}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check := func(tl *timeline, packets []in) {
				for i, in := range packets {
					p := media.Packet{Kind: in.kind, DTS: ms(in.dts), PTS: ms(in.dts + in.cts)}
					tl.place(&p)
					if abs(p.PTS-Start-ms(in.pts)) > ms(1) || abs(p.PTS-p.DTS-ms(in.late)) > ms(1) {
						t.Errorf("packet %d (%s %d ms): PTS %.1f ms, %.1f ms after DTS; want %d, %d", i, in.kind, in.dts,
							(p.PTS-Start).Seconds()*1000, (p.PTS-p.DTS).Seconds()*1000, in.pts, in.late)
					}
				}
			}
			tl := newTimeline(ms(c.old[0].cts))
			tl.offset += ms(c.old[0].pts)
			check(tl, c.old)
			tl.join(ms(c.new[0].dts+c.new[0].cts), Start)
			check(tl, c.new)
			if tl.jumps != 0 {
				t.Errorf("%d jumps", tl.jumps)
			}
		})
	}
}
