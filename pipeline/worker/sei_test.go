package worker

import (
	"bytes"
	"slices"

	"ladderd/media"
)

// captionSEI is an SEI NAL unit with A/53 captions (ATSC A/53 part 4, 6.2.3), three
// bytes for each entry. Entries must not hold zeros, for this writes no emulation
// prevention.
func captionSEI(entries []byte) []byte {
	body := append([]byte{0xb5, 0x00, 0x31, 'G', 'A', '9', '4', 3, 0x40 | byte(len(entries)/3), 0xff}, entries...)
	body = append(body, 0xff)
	return append(append([]byte{6, 4, byte(len(body))}, body...), 0x80)
}

// messageSEI is an SEI NAL unit with an unregistered user message.
func messageSEI(text string) []byte {
	body := append(bytes.Repeat([]byte{0xa7}, 16), text...)
	return append(append([]byte{6, 5, byte(len(body))}, body...), 0x80)
}

// captions are the entries in an access unit.
func captions(au []byte) (entries []byte) {
	for unit := range media.NALUnits(au) {
		if unit[0]&0x1f != 6 {
			continue
		}
		if i := bytes.Index(unit, []byte("GA94\x03")); i >= 0 {
			n := 3 * int(unit[i+5]&0x1f)
			entries = append(entries, unit[i+7:i+7+n]...)
		}
	}
	return entries
}

// withSEI puts a NAL unit before an access unit's others.
func withSEI(p media.Packet, unit []byte) media.Packet {
	p.Data = append(media.AppendNAL(nil, unit), p.Data...)
	return p
}

// captioned gives the source's pictures n numbered caption entries each, in order
// of display, and returns all of them.
func captioned(s *source, n int) (all []byte) {
	order := s.times(media.Video)
	for i, p := range s.packets {
		at, ok := slices.BinarySearch(order, p.PTS)
		if p.Kind != media.Video || !ok {
			continue
		}
		var entries []byte
		for j := range n {
			k := at*n + j
			entries = append(entries, 0xfc, byte(1+k%255), byte(1+k/255))
		}
		s.packets[i] = withSEI(p, captionSEI(entries))
	}
	for k := range len(order) * n {
		all = append(all, 0xfc, byte(1+k%255), byte(1+k/255))
	}
	return all
}
