package main

import (
	"slices"
	"testing"
	"time"

	"ladderd/m3u8"
	"ladderd/media"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// TestPublisherKeepsTheStreamsTimeline: the first IDR is at 1 s, whatever the clip
// says, and pictures are known by when they are shown.
func TestPublisherKeepsTheStreamsTimeline(t *testing.T) {
	begin := time.Unix(1000, 0)
	p := &publisher{sent: map[media.Ticks]time.Time{}}
	video := func(at int64, first, composition byte) publish.Tag {
		return publish.Tag{Type: publish.TagVideo, Time: at, Body: []byte{first, 1, 0, 0, composition, 9}}
	}
	tags := []publish.Tag{
		{Type: publish.TagVideo, Body: []byte{0x17, 0, 0, 0, 0, 1}}, {Type: publish.TagAudio, Body: []byte{0xaf, 1, 5}},
		video(500, 0x17, 33), video(516, 0x27, 50),
	}
	for i, tag := range tags {
		p.note(publish.Sent{Tag: tag, At: begin.Add(time.Duration(i) * time.Second)})
	}
	if len(p.sent) != 2 || !p.sent[media.Clock].Equal(begin.Add(2*time.Second)) || !p.idr.Equal(begin.Add(2*time.Second)) {
		t.Errorf("IDR at %v, sent %v", p.idr, p.sent)
	}
	if !p.sent[media.Clock+media.FromMillis(33)].Equal(begin.Add(3 * time.Second)) {
		t.Errorf("sent %v", p.sent)
	}
}

func TestEveryFrameWaitsForItsPart(t *testing.T) {
	begin := time.Unix(1000, 0)
	p := &publisher{sent: map[media.Ticks]time.Time{90000: begin, 93000: begin.Add(33 * time.Millisecond)}}
	parts := []seenPart{{at: begin.Add(100 * time.Millisecond), pts: []media.Ticks{90000, 93000}}}
	got, err := frameDelays(parts, p)
	if err != nil || !slices.Equal(got, []float64{0.1, 0.067}) {
		t.Errorf("%v, %v", got, err)
	}
	parts[0].pts = append(parts[0].pts, 96000)
	if _, err := frameDelays(parts, p); err == nil {
		t.Error("a picture that was never sent is taken")
	}
}

func TestPartsAreListedOldestFirst(t *testing.T) {
	part := func(uri string) hls.Part { return hls.Part{URI: uri} }
	p := &hls.Playlist{Media: &m3u8.Media{
		Segments: []hls.Segment{{}, {Parts: []hls.Part{part("a"), part("b")}}},
		Open:     hls.Segment{Parts: []hls.Part{part("c")}},
	}}
	if got := listed(p); !slices.Equal(got, []hls.Part{part("a"), part("b"), part("c")}) {
		t.Error(got)
	}
}

func TestInitOfIsTheLast(t *testing.T) {
	for want, text := range map[string]string{
		"":  "#EXTM3U\n",
		"b": "#EXT-X-MAP:URI=\"a\"\n#EXTINF:2,\ns\n#EXT-X-MAP:URI=\"b\"\n#EXT-X-PART:URI=\"p\"\n",
	} {
		if got := initOf(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func TestWorstRenditionIsJudged(t *testing.T) {
	r := &latencyReport{PartTarget: 0.333, Renditions: []*delays{
		{FromIDR: []float64{0.4, 0.5, 2}, P99: []float64{0.4}, Frames: 900}, {FromIDR: []float64{0.6}, P99: []float64{0.5}, Frames: 900},
	}}
	r.judge()
	if first, late := r.Aims[0], r.Aims[1]; first.Got != 0.6 || !first.Met || late.Got != 0.5 || late.Met {
		t.Errorf("%v", r.Aims)
	}
}

func TestNoFrameMeetsNoAim(t *testing.T) {
	for _, renditions := range [][]*delays{nil, {{Rendition: "360p30"}}} {
		r := &latencyReport{Renditions: renditions}
		r.judge()
		for _, a := range r.Aims {
			if a.Met || a.NoData == "" {
				t.Errorf("%v", a)
			}
		}
	}
}
