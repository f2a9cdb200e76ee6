package worker

import (
	"bytes"
	"slices"

	"ladderd/media"
)

// messageSEI is an SEI NAL unit with an unregistered user message.
func messageSEI(text string) []byte {
	body := append(bytes.Repeat([]byte{0xa7}, 16), text...)
	return append(append([]byte{6, 5, byte(len(body))}, body...), 0x80)
}

// messages are the texts of such messages in an access unit.
func messages(au []byte) (texts []string) {
	uuid := bytes.Repeat([]byte{0xa7}, 16)
	for unit := range media.NALUnits(au) {
		if unit[0]&0x1f != 6 {
			continue
		}
		for _, part := range bytes.Split(unit, uuid)[1:] {
			text, _, _ := bytes.Cut(part, []byte{0x80})
			texts = append(texts, string(text))
		}
	}
	return texts
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
		s.packets[i].Data = media.WithCaptions(p.Data, entries)
	}
	for k := range len(order) * n {
		all = append(all, 0xfc, byte(1+k%255), byte(1+k/255))
	}
	return all
}
