package packager

import (
	"context"
	"testing"

	"ladderd/media"
)

// BenchmarkWrite packages a second of a 1080p60 source at 8.5 Mb/s with audio, as
// one rendition with a full window.
func BenchmarkWrite(b *testing.B) {
	s := newStream(b, testOptions(), rung("1080p60", fps(60), 0))
	aac := audioParams(b, 48000)
	next := origin
	second := func(params *media.VideoParams, sound *media.AudioParams) {
		video := shot{params: params, rate: fps(60), gop: 60, from: next, to: next + media.Clock, bytes: 8_500_000 / 8 / 60}
		feed(s, send(0, 0, video.packets()), send(0, 0, tone(sound, next, next+media.Clock, false)))
		next += media.Clock
	}
	v := videoParams(b, sps720)
	for range 130 {
		second(v, aac)
	}
	b.SetBytes(8_500_000 / 8)
	b.ReportAllocs()
	for b.Loop() {
		second(v, aac)
	}
}

// BenchmarkPlaylist reads a playlist as many viewers at once do.
func BenchmarkPlaylist(b *testing.B) {
	_, r, _ := live(b, 50)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.Playlist(context.Background(), Query{MSN: 1, Part: 0}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
