package packager

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ladderd/media"
)

// windows are those that the benchmarks compare: the default, and hours.
var windows = []time.Duration{time.Minute, 6 * time.Hour}

// BenchmarkWrite packages a second of a 1080p60 source at 8.5 Mb/s with audio, as
// one rendition with a full window.
func BenchmarkWrite(b *testing.B) {
	o := testOptions()
	o.Disk = openDisk(b)
	s := newStream(b, o, rung("1080p60", fps(60), 0))
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

// lasting is a stream of one rendition that has filled its window, with segments of
// 2 s, and what writes it a part on.
func lasting(b *testing.B, window time.Duration) (r *Rendition, part func()) {
	b.Helper()
	o := testOptions()
	o.Window = media.FromDuration(window)
	s := newStream(b, o, silent(rung("720p3", fps(3), 0)))
	params := videoParams(b, sps720)
	next := origin
	var frames []media.Packet
	part = func() { // a frame is a part
		if len(frames) == 0 {
			gop := shot{params: params, rate: fps(3), gop: 6, from: next, to: next + 2*media.Clock, bytes: 10}
			frames, next, params = gop.packets(), gop.to, nil
		}
		s.Write(0, frames[0])
		frames = frames[1:]
	}
	for next < origin+o.Window+10*media.Clock {
		part()
	}
	r, _ = s.Rendition("720p3")
	return r, part
}

// BenchmarkPart writes a part that nobody reads: what the stream's goroutine does.
func BenchmarkPart(b *testing.B) {
	for _, w := range windows {
		b.Run(fmt.Sprint(w), func(b *testing.B) {
			_, part := lasting(b, w)
			b.ReportAllocs()
			for b.Loop() {
				part()
			}
		})
	}
}

// BenchmarkRendering is what a part costs of which somebody asks for the playlist:
// text and gzip, made once however many ask.
func BenchmarkRendering(b *testing.B) {
	for _, w := range windows {
		for name, skip := range map[string]bool{"full": false, "delta": true} {
			b.Run(fmt.Sprint(w, " ", name), func(b *testing.B) {
				r, part := lasting(b, w)
				b.ReportAllocs()
				var doc Document
				for b.Loop() {
					part()
					var err error
					if doc, err = r.Playlist(context.Background(), Query{MSN: -1, Part: -1, Skip: skip}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(doc.Body)), "text-B")
				b.ReportMetric(float64(len(doc.Gzip)), "gzip-B")
			})
		}
	}
}

// BenchmarkPlaylist reads a playlist as many viewers at once do.
func BenchmarkPlaylist(b *testing.B) {
	_, r, _ := live(b, 50)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.Playlist(context.Background(), Query{MSN: 1, Part: 0, Skip: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
