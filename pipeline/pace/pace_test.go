package pace

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ladderd/media"
	"ladderd/pipeline"
)

const second = media.Ticks(media.Clock)

// shown is a decoded picture as the pacer sees it.
type shown struct {
	pts       media.Ticks
	key, lost bool
}

func TestPacerFindsGridPoints(t *testing.T) {
	cases := []struct {
		name  string
		grid  pipeline.Grid
		after media.Ticks
		in    []shown
		used  []media.Ticks
		grids []media.Ticks
	}{
		{
			name: "the source's IDRs, and nothing before the first", after: -1,
			in:    []shown{{pts: 90}, {pts: 100, key: true}, {pts: 110}, {pts: 120, key: true}},
			used:  []media.Ticks{100, 110, 120},
			grids: []media.Ticks{100, 120},
		},
		{
			name: "a replacement begins at the first IDR past what is out", after: 100,
			in:    []shown{{pts: 100, key: true}, {pts: 110}, {pts: 120, key: true}, {pts: 130}},
			used:  []media.Ticks{120, 130},
			grids: []media.Ticks{120},
		},
		{
			name: "an IDR that was not decoded pauses until the next one", after: -1,
			in:    []shown{{pts: 100, key: true}, {pts: 110}, {pts: 130, lost: true}, {pts: 140}, {pts: 150, key: true}},
			used:  []media.Ticks{100, 110, 150},
			grids: []media.Ticks{100, 150},
		},
		{
			name: "pictures that go back are left out", after: -1,
			in:    []shown{{pts: 100, key: true}, {pts: 100}, {pts: 90}, {pts: 110}},
			used:  []media.Ticks{100, 110},
			grids: []media.Ticks{100},
		},
		{
			name: "own grid: the first picture at or past each point", grid: pipeline.Grid{Period: 2 * second, Origin: second}, after: -1,
			in:    []shown{{pts: second, key: true}, {pts: 2 * second, key: true}, {pts: 3*second + 7}, {pts: 3*second + 14}},
			used:  []media.Ticks{second, 2 * second, 3*second + 7, 3*second + 14},
			grids: []media.Ticks{second, 3*second + 7},
		},
		{
			name: "own grid: a jump over several points is one", grid: pipeline.Grid{Period: 2 * second, Origin: second}, after: -1,
			in:    []shown{{pts: second}, {pts: 8 * second}, {pts: 8*second + 1}, {pts: 9 * second}},
			used:  []media.Ticks{second, 8 * second, 8*second + 1, 9 * second},
			grids: []media.Ticks{second, 8 * second, 9 * second},
		},
		{
			name: "own grid: a replacement waits for the next point", grid: pipeline.Grid{Period: 2 * second, Origin: second}, after: 4 * second,
			in:    []shown{{pts: 3 * second}, {pts: 4*second + 1}, {pts: 5 * second}, {pts: 5*second + 1}},
			used:  []media.Ticks{5 * second, 5*second + 1},
			grids: []media.Ticks{5 * second},
		},
		{
			name: "own grid: an IDR lost by the source is nothing to it", grid: pipeline.Grid{Period: 2 * second, Origin: second}, after: -1,
			in:    []shown{{pts: second}, {pts: 2 * second, lost: true}},
			used:  []media.Ticks{second, 2 * second},
			grids: []media.Ticks{second},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := NewPacer(c.grid, c.after)
			var used, grids []media.Ticks
			for _, s := range c.in {
				use, grid := p.Step(s.pts, s.key, s.lost)
				if use {
					used = append(used, s.pts)
				}
				if use && grid {
					grids = append(grids, s.pts)
				}
			}
			if !slices.Equal(used, c.used) || !slices.Equal(grids, c.grids) {
				t.Errorf("used %d with grid points %d, want %d with %d", used, grids, c.used, c.grids)
			}
		})
	}
}

// drawShown draws a source that drops, jumps, varies its rate and sets IDRs where
// it likes, the first picture being one.
func drawShown(t *rapid.T) []shown {
	period := rapid.SampledFrom([]media.Ticks{1500, 1501, 1800, 3000, 3003, 3600, 3750}).Draw(t, "period")
	at, out := second, []shown(nil)
	for range rapid.IntRange(2, 400).Draw(t, "pictures") {
		out = append(out, shown{pts: at, key: len(out) == 0 || rapid.IntRange(0, 30).Draw(t, "key") == 0})
		switch rapid.IntRange(0, 20).Draw(t, "step") {
		case 0:
			at += media.Ticks(rapid.Int64Range(1, 6*media.Clock).Draw(t, "jump"))
		case 1:
			at += 2 * period
		case 2, 3:
			at += max(1, period+media.Ticks(rapid.Int64Range(-int64(period), int64(period)).Draw(t, "jitter")))
		default:
			at += period
		}
	}
	return out
}

func TestAllRenditionsShareTheirGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawShown(t)
		grid := pipeline.Grid{Origin: second}
		if rapid.Bool().Draw(t, "own grid") {
			grid.Period = 2 * second
		}
		rates := []media.Rate{{Num: 60, Den: 1}, {Num: 30, Den: 1}, {Num: 25, Den: 1}, {Num: 30000, Den: 1001}, {}}
		p, grids := NewPacer(grid, -1), []media.Ticks(nil)
		cadences, kept := make([]*Cadence, len(rates)), make([][]media.Ticks, len(rates))
		for i, r := range rates {
			cadences[i] = NewCadence(media.Rate{Num: 60, Den: 1}, r)
		}
		for _, s := range in {
			use, onGrid := p.Step(s.pts, s.key, s.lost)
			if !use {
				t.Fatalf("picture at %d is not used", s.pts)
			}
			if onGrid {
				grids = append(grids, s.pts)
			}
			for i, c := range cadences {
				if keep := c.Keep(s.pts, onGrid); keep && onGrid {
					kept[i] = append(kept[i], s.pts)
				}
			}
		}
		for i := range kept {
			if !slices.Equal(kept[i], grids) {
				t.Fatalf("rendition of %s frames a second has the grid points %d, all are %d", rates[i], kept[i], grids)
			}
		}
		if grid.Period == 0 && len(grids) != len(keysOf(in)) {
			t.Fatalf("%d grid points of %d source IDRs", len(grids), len(keysOf(in)))
		}
	})
}

func keysOf(in []shown) (at []media.Ticks) {
	for _, s := range in {
		if s.key {
			at = append(at, s.pts)
		}
	}
	return at
}

// A worker that takes over in the middle must choose the same grid points that its
// predecessor would have chosen.
func TestReplacementGoesOnOnTheSameGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawShown(t)
		grid := pipeline.Grid{Origin: second}
		if rapid.Bool().Draw(t, "own grid") {
			grid.Period = 2 * second
		}
		var all []media.Ticks
		whole := NewPacer(grid, -1)
		for _, s := range in {
			if _, onGrid := whole.Step(s.pts, s.key, s.lost); onGrid {
				all = append(all, s.pts)
			}
		}
		after := in[rapid.IntRange(0, len(in)-1).Draw(t, "out up to")].pts
		var rest []media.Ticks
		next := NewPacer(grid, after)
		for _, s := range in {
			if use, onGrid := next.Step(s.pts, s.key, s.lost); use && onGrid {
				rest = append(rest, s.pts)
			} else if use && len(rest) == 0 {
				t.Fatalf("picture at %d is used before the first grid point", s.pts)
			}
		}
		want := slices.DeleteFunc(all, func(at media.Ticks) bool { return at <= after })
		if !slices.Equal(rest, want) {
			t.Fatalf("after %d the grid points are %d, want %d", after, rest, want)
		}
	})
}

func TestCadenceHalvesByTime(t *testing.T) {
	cases := []struct {
		name        string
		source, out media.Rate
		pts, want   []media.Ticks // the first is a grid point
	}{
		{"60 to 30", media.Rate{Num: 60, Den: 1}, media.Rate{Num: 30, Den: 1},
			[]media.Ticks{0, 1500, 3000, 4500, 6000}, []media.Ticks{0, 3000, 6000}},
		{"60 to 30 in whole milliseconds", media.Rate{Num: 60, Den: 1}, media.Rate{Num: 30, Den: 1},
			[]media.Ticks{0, 1530, 2970, 4500, 6030, 7470, 9000}, []media.Ticks{0, 2970, 6030, 9000}},
		{"50 to 25", media.Rate{Num: 50, Den: 1}, media.Rate{Num: 25, Den: 1},
			[]media.Ticks{0, 1800, 3600, 5400, 7200}, []media.Ticks{0, 3600, 7200}},
		{"a dropped picture", media.Rate{Num: 60, Den: 1}, media.Rate{Num: 30, Den: 1},
			[]media.Ticks{0, 1500, 4500, 6000, 7500, 9000}, []media.Ticks{0, 4500, 6000, 9000}},
		{"the same rate with jitter", media.Rate{Num: 30, Den: 1}, media.Rate{Num: 30, Den: 1},
			[]media.Ticks{0, 3060, 5940, 9090, 11910}, []media.Ticks{0, 3060, 5940, 9090, 11910}},
		{"faster than was told", media.Rate{Num: 30, Den: 1}, media.Rate{Num: 30, Den: 1},
			[]media.Ticks{0, 2000, 4000, 6000, 8000, 10000, 12000}, []media.Ticks{0, 2000, 6000, 8000, 12000}},
		{"unknown source rate", media.Rate{}, media.Rate{Num: 30, Den: 1},
			[]media.Ticks{0, 1500, 3000, 4500, 6000}, []media.Ticks{0, 3000, 6000}},
		{"any rate", media.Rate{}, media.Rate{},
			[]media.Ticks{0, 10, 20}, []media.Ticks{0, 10, 20}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []media.Ticks
			cad := NewCadence(c.source, c.out)
			for i, pts := range c.pts {
				if cad.Keep(pts, i == 0) {
					got = append(got, pts)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("keeps %d, want %d", got, c.want)
			}
		})
	}
}

func TestCadenceNeverExceedsItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := NewCadence(media.Rate{Num: 30, Den: 1}, media.Rate{Num: 30, Den: 1})
		step := media.Ticks(rapid.Int64Range(300, 9000).Draw(t, "step"))
		const span = 60 * media.Clock
		n := 0
		for at := media.Ticks(0); at < span; at += step {
			if c.Keep(at, at == 0) {
				n++
			}
		}
		if most := 60*30 + 2; n > most {
			t.Fatalf("a source of a picture every %d ticks leaves %d in a minute, at most %d are allowed", step, n, most)
		}
	})
}
