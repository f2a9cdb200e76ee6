package ts

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ladderd/media"
)

// wantWhole wants each packet to be one that was sent, and times in order.
func wantWhole(t rapid.TB, got, sent []media.Packet) {
	t.Helper()
	type id struct {
		kind media.Kind
		dts  media.Ticks
	}
	data := map[id][]byte{}
	for _, p := range sent {
		data[id{p.Kind, p.DTS}] = p.Data
	}
	last := map[media.Kind]media.Ticks{}
	for i, p := range got {
		want, ok := data[id{p.Kind, p.DTS}]
		if !ok {
			t.Fatalf("packet %d was never sent: %s", i, text(p))
		}
		if !bytes.Equal(want, p.Data) {
			t.Fatalf("packet %d is torn: %s", i, text(p))
		}
		if p.DTS <= last[p.Kind] {
			t.Fatalf("packet %d comes after one of %d: %s", i, last[p.Kind], text(p))
		}
		last[p.Kind] = p.DTS
	}
}

// TestNothingTornIsDelivered loses SRT messages in runs of any length, as networks do.
func TestNothingTornIsDelivered(t *testing.T) {
	b := shape{pictures: 60, size: 2500, perPES: 2}.make(t)
	messages := slices.Collect(slices.Chunk(b.stream, 7*packetSize))
	rapid.Check(t, func(t *rapid.T) {
		var got []media.Packet
		d := NewDemuxer(func(p media.Packet) error { got = append(got, p); return nil })
		missing := 0
		until := 0
		for i, m := range messages {
			if i >= until && rapid.IntRange(0, 9).Draw(t, "fate") == 0 {
				until = i + rapid.IntRange(1, 12).Draw(t, "run")
			}
			if i < until {
				missing += 7
				continue
			}
			if missing > 0 {
				d.Missing(missing)
				missing = 0
			}
			if err := d.Write(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.End(); err != nil {
			t.Fatal(err)
		}
		wantWhole(t, got, b.want)
	})
}

// TestEndInThePictureIsSeen ends streams anywhere.
func TestEndInThePictureIsSeen(t *testing.T) {
	b := shape{pictures: 12, size: 900, perPES: 2}.make(t)
	for end := 0; end < len(b.stream); end += packetSize {
		got, _ := read(t, b.stream[:end], 1316)
		wantWhole(t, got, b.want)
	}
}

// TestLossIsSeenWithoutBeingTold loses single transport packets, up to fifteen in a row.
func TestLossIsSeenWithoutBeingTold(t *testing.T) {
	b := shape{pictures: 60, size: 2500, perPES: 2}.make(t)
	packets := slices.Collect(slices.Chunk(b.stream, packetSize))
	rapid.Check(t, func(t *rapid.T) {
		var got []media.Packet
		d := NewDemuxer(func(p media.Packet) error { got = append(got, p); return nil })
		for i := 0; i < len(packets); i++ {
			if rapid.IntRange(0, 19).Draw(t, "fate") == 0 {
				i += rapid.IntRange(1, 14).Draw(t, "run")
				if i >= len(packets) {
					break
				}
				// Not two runs at once, which could be sixteen together.
				end := min(i+40, len(packets))
				for ; i < end; i++ {
					if err := d.Write(packets[i]); err != nil {
						t.Fatal(err)
					}
				}
				i--
				continue
			}
			if err := d.Write(packets[i]); err != nil {
				t.Fatal(err)
			}
		}
		wantWhole(t, got, b.want)
	})
}

// TestBytesThatAreNoPacketsArePassedOver puts anything before, between and into
// packets, and takes bytes away.
func TestBytesThatAreNoPacketsArePassedOver(t *testing.T) {
	b := shape{pictures: 40, size: 1500, perPES: 2}.make(t)
	random := rand.New(rand.NewPCG(3, 4))
	garbage := func(n int) []byte { return noise(random, 0x47, n) }
	for _, c := range []struct {
		name   string
		damage func([]byte) []byte
		least  int // pictures that have to come
	}{
		{"garbage before", func(s []byte) []byte { return append(garbage(1000), s...) }, 39},
		{"half a packet before", func(s []byte) []byte { return s[100:] }, 28},
		{"garbage between", func(s []byte) []byte { return slices.Insert(slices.Clone(s), 100*packetSize, garbage(99)...) }, 38},
		{"garbage in a packet", func(s []byte) []byte { return slices.Insert(slices.Clone(s), 100*packetSize+50, garbage(99)...) }, 37},
		{"a byte missing", func(s []byte) []byte { return slices.Delete(slices.Clone(s), 100*packetSize+50, 100*packetSize+51) }, 37},
		{"500 bytes missing", func(s []byte) []byte { return slices.Delete(slices.Clone(s), 100*packetSize+50, 100*packetSize+550) }, 36},
		{"a sync byte missing", func(s []byte) []byte { s = slices.Clone(s); s[100*packetSize] = 0; return s }, 37},
		{"packets of 204 bytes", func(s []byte) []byte {
			var all []byte
			for p := range slices.Chunk(s, packetSize) {
				all = append(append(all, p...), make([]byte, 16)...)
			}
			return all
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, chunk := range []int{1316, 97} {
				got, d := read(t, c.damage(b.stream), chunk)
				wantWhole(t, got, b.want)
				video, _ := tracks(got)
				if len(video) < c.least {
					t.Errorf("%d pictures have come, want %d", len(video), c.least)
				}
				if d.Counts().Resyncs == 0 && c.name != "packets of 204 bytes" {
					t.Errorf("nothing is counted: %+v", d.Counts())
				}
			}
		})
	}
}

// lies are packets that are not what they say; the stream has to go on behind each.
var lies = []struct {
	name   string
	packet []byte
}{
	{"adaptation field longer than the packet", []byte{syncByte, 0x41, 0x00, 0x30, 0xff}},
	{"adaptation field of the whole packet", []byte{syncByte, 0x41, 0x00, 0x30, 183}},
	{"marked as damaged", []byte{syncByte, 0xc1, 0x00, 0x10}},
	{"scrambled", []byte{syncByte, 0x41, 0x00, 0xd0}},
	{"PES head longer than the packet", []byte{syncByte, 0x41, 0x00, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 0xff}},
	{"PES length shorter than its head", []byte{syncByte, 0x41, 0x00, 0x10, 0, 0, 1, 0xe0, 0, 1, 0x80, 0xc0, 10}},
	{"PES of 64 KB that never comes", []byte{syncByte, 0x41, 0x01, 0x10, 0, 0, 1, 0xc0, 0xff, 0xff, 0x80, 0x80, 5}},
	{"PES without a start code", []byte{syncByte, 0x41, 0x00, 0x10, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
	{"no NAL unit", []byte{syncByte, 0x41, 0x00, 0x10, 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1, 9, 9, 9}},
	{"PAT with a wrong checksum", []byte{syncByte, 0x40, 0x00, 0x10, 0, 0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe3, 0x33, 0, 0, 0, 0}},
	{"section longer than allowed", []byte{syncByte, 0x40, 0x00, 0x10, 0, 0, 0xbf, 0xff}},
	{"pointer field beyond the packet", []byte{syncByte, 0x40, 0x00, 0x10, 0xff}},
	{"PMT that is a PAT", []byte{syncByte, 0x50, 0x00, 0x10, 0, 0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe3, 0x33, 0, 0, 0, 0}},
}

func TestLyingLengths(t *testing.T) {
	b := shape{pictures: 40, size: 1500, perPES: 2}.make(t)
	for _, c := range lies {
		t.Run(c.name, func(t *testing.T) {
			lie := make([]byte, packetSize)
			copy(lie, c.packet)
			lie[3] |= (counterBefore(b.stream[:100*packetSize], lie) + 5) % counters
			got, _ := read(t, slices.Insert(slices.Clone(b.stream), 100*packetSize, lie...), 1316)
			wantWhole(t, got, b.want)
			if video, _ := tracks(got); len(video) < 36 {
				t.Errorf("%d pictures of 40 have come", len(video))
			}
		})
	}
}

// counterBefore is the last counter of the packet's pid.
func counterBefore(stream, packet []byte) (counter byte) {
	for p := range slices.Chunk(stream, packetSize) {
		if p[1]&0x1f == packet[1]&0x1f && p[2] == packet[2] {
			counter = p[3] & 0x0f
		}
	}
	return counter
}

// TestUnfinishedPictureIsBounded sends a picture that never ends.
func TestUnfinishedPictureIsBounded(t *testing.T) {
	b := shape{pictures: 3, size: 300, perPES: 1}.make(t)
	d := NewDemuxer(func(media.Packet) error { return nil })
	must(t, d.Write(b.stream))
	more := make([]byte, packetSize)
	for range 100_000 {
		copy(more, []byte{syncByte, 0x01, 0x00, 0x10 | (d.videoPES.last+1)%counters})
		must(t, d.Write(more))
	}
	if n := cap(d.videoPES.buf); n > 3*maxPicture {
		t.Errorf("%d bytes are kept", n)
	}
	got := d.Counts().Damaged
	more[1] = 0x41
	more[3] = 0x10 | (d.videoPES.last+1)%counters
	must(t, d.Write(more))
	if d.Counts().Damaged != got+1 {
		t.Error("the picture is not counted as damaged")
	}
}
