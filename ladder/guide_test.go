package ladder

import (
	"fmt"
	"strings"
	"testing"

	"ladderd/media"
)

// Sizes of the guide's rows, landscape; every row is tried in portrait too.
var (
	p1080 = [2]int{1920, 1080}
	p900  = [2]int{1600, 900}
	p720  = [2]int{1280, 720}
	p540  = [2]int{960, 540}
	p480  = [2]int{852, 480}
)

// The rates that the rows' "60" and "30" stand for: the input's, and that of a
// rendition which the guide names "30".
var (
	rates60 = [][2]media.Rate{
		{{Num: 60, Den: 1}, {Num: 30, Den: 1}}, {{Num: 60000, Den: 1001}, {Num: 30000, Den: 1001}},
		{{Num: 50, Den: 1}, {Num: 25, Den: 1}}, {{Num: 48, Den: 1}, {Num: 24, Den: 1}},
		{{Num: 48000, Den: 1001}, {Num: 24000, Den: 1001}},
	}
	rates30 = [][2]media.Rate{
		{{Num: 30, Den: 1}, {Num: 30, Den: 1}}, {{Num: 30000, Den: 1001}, {Num: 30000, Den: 1001}},
		{{Num: 25, Den: 1}, {Num: 25, Den: 1}}, {{Num: 24, Den: 1}, {Num: 24, Den: 1}},
		{{Num: 24000, Den: 1001}, {Num: 24000, Den: 1001}}, {{Num: 15, Den: 1}, {Num: 15, Den: 1}},
	}
)

// guideRow is one row of the guide, with the renditions in its own words, one a
// line: video, then audio.
type guideRow struct {
	line   int // of the guide
	t      Type
	preset Preset
	sizes  [][2]int
	rates  [][][2]media.Rate
	want   string
}

var (
	any60, any30 = [][][2]media.Rate{rates60}, [][][2]media.Rate{rates30}
	anyRate      = [][][2]media.Rate{rates60, rates30}
)

var guideRows = []guideRow{
	{9114, Standard, "", [][2]int{p1080}, any60,
		"source / source, 720p60 3.4 / source, 480p30 1.4 / source, 360p30 0.63 / 64, 160p30 0.23 / 48, audio-only on request / source"},
	{9115, Standard, "", [][2]int{p1080}, any30,
		"source / source, 720p30 2.4 / source, 480p30 1.4 / source, 360p30 0.63 / 64, 160p30 0.23 / 48, audio-only on request / source"},
	{9116, Standard, "", [][2]int{p900}, any60,
		"source / source, 720p60 3.4 / source, 480p30 1.4 / source, 360p30 0.63 / 64, 160p30 0.23 / 48, audio-only on request / source"},
	{9117, Standard, "", [][2]int{p900}, any30,
		"source / source, 720p30 2.4 / source, 480p30 1.4 / source, 360p30 0.63 / 64, 160p30 0.23 / 48, audio-only on request / source"},
	{9120, Standard, "", [][2]int{p720}, any60,
		"720p60 3.4 / source, 480p30 1.4 / source, 360p30 0.63 / 64, 160p30 0.23 / 48, audio-only on request / source"},
	{9121, Standard, "", [][2]int{p720}, any30,
		"720p30 2.4 / source, 480p30 1.4 / source, 360p30 0.63 / 64, 160p30 0.23 / 48, audio-only on request / source"},
	{9122, Standard, "", [][2]int{p540, p480}, anyRate,
		"480p30 1.4 / source, 360p30 0.63 / 64, 160p30 0.23 / 48, audio-only on request / source"},

	{9138, AdvancedHD, HigherBandwidth, [][2]int{p1080, p900, p720}, any60,
		"720p60 3 / 128, 480p30 1.3 / 128, 360p30 0.7 / 64, 160p30 0.27 / 48, audio-only / 64"},
	{9138, AdvancedHD, ConstrainedBandwidth, [][2]int{p1080, p900, p720}, any60,
		"720p60 2.2 / 128, 480p30 0.8 / 128, 360p30 0.4 / 64, 160p30 0.22 / 48, audio-only / 64"},
	{9139, AdvancedHD, HigherBandwidth, [][2]int{p1080, p900, p720}, any30,
		"720p30 2.3 / 128, 480p30 1.3 / 128, 360p30 0.7 / 64, 160p30 0.27 / 48, audio-only / 64"},
	{9139, AdvancedHD, ConstrainedBandwidth, [][2]int{p1080, p900, p720}, any30,
		"720p30 1.9 / 128, 480p30 0.8 / 128, 360p30 0.4 / 64, 160p30 0.22 / 48, audio-only / 64"},
	{9142, AdvancedHD, HigherBandwidth, [][2]int{p540}, anyRate,
		"source 2.3 / 128, 480p30 1.3 / 128, 360p30 0.7 / 64, 160p30 0.27 / 48, audio-only / 64"},
	{9142, AdvancedHD, ConstrainedBandwidth, [][2]int{p540}, anyRate,
		"source 1.9 / 128, 480p30 0.8 / 128, 360p30 0.4 / 64, 160p30 0.22 / 48, audio-only / 64"},
	{9143, AdvancedHD, HigherBandwidth, [][2]int{p480}, anyRate,
		"480p30 1.3 / 128, 360p30 0.7 / 64, 160p30 0.27 / 48, audio-only / 64"},
	{9143, AdvancedHD, ConstrainedBandwidth, [][2]int{p480}, anyRate,
		"480p30 0.8 / 128, 360p30 0.4 / 64, 160p30 0.22 / 48, audio-only / 64"},

	{9153, AdvancedSD, HigherBandwidth, [][2]int{p1080, p900, p720, p540, p480}, anyRate,
		"480p30 1.3 / 128, 360p30 0.7 / 64, 160p30 0.27 / 48, audio-only / 64"},
	{9153, AdvancedSD, ConstrainedBandwidth, [][2]int{p1080, p900, p720, p540, p480}, anyRate,
		"480p30 0.8 / 128, 360p30 0.4 / 64, 160p30 0.22 / 48, audio-only / 64"},

	{9163, Basic, "", [][2]int{p1080, p900, p720, p540}, anyRate, "source / source, audio-only on request / source"},
	{9164, Basic, "", [][2]int{p480}, anyRate, "source / source, audio-only on request / source"},
}

