package rtmp

import (
	"math"
	"strings"
	"testing"
	"time"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/amf0"
)

// The chunk protocol, AMF0 and the tags have targets in their own packages.

// FuzzStreamKey reads what stands in connect and publish, and the parameters behind
// the key.
func FuzzStreamKey(f *testing.F) {
	for _, seed := range [][2]string{
		{"app", "KEY?priority=3"}, {"app/KEY?keyframeInterval=2", ""}, {"app?priority=1&a=b", "KEY?priority=2147483648"},
		{"app", "KEY?a=%zz&priority=03"}, {"//", "/?"}, {"", ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, app, name string) {
		key, query := streamKey(app, name)
		if strings.Contains(key, "?") || len(key) > max(len(app), len(name)) {
			t.Errorf("%q, %q: key %q", app, name, key)
		}
		p, _ := ingest.ReadParameters(query)
		if p.Priority < 0 || p.Priority > ingest.MaxPriority || p.KeyframeInterval != 0 && (p.KeyframeInterval < 2*time.Second || p.KeyframeInterval > 6*time.Second) {
			t.Errorf("%q: %+v", query, p)
		}
	})
}

// FuzzMetadata reads an onMetaData that was read from AMF0.
func FuzzMetadata(f *testing.F) {
	for _, about := range []amf0.Object{
		{{Key: "width", Value: 1920.0}, {Key: "framerate", Value: 29.97}, {Key: "audiocodecid", Value: "mp4a"}, {Key: "encoder", Value: "OBS"}},
		{{Key: "width", Value: math.NaN()}, {Key: "height", Value: math.Inf(1)}, {Key: "videodatarate", Value: -1.0}, {Key: "stereo", Value: true}},
		{{Key: "encoder", Value: strings.Repeat("x", 1000)}, {Key: "fps", Value: 1e300}, {Key: "audiochannels", Value: amf0.Object{}}},
	} {
		f.Add(amf0.Append(nil, about))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := amf0.Decode(b)
		if err != nil || len(values) == 0 {
			return
		}
		about, ok := values[0].(amf0.Object)
		if !ok {
			return
		}
		m := readMetadata(about, "")
		for _, n := range []int{m.Width, m.Height, m.VideoBitrate, m.AudioBitrate, m.SampleRate, m.Channels} {
			if n < 0 || n > math.MaxInt32 {
				t.Errorf("%+v", m)
			}
		}
		if !(m.FrameRate >= 0 && m.FrameRate <= 1000) || len([]rune(m.Encoder)) > 200 {
			t.Errorf("%+v", m)
		}
	})
}
