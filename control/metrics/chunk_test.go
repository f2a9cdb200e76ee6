package metrics

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// columnsOf draws what a chunk of a level may hold.
func columnsOf(t *rapid.T, l level, start int64) (columns []column) {
	value := rapid.Int64Range(-1<<40, 1<<40)
	for id := range rapid.IntRange(0, 5).Draw(t, "columns") {
		c := column{id: int64(3*id + 1)}
		if id > 0 && rapid.Bool().Draw(t, "same") {
			c.points = columns[rapid.IntRange(0, id-1).Draw(t, "as")].points
			columns = append(columns, c)
			continue
		}
		single := rapid.Bool().Draw(t, "single")
		for at := start; at < start+l.chunk; at += l.res * int64(1+rapid.SampledFrom([]int{0, 0, 0, 0, 1, 7}).Draw(t, "gap")) {
			s := sample(value.Draw(t, "value"))
			for !single && rapid.Bool().Draw(t, "more") {
				s.add(sample(value.Draw(t, "value")))
			}
			c.points = c.add(at, s)
			if rapid.IntRange(0, 40).Draw(t, "end") == 0 {
				break
			}
		}
		columns = append(columns, c)
	}
	return columns
}

func TestChunksAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(levels[:]).Draw(t, "level")
		start := dawn.Unix()
		want := columnsOf(t, l, start)
		data := appendChunk(nil, l.res, start, want)
		got, err := readChunk(data, l.res, start, 0)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v, want %v: %v", got, want, err)
		}
		for i, c := range want {
			if got[i].id != c.id || len(c.points) > 0 && !reflect.DeepEqual(got[i].points, c.points) {
				t.Fatalf("%v, want %v", got[i], c)
			}
			one, err := readChunk(data, l.res, start, c.id)
			if err != nil || len(one) != 1 || !reflect.DeepEqual(one[0], got[i]) {
				t.Fatalf("%v alone, want %v: %v", one, got[i], err)
			}
		}
	})
}

// A minute of a channel at a steady rate takes few bytes, and the sole track none of its own.
func TestChunksAreSmall(t *testing.T) {
	var p points
	for n := range int64(60) {
		p = p.add(dawn.Unix()+n, sample(4_000_000+n*n*7919%200_000))
	}
	one := len(appendChunk(nil, 1, dawn.Unix(), []column{{1, p}}))
	two := len(appendChunk(nil, 1, dawn.Unix(), []column{{1, p}, {2, p}}))
	if one > 60*3+15 || two != one+2 {
		t.Errorf("%d bytes, %d with the track", one, two)
	}
}

func FuzzChunk(f *testing.F) {
	var p points
	for n := range int64(5) {
		p = p.add(dawn.Unix()+n*n, sample(n))
	}
	f.Add(appendChunk(nil, 1, dawn.Unix(), []column{{1, p}, {2, p}, {7, p.rolled(60)}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		columns, err := readChunk(data, 1, dawn.Unix(), 0)
		if err != nil {
			return
		}
		for _, c := range columns {
			for i, one := range c.points {
				if one.count <= 0 || i > 0 && one.at <= c.points[i-1].at {
					t.Fatalf("%v", c.points)
				}
			}
		}
	})
}
