package packager

import (
	"strings"
	"testing"

	"ladderd/ladder"
	"ladderd/media"
)

// A rendition that is not encoded for a while shows the next smaller one's pictures: its
// playlist goes on, with a discontinuity at the same place in all; who comes new is not
// offered it until it is itself again, with the bit rates of its own pictures.
func TestBorrowedPicturesAreNotOffered(t *testing.T) {
	large, small := videoParams(t, sps720), videoParams(t, sps480)
	rate := media.Rate{Num: 30, Den: 1}
	spec := func(name string, v *media.VideoParams) ladder.Rendition {
		return ladder.Rendition{Name: name, Video: ladder.Transcode, Width: v.Width, Height: v.Height, Rate: rate, VideoBitrate: 1_000_000}
	}
	o := testOptions()
	o.Part, o.Window = media.Clock/3, 60*media.Clock
	s, err := New("st-1", []ladder.Rendition{spec("720p30", large), spec("480p30", small)}, o)
	if err != nil {
		t.Fatal(err)
	}
	shoot := func(seconds media.Ticks, from media.Ticks, first *media.VideoParams) {
		end := from + seconds*media.Clock
		for i, v := range []*media.VideoParams{first, small} {
			for _, p := range (shot{params: v, rate: rate, gop: 60, from: from, to: end, bytes: v.Width * 5}).packets() {
				s.Write(i, p)
			}
		}
	}
	offered := func() (tags string) { // of the large one, empty where it is not
		t.Helper()
		doc, err := s.Multivariant("", false)
		if err != nil {
			t.Fatal(err)
		}
		text := string(doc.Body)
		if !strings.Contains(text, "480p30/index.m3u8") {
			t.Errorf("the small one is not offered\n%s", text)
		}
		if !strings.Contains(text, "720p30/index.m3u8") {
			return ""
		}
		_, tags, _ = strings.Cut(text, "#EXT-X-STREAM-INF:")
		tags, _, _ = strings.Cut(tags, "\n")
		return tags
	}
	shoot(4, origin, large)
	before := offered()
	if before == "" {
		t.Error("the large one is not offered")
	}
	shoot(4, origin+4*media.Clock, small)
	if offered() != "" {
		t.Error("borrowed pictures are offered as the large one's")
	}
	shoot(4, origin+8*media.Clock, large)
	if after := offered(); after != before {
		t.Errorf("the large one is offered as %q, and was as %q", after, before)
	}
	s.Finish()
	var lists [2]string
	for i, name := range []string{"720p30", "480p30"} {
		r, _ := s.Rendition(name)
		doc, err := r.Playlist(t.Context(), Plain)
		if err != nil {
			t.Fatal(err)
		}
		var places []string
		for line := range strings.Lines(string(doc.Body)) {
			if strings.HasPrefix(line, "#EXTINF") || strings.HasPrefix(line, "#EXT-X-DISCONTINUITY\n") {
				places = append(places, line)
			}
		}
		lists[i] = strings.Join(places, "")
	}
	if n := strings.Count(lists[0], "DISCONTINUITY"); n != 2 || lists[0] != lists[1] {
		t.Errorf("%d discontinuities\n%s\nand\n%s", n, lists[0], lists[1])
	}
}
