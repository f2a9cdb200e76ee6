package ts

import (
	"fmt"

	"ladderd/ingest"
	"ladderd/media"
)

// codec is what an elementary stream is said to hold.
type codec struct {
	kind media.Kind // 0 for what is neither video nor audio
	name string
	// taken says that this package reads it.
	taken bool
}

var (
	h264 = codec{media.Video, "H.264", true}
	aac  = codec{media.Audio, "AAC", true}
)

// streamTypes are what a stream's type says (table 2-34; from 0x80 on as ATSC and Blu-ray have them).
var streamTypes = map[byte]codec{
	0x01: {media.Video, "MPEG-1 video", false}, 0x02: {media.Video, "MPEG-2 video", false},
	0x03: {media.Audio, "MP2 audio", false}, 0x04: {media.Audio, "MP2 audio", false},
	0x0f: aac, 0x10: {media.Video, "MPEG-4 part 2", false}, 0x11: {media.Audio, "AAC in LATM", false},
	0x1b: h264, 0x20: {media.Video, "H.264 MVC", false}, 0x21: {media.Video, "JPEG 2000", false},
	0x24: {media.Video, "HEVC", false}, 0x33: {media.Video, "VVC", false}, 0x42: {media.Video, "AVS", false},
	0x81: {media.Audio, "AC-3 audio", false}, 0x82: {media.Audio, "DTS audio", false}, 0x83: {media.Audio, "TrueHD audio", false},
	0x84: {media.Audio, "E-AC-3 audio", false}, 0x87: {media.Audio, "E-AC-3 audio", false},
	0xd1: {media.Video, "Dirac", false}, 0xea: {media.Video, "VC-1", false},
}

// privateData is the stream type of what only descriptors name.
const privateData = 0x06

// Descriptors (ETSI EN 300 468, table 12; registration is 2.6.8).
const tagRegistration = 0x05

var descriptors = map[byte]codec{
	0x6a: {media.Audio, "AC-3 audio", false}, 0x7a: {media.Audio, "E-AC-3 audio", false},
	0x7b: {media.Audio, "DTS audio", false}, 0x7c: {media.Audio, "AAC in LATM", false},
}

var registrations = map[string]codec{
	"AC-3": {media.Audio, "AC-3 audio", false}, "EAC3": {media.Audio, "E-AC-3 audio", false}, "Opus": {media.Audio, "Opus audio", false},
	"BSSD": {media.Audio, "SMPTE 302M audio", false}, "HEVC": {media.Video, "HEVC", false}, "AV01": {media.Video, "AV1", false},
	"VP09": {media.Video, "VP9", false}, "DTS1": {media.Audio, "DTS audio", false}, "DTS2": {media.Audio, "DTS audio", false},
	"DTS3": {media.Audio, "DTS audio", false},
}

// readCodec finds what a stream's type, or else its descriptors, name.
func readCodec(kind byte, about []byte) codec {
	if kind != privateData {
		return streamTypes[kind]
	}
	for len(about) >= 2 && int(about[1]) <= len(about)-2 {
		tag, body := about[0], about[2:2+about[1]]
		if c, ok := descriptors[tag]; ok {
			return c
		}
		if tag == tagRegistration && len(body) >= 4 {
			if c, ok := registrations[string(body[:4])]; ok {
				return c
			}
		}
		about = about[2+len(body):]
	}
	return codec{} // subtitles, teletext, data
}

// refuse names a codec that is not taken.
func refuse(c codec) error { return fmt.Errorf("%s over SRT: %w", c.name, ingest.ErrCodec) }
