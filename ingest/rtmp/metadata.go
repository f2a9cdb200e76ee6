package rtmp

import (
	"fmt"
	"math"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/amf0"
)

// readMetadata reads onMetaData (FLV specification, annex E.5), as OBS, FFmpeg
// and FMLE write it. flashVersion names the encoder where it does not say.
func readMetadata(o amf0.Object, flashVersion string) ingest.Metadata {
	m := ingest.Metadata{
		Encoder:      fmt.Sprintf("%.200s", o.String("encoder")), // goes into logs and events
		Width:        whole(o, "width", 1),
		Height:       whole(o, "height", 1),
		VideoBitrate: whole(o, "videodatarate", 1000), // kbit/s
		AudioBitrate: whole(o, "audiodatarate", 1000),
		SampleRate:   whole(o, "audiosamplerate", 1),
		Channels:     channels(o),
	}
	if m.Encoder == "" {
		m.Encoder = flashVersion
	}
	for _, key := range []string{"framerate", "fps", "videoframerate"} {
		if n, ok := o.Number(key); ok && n > 0 && n <= 1000 {
			m.FrameRate = n
			break
		}
	}
	switch codec := o.Get("audiocodecid").(type) {
	case float64:
		m.HasAudio = codec > 0 // OBS and FFmpeg: 10
	case string:
		m.HasAudio = codec != "" // FMLE: "mp4a"
	}
	return m
}

// whole is a number times scale as a whole one: 0 where none makes sense.
func whole(o amf0.Object, key string, scale float64) int {
	n, ok := o.Number(key)
	n = math.Round(n * scale)
	if !ok || !(n > 0 && n < math.MaxInt32) {
		return 0
	}
	return int(n)
}

func channels(o amf0.Object) int {
	if n := whole(o, "audiochannels", 1); n > 0 {
		return n
	}
	stereo, ok := o.Get("stereo").(bool)
	switch {
	case !ok:
		return 0
	case stereo:
		return 2
	}
	return 1
}
