package flv

import (
	"fmt"

	"ladderd/ingest"
)

// Codec numbers of the tags' first byte (annex E.4.2.1, E.4.3.1).
const (
	videoAVC      = 7
	soundAAC      = 10
	soundEnhanced = 9 // Enhanced RTMP: a FourCC follows
)

// videoCodecs and soundFormats name what is refused. 12 is what some encoders
// used for HEVC before Enhanced RTMP.
var videoCodecs = map[byte]string{
	1: "JPEG", 2: "Sorenson H.263", 3: "Screen video", 4: "On2 VP6", 5: "On2 VP6 with alpha",
	6: "Screen video 2", 8: "H.263", 9: "MPEG-4 part 2", 12: "HEVC", 13: "AV1",
}

var soundFormats = map[byte]string{
	0: "PCM", 1: "ADPCM", 2: "MP3", 3: "PCM", 4: "Nellymoser", 5: "Nellymoser", 6: "Nellymoser",
	7: "G.711", 8: "G.711", 11: "Speex", 13: "Opus", 14: "MP3",
}

var fourCCs = map[string]string{
	"avc1": "H.264", "hvc1": "HEVC", "hev1": "HEVC", "av01": "AV1", "vp09": "VP9", "vp08": "VP8", "vvc1": "VVC",
	"mp4a": "AAC", ".mp3": "MP3", "Opus": "Opus", "fLaC": "FLAC", "ac-3": "AC-3", "ec-3": "E-AC-3",
}

// refuse names a codec that is not taken.
func refuse(name string) error { return fmt.Errorf("%s over RTMP: %w", name, ingest.ErrCodec) }

func refuseFourCC(code string) error {
	if name, ok := fourCCs[code]; ok {
		return refuse(name)
	}
	return refuse(fmt.Sprintf("codec %q", code))
}
