package hls

import (
	"strings"
	"testing"
	"time"

	"ladderd/m3u8"
)

// rendition has two segments of 2 s with an IDR at the head of each.
func rendition(name string) *Rendition {
	r := &Rendition{Variant: Variant{Name: name, Width: 16}, Playlist: &Playlist{Media: &m3u8.Media{}}}
	begin := time.Unix(0, 0)
	for msn := range int64(2) {
		pts := 90000 + 180000*msn
		r.Playlist.Segments = append(r.Playlist.Segments, Segment{
			MSN: msn, Duration: 2 * time.Second, DateTime: begin.Add(time.Duration(msn) * 2 * time.Second),
		})
		r.Video = append(r.Video,
			Packet{PTS: pts, DTS: pts, MSN: msn, Flags: "K_"}, Packet{PTS: pts + 90000, DTS: pts + 90000, MSN: msn, Flags: "__"})
		r.IDRs = append(r.IDRs, pts)
	}
	return r
}

func TestAligned(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Rendition)
		want   string // in the error; empty where there must be none
	}{
		{"equal", func(*Rendition) {}, ""},
		{"an IDR is a tick late", func(r *Rendition) { r.IDRs[1]++; r.Video[2].PTS++ }, "has no IDR at [270001]"},
		{"an IDR is missing", func(r *Rendition) { r.IDRs = r.IDRs[:1]; r.Video[2].Flags = "__" }, "has no IDR at [270000]"},
		{"an IDR too many", func(r *Rendition) { r.IDRs = []int64{90000, 180000, 270000}; r.Video[1].Flags = "K_" }, "has no IDR at [180000]"},
		{"a sync sample that is no IDR", func(r *Rendition) { r.Video[1].Flags = "K_" }, "sync samples are at"},
		{"another media sequence number", func(r *Rendition) { r.Playlist.MediaSequence = 1 }, "2 from 1"},
		{"another length", func(r *Rendition) { r.Playlist.Segments[0].Duration += time.Millisecond }, "segment 0 differs"},
		{"another time", func(r *Rendition) { r.Playlist.Segments[1].DateTime = time.Unix(9, 0) }, "segment 1 differs"},
		{"a gap where the IDR is missing", func(r *Rendition) {
			r.IDRs, r.Video = r.IDRs[:1], r.Video[:2]
			r.Playlist.Segments[1].Gap = true
		}, ""},
		{"a hole in a segment", func(r *Rendition) {
			r.IDRs, r.Video = r.IDRs[1:], r.Video[2:]
			r.Playlist.Segments[0].Parts = []Part{{Gap: true}}
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changed := rendition("b")
			test.change(changed)
			err := Aligned([]*Rendition{rendition("a"), changed}, LastSlack)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, where %q was expected", err, test.want)
			}
		})
	}
}

func TestCheckMedia(t *testing.T) {
	r := rendition("a")
	r.Streams = []StreamInfo{{Kind: "audio", SampleRate: "1024"}} // a frame a second
	for i := range int64(4) {
		r.Audio = append(r.Audio, Packet{PTS: 1024 * (i + 1), DTS: 1024 * (i + 1)})
	}
	if err := r.CheckMedia(time.Millisecond); err != nil {
		t.Fatal(err)
	}
	short := *r
	short.Audio = r.Audio[:3]
	if err := short.CheckMedia(time.Millisecond); err == nil || !strings.Contains(err.Error(), "audio lasts 3s") {
		t.Errorf("short audio: %v", err)
	}
	r.Video[2].PTS += 90
	if err := r.CheckMedia(time.Millisecond); err == nil || !strings.Contains(err.Error(), "its video lasts 2.001s") {
		t.Errorf("EXTINF that is not the media's: %v", err)
	}
}

func TestStanding(t *testing.T) {
	r := rendition("a")
	r.FrameRate = 1 // two pictures in each segment
	r.Video = r.Video[:3]
	if n := r.Standing(); n != 0 {
		t.Errorf("the picture stands in %d segments; it is the last one that was cut off", n)
	}
	r.Video = r.Video[1:]
	if n := r.Standing(); n != 1 {
		t.Errorf("the picture stands in %d segments of one", n)
	}
}