// TestGuideRows holds For against every row of the guide.
func TestGuideRows(t *testing.T) {
	for _, row := range guideRows {
		for _, size := range row.sizes {
			for _, in := range inputsOf(row, size) {
				t.Run(fmt.Sprintf("line %d/%s/%s/%dx%d at %s", row.line, row.t, row.preset, in.Width, in.Height, in.Rate), func(t *testing.T) {
					got, err := For(row.t, row.preset, in)
					if err != nil {
						t.Fatal(err)
					}
					if words := inGuideWords(got, in); words != row.want {
						t.Errorf("got  %s\nwant %s", words, row.want)
					}
					checkRates(t, got, in)
				})
			}
		}
	}
}

func inputsOf(row guideRow, size [2]int) []Input {
	var inputs []Input
	for _, group := range row.rates {
		for _, rate := range group {
			inputs = append(inputs,
				Input{Width: size[0], Height: size[1], Rate: rate[0], Audio: true},
				Input{Width: size[1], Height: size[0], Rate: rate[0], Audio: true})
		}
	}
	return inputs
}

// inGuideWords is what the guide would write: "60" for the input's rate above 30,
// "30" for the rate at or below it, Mbps and kbps.
func inGuideWords(renditions []Rendition, in Input) string {
	var words []string
	for _, r := range renditions {
		video, audio := "audio-only", "source"
		switch {
		case r.Video == Passthrough:
			video = "source"
		case r.Video == Transcode && r.Width == in.Width && r.Rate == in.Rate && min(r.Width, r.Height) == 540:
			video = fmt.Sprintf("source %g", float64(r.VideoBitrate)/1e6)
		case r.Video == Transcode:
			rate := 30
			if r.Rate.Float() > 30 {
				rate = 60
			}
			video = fmt.Sprintf("%dp%d %g", min(r.Width, r.Height), rate, float64(r.VideoBitrate)/1e6)
		case r.OnRequest:
			video = "audio-only on request"
		}
		if r.Audio == Transcode {
			audio = fmt.Sprint(r.AudioBitrate / 1000)
		}
		words = append(words, video+" / "+audio)
	}
	return strings.Join(words, ", ")
}

// checkRates wants each rendition's rate to be the input's or what the tables above
// say of "30", and its name to tell it rounded.
func checkRates(t *testing.T, renditions []Rendition, in Input) {
	t.Helper()
	var slow media.Rate
	for _, pair := range append(rates60, rates30...) {
		if pair[0] == in.Rate {
			slow = pair[1]
		}
	}
	for _, r := range renditions {
		if r.Video == None {
			continue
		}
		if r.Rate != in.Rate && r.Rate != slow {
			t.Errorf("%s has %s frames per second, want %s or %s", r.Name, r.Rate, in.Rate, slow)
		}
		if want := fmt.Sprintf("%dp%.0f", min(r.Width, r.Height), r.Rate.Float()); r.Name != want {
			t.Errorf("%s should be named %s", r.Name, want)
		}
	}
}
