package stream

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ladderd/media"
)

// period is the distance of the tests' pictures: 30 a second.
const period = media.Clock / 30

// entry is the nth caption of a test.
func entry(n int) []byte { return []byte{0xfc, byte(1 + n%100), byte(1 + n/100)} }

// coded makes pictures in the order of decoding from their order of display, as an
// encoder does whose DTS are delay pictures early.
func coded(delay int, order ...int) []media.Packet {
	var out []media.Packet
	for i, n := range order {
		out = append(out, media.Packet{
			Kind: media.Video, PTS: Start + media.Ticks(n)*period, DTS: Start + media.Ticks(i-delay)*period,
			Data: media.AppendNAL(nil, []byte{0x41, 0x9a, 0x00}),
		})
	}
	return out
}

// shown is which pictures, by order of display, hold which captions.
func shown(packets []media.Packet) map[int][]byte {
	held := map[int][]byte{}
	for _, p := range packets {
		if c := media.Captions(p.Data); c != nil {
			held[int((p.PTS-Start)/period)] = c
		}
	}
	return held
}

func TestCaptionsGoWithThePictureThatIsDue(t *testing.T) {
	type said struct {
		before int     // packets, in order of decoding
		at     float64 // pictures
	}
	cases := []struct {
		name    string
		packets []media.Packet
		said    []said
		want    []int // the picture of each
	}{
		{"without B-frames", coded(0, 0, 1, 2, 3, 4), []said{{0, 0}, {1, 1}, {1, 2.5}, {3, 3}}, []int{0, 1, 3, 3}},
		{"two B-frames", coded(1, 0, 3, 1, 2, 6, 4, 5), []said{{1, 1}, {1, 2}, {2, 3}, {4, 4}, {4, 4.5}}, []int{1, 2, 4, 4, 5}},
		{"two B-frames, in the order of decoding", coded(1, 0, 3, 1, 2, 6, 4, 5),
			[]said{{0, 0}, {1, 3}, {2, 1}, {3, 2}, {4, 6}, {5, 4}}, []int{0, 4, 1, 2, -1, 4}},
		{"a pyramid", coded(2, 0, 4, 2, 1, 3, 8, 6, 5, 7), []said{{1, 1}, {1, 2}, {2, 3}, {4, 4}, {5, 6}}, []int{1, 3, 3, 5, 7}},
		{"DTS early without B-frames", coded(2, 0, 1, 2, 3, 4), []said{{1, 1}, {1, 2}, {3, 3}}, []int{1, 2, 3}},
		{"late", coded(0, 0, 1, 2, 3), []said{{2, -30}, {3, 1}}, []int{2, 3}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var waiting captions
			want := map[int][]byte{}
			for i := range c.packets {
				for n, s := range c.said {
					if s.before == i {
						waiting.wait(Start+media.Ticks(s.at*period), entry(n))
						want[c.want[n]] = append(want[c.want[n]], entry(n)...)
					}
				}
				waiting.into(&c.packets[i])
			}
			got := shown(c.packets)
			for n := range 9 {
				if !bytes.Equal(got[n], want[n]) {
					t.Errorf("picture %d has %x, want %x", n, got[n], want[n])
				}
			}
		})
	}
}

// Encoders reorder as they like, leave out pictures, and are off their time by a bit.
// Captions come whole and in order all the same.
func TestCaptionsKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		packets := drawReordered(t)
		var waiting captions
		said, lost := 0, 0
		say := func(at media.Ticks) {
			for range rapid.SampledFrom([]int{0, 1, 2, 20, 40}).Draw(t, "entries") {
				lost += waiting.wait(at, entry(said))
				said++
			}
		}
		last := Start
		for i := range packets {
			if i < len(packets)-60 {
				last = max(last, packets[i].DTS)
				say(last)
			}
			waiting.into(&packets[i])
		}
		slices.SortFunc(packets, func(a, b media.Packet) int { return cmp.Compare(a.PTS, b.PTS) })
		next := lost
		for _, p := range packets {
			all := media.Captions(p.Data)
			if len(all) > media.MaxCaptions {
				t.Fatalf("%d bytes of captions in a picture", len(all))
			}
			for got := range slices.Chunk(all, media.CaptionSize) {
				if !bytes.Equal(got, entry(next)) {
					t.Fatalf("caption %x where %x should be", got, entry(next))
				}
				next++
			}
		}
		if rest := waiting.bytes / media.CaptionSize; next+rest != said {
			t.Fatalf("%d of %d captions, %d lost, %d wait", next, said, lost, rest)
		}
	})
}

// drawReordered draws pictures of groups with B-frames, in order of decoding.
func drawReordered(t *rapid.T) []media.Packet {
	order := []int{0} // an IDR
	delay := rapid.IntRange(0, 3).Draw(t, "delay")
	for shown := 1; len(order) < 150; {
		group := make([]int, rapid.IntRange(1, delay+1).Draw(t, "group"))
		for i := range group {
			group[i] = shown + i
		}
		last := len(group) - 1
		order = append(order, group[last])
		order = append(order, rapid.Permutation(group[:last]).Draw(t, "order")...)
		shown += len(group)
	}
	packets := coded(delay, order...)
	for i := range packets {
		packets[i].PTS += media.Ticks(rapid.IntRange(-90, 90).Draw(t, "jitter"))
		packets[i].PTS = max(packets[i].PTS, packets[i].DTS)
	}
	return packets
}

func TestCaptionsBeyondOnePictureGoWithTheNext(t *testing.T) {
	var waiting captions
	for n := range 70 {
		waiting.wait(Start, entry(n))
	}
	packets := coded(0, 0, 1, 2, 3)
	var put []int
	for i := range packets {
		n, _ := waiting.into(&packets[i])
		put = append(put, n)
	}
	if !slices.Equal(put, []int{31, 31, 8, 0}) {
		t.Errorf("pictures took %v", put)
	}
}

func TestCaptionsThatFindNoPictureAreCounted(t *testing.T) {
	var waiting captions
	lost := 0
	for range 40 {
		lost += waiting.wait(Start+10*media.Clock, bytes.Repeat(entry(0), 200))
	}
	if lost != 8000-6000 || waiting.bytes != maxWaiting {
		t.Errorf("%d lost, %d bytes wait", lost, waiting.bytes)
	}
}

func TestCaptionsInPicturesWin(t *testing.T) {
	padding := []byte{0xfc, 0x80, 0x80}
	packets := coded(0, 0, 1, 2, 3)
	packets[0].Data = media.WithCaptions(packets[0].Data, padding)
	packets[2].Data = media.WithCaptions(packets[2].Data, entry(7))
	var waiting captions
	var conflicts []int
	for i := range packets {
		waiting.wait(packets[i].PTS, entry(i))
		if _, conflict := waiting.into(&packets[i]); conflict {
			conflicts = append(conflicts, i)
		}
	}
	got := shown(packets)
	want := map[int][]byte{0: append(padding, entry(0)...), 1: entry(1), 2: entry(7)}
	for n := range 4 {
		if !bytes.Equal(got[n], want[n]) {
			t.Errorf("picture %d has %x, want %x", n, got[n], want[n])
		}
	}
	if !slices.Equal(conflicts, []int{2}) {
		t.Errorf("told of at %v", conflicts)
	}
}
