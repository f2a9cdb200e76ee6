package m3u8

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const multivariant = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="360p30",NAME="360p30",AUTOSELECT=YES,DEFAULT=YES
#EXT-X-STREAM-INF:BANDWIDTH=700000,AVERAGE-BANDWIDTH=600000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,VIDEO="360p30",CLOSED-CAPTIONS=NONE
360p30/index.m3u8

#EXT-X-STREAM-INF:BANDWIDTH=64000
audio/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1000,URI="i.m3u8"
#EXT-X-SOMETHING-NEW:A=B
`

func TestMultivariantPlaylist(t *testing.T) {
	if !IsMultivariant([]byte(multivariant)) || IsMultivariant([]byte(live)) {
		t.Error("the two kinds are mistaken for each other")
	}
	p, err := ParseMultivariant([]byte(multivariant))
	if err != nil {
		t.Fatal(err)
	}
	want := &Multivariant{
		Header: Header{Version: 9, IndependentSegments: true, Unknown: []Tag{{"EXT-X-SOMETHING-NEW", 10}}},
		Variants: []Variant{
			{
				Line: 5, URILine: 6, URI: "360p30/index.m3u8", Bandwidth: 700_000, AverageBandwidth: 600_000,
				Codecs: []string{"avc1.4d401e", "mp4a.40.2"}, Width: 640, Height: 360, FrameRate: 29.97, Video: "360p30",
			},
			{Line: 8, URILine: 9, URI: "audio/index.m3u8", Bandwidth: 64000},
		},
		IFrames: []Variant{{Line: 10, URILine: 10, URI: "i.m3u8", Bandwidth: 1000}},
		Renditions: []Rendition{
			{Line: 4, Type: "VIDEO", GroupID: "360p30", Name: "360p30", Autoselect: true, Default: true},
		},
	}
	want.Unknown[0].Line = 11
	ignore := []cmp.Option{cmpopts.IgnoreUnexported(Header{}, Multivariant{}), cmpopts.IgnoreFields(Variant{}, "Told", "Attributes"), cmpopts.IgnoreFields(Rendition{}, "Attributes")}
	if diff := cmp.Diff(want, p, ignore...); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !p.Variants[0].Told["FRAME-RATE"] || p.Variants[1].Told["CODECS"] {
		t.Errorf("attributes that are told: %v, %v", p.Variants[0].Told, p.Variants[1].Told)
	}
}

func TestMultivariantProblems(t *testing.T) {
	p, err := ParseMultivariant([]byte(`#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640*360
#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1
a.m3u8
b.m3u8
#EXT-X-MEDIA:TYPE=PICTURE,GROUP-ID="a",NAME="b"
#EXT-X-TARGETDURATION:2
`))
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, problem := range p.Problems {
		lines = append(lines, problem.Line)
	}
	if diff := cmp.Diff([]int{2, 2, 3, 5, 6, 7}, lines); diff != "" {
		t.Errorf("%v\n%s", p.Problems, diff)
	}
}

func TestVariantsHaveTheirVideosNames(t *testing.T) {
	p, err := ParseMultivariant([]byte("#EXTM3U\n#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"480\",NAME=\"480p30\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=2,VIDEO=\"480\"\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=16x9\nb.m3u8\n"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"480p30", "b.m3u8"} {
		if got := p.NameOf(&p.Variants[i]); got != want {
			t.Errorf("%s is called %s", p.Variants[i].URI, got)
		}
	}
}
