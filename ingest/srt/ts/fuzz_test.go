package ts

import (
	"slices"
	"testing"

	"ladderd/media"
)

// FuzzStream reads any bytes, in messages whose size the first byte tells, as a whole
// and behind a stream that has begun.
func FuzzStream(f *testing.F) {
	clean := shape{pictures: 3, size: 40, perPES: 2}.make(f).stream
	add := func(b []byte) { f.Add(append([]byte{7}, b...)) }
	add(clean)
	add(clean[77:])
	for _, l := range lies {
		lie := make([]byte, packetSize)
		copy(lie, l.packet)
		add(slices.Insert(slices.Clone(clean), 4*packetSize, lie...))
	}
	add(slices.Concat(pat(0, first, second), pat(1, first), pmt(0, first, entry{0x1b, 256, ""}, entry{0x06, 257, "\x05\x04Opus"})))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		seen := map[media.Kind]bool{}
		d := NewDemuxer(func(p media.Packet) error {
			if !seen[p.Kind] && p.Video == nil && p.Audio == nil {
				t.Fatal("the first packet has no parameters")
			}
			seen[p.Kind] = true
			if p.Kind == media.Video && media.CheckAVCC(p.Data) != nil {
				t.Fatal("the packet cannot be read")
			}
			return nil
		})
		for c := range slices.Chunk(b[1:], int(b[0])*10+1) {
			if d.Write(c) != nil {
				return
			}
			if b[0]&1 != 0 {
				d.Missing(int(b[0]))
			}
		}
	})
}
