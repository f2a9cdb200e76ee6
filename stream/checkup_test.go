package stream

import (
	"slices"
	"testing"

	"ladderd/media"
)

// A recovery point SEI (payload type 6, 2 bytes) before a slice, as x264 writes
// it at the I-frame of an open GOP.
var openGOPFrame = media.AppendNAL(media.AppendNAL(nil, []byte{0x06, 0x06, 0x01, 0xc4, 0x80}), []byte{0x41, 0x9a})

func TestCheckup(t *testing.T) {
	frames := func(step media.Ticks, n, gop int) (out []media.Packet) {
		for i := range n {
			at := Start + media.Ticks(i)*step
			out = append(out, media.Packet{Kind: media.Video, PTS: at, DTS: at, Key: i%gop == 0})
		}
		return out
	}
	good := frames(3000, 300, 60)
	open := frames(3000, 120, 60)
	open[60].Key, open[60].Data = false, openGOPFrame
	gap := append(frames(3000, 30, 60), media.Packet{Kind: media.Video, PTS: Start + 3*media.Clock, DTS: Start + 3*media.Clock, Key: true})
	fields := frames(3000, 30, 60)
	fields[0].Video = &media.VideoParams{Interlaced: true}
	cases := []struct {
		name   string
		frames []media.Packet
		want   []string
	}{
		{"a well set encoder", good, nil},
		{"keyframes 10 s apart", frames(3000, 310, 300), []string{LongGOP}},
		{"open GOP", open, []string{OpenGOP}},
		{"dropped frames", gap, []string{FramesMissing}},
		{"interlaced", fields, []string{Interlaced}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check := newCheckup()
			var news, all []string
			for _, f := range c.frames {
				for _, n := range check.video(f, 3000) {
					news = append(news, n.Code)
				}
			}
			for _, f := range check.findings() {
				all = append(all, f.Code)
			}
			if !slices.Equal(news, c.want) || !slices.Equal(all, c.want) {
				t.Errorf("news %v, all %v; want %v, each once", news, all, c.want)
			}
		})
	}
}

func TestCheckupOfTheAnnouncedBitrate(t *testing.T) {
	check := newCheckup()
	if news := check.bitrate(8_500_000, 8_500_000); news != nil {
		t.Errorf("at the limit: %v", news)
	}
	news := check.bitrate(12_160_000, 8_500_000)
	if len(news) != 1 || news[0].Code != Bitrate || news[0].Text != "the encoder announces 12.2 Mb/s; this type of channel is for at most 8.5" {
		t.Errorf("above the limit: %v", news)
	}
}
