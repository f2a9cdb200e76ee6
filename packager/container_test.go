package packager

import (
	"testing"

	"ladderd/media"
)

// BenchmarkRender packs a part of a 1080p60 source at 8.5 Mb/s with audio.
func BenchmarkRender(b *testing.B) {
	const length = media.Clock / 3
	v, aac := videoParams(b, sps720), audioParams(b, 48000)
	var video []sample
	for _, p := range (shot{params: v, rate: fps(60), gop: 60, from: origin, to: origin + length, bytes: 8_500_000 / 8 / 60}).packets() {
		video = append(video, sample{Packet: p, pos: p.PTS, dur: length / 20})
	}
	var audio []frame
	for _, p := range tone(aac, origin, origin+length, false) {
		audio = append(audio, frame{p, aac})
	}
	for _, container := range containers {
		b.Run(string(container), func(b *testing.B) {
			m := formats[container].muxer(true)
			init, err := m.section(0, v, aac)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(8_500_000 / 8 / 3)
			b.ReportAllocs()
			for b.Loop() {
				for i := range audio {
					audio[i].PTS += length // sound that goes back is left out
				}
				if _, err := m.render(init, origin, video, audio); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
