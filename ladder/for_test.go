package ladder

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/testassets/golden"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLaddersGolden keeps every ladder as text, for review. Run it with -update
// after a change to the tables.
func TestLaddersGolden(t *testing.T) {
	sizes := [][2]int{
		{1920, 1080}, {1080, 1920}, {1600, 900}, {1366, 768}, {1919, 1079}, {1280, 720}, {720, 1280},
		{960, 540}, {540, 960}, {854, 480}, {852, 480}, {480, 852}, {640, 481}, {640, 480}, {640, 360}, {426, 240},
		{284, 160}, {160, 284}, {128, 96}, {65, 33}, {2, 2}, {1080, 1080}, {480, 480}, {1920, 800}, {1920, 400},
	}
	rates := []media.Rate{
		{Num: 60, Den: 1}, {Num: 60000, Den: 1001}, {Num: 50, Den: 1}, {Num: 48, Den: 1}, {Num: 30, Den: 1},
		{Num: 30000, Den: 1001}, {Num: 25, Den: 1}, {Num: 24, Den: 1}, {Num: 24000, Den: 1001},
		{}, {Num: 120, Den: 1}, {Num: 100, Den: 1}, {Num: 302, Den: 10}, {Num: 1, Den: 4},
	}
	for _, c := range allKinds() {
		var b strings.Builder
		for i, size := range sizes {
			for _, rate := range rates[:ratesFor(i, len(rates))] {
				in := Input{Width: size[0], Height: size[1], Rate: rate, Audio: true}
				got, err := For(c.t, c.p, in)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%d×%d at %s\n", in.Width, in.Height, rateText(rate))
				for _, r := range got {
					b.WriteString(line(r))
				}
			}
		}
		name := strings.ToLower(strings.TrimSuffix(fmt.Sprintf("%s-%s", c.t, c.p), "-"))
		golden.Check(t, filepath.Join("testdata", name+".golden"), b.String())
	}
}

// ratesFor tries all rates on the first size and the first on the others.
func ratesFor(size, all int) int {
	if size == 0 {
		return all
	}
	return 1
}

func line(r Rendition) string {
	words := map[Treatment]string{None: "none", Passthrough: "source", Transcode: ""}
	video, audio := words[r.Video], words[r.Audio]
	if r.Video == Transcode {
		video = fmt.Sprintf("%d kbps", r.VideoBitrate/1000)
	}
	if r.Audio == Transcode {
		audio = fmt.Sprintf("%d kbps", r.AudioBitrate/1000)
	}
	size := fmt.Sprintf("%d×%d at %s", r.Width, r.Height, r.Rate)
	if r.Video == None {
		size = "-"
	}
	text := fmt.Sprintf("  %-10s  %-27s  video %-9s  audio %-8s", r.Name, size, video, audio)
	if r.OnRequest {
		text += "  on request"
	}
	return strings.TrimRight(text, " ") + "\n"
}

func rateText(r media.Rate) string {
	if !r.Known() {
		return "an unknown rate"
	}
	return r.String()
}

type kind struct {
	t Type
	p Preset
}

func allKinds() []kind {
	return []kind{
		{Standard, ""}, {AdvancedHD, HigherBandwidth}, {AdvancedHD, ConstrainedBandwidth},
		{AdvancedSD, HigherBandwidth}, {AdvancedSD, ConstrainedBandwidth}, {Basic, ""},
	}
}

func TestEmptyPresetIsHigherBandwidth(t *testing.T) {
	in := Input{Width: 1280, Height: 720, Rate: media.Rate{Num: 30, Den: 1}, Audio: true}
	for _, typ := range []Type{AdvancedHD, AdvancedSD} {
		empty, _ := For(typ, "", in)
		higher, _ := For(typ, HigherBandwidth, in)
		if diff := cmp.Diff(higher, empty); diff != "" || len(empty) == 0 {
			t.Errorf("%s without a preset (-higher +empty):\n%s", typ, diff)
		}
	}
}

func TestForRefuses(t *testing.T) {
	hd := Input{Width: 1280, Height: 720}
	for _, c := range []struct {
		name string
		t    Type
		p    Preset
		in   Input
		want string
	}{
		{"no type", "", "", hd, `unknown channel type ""`},
		{"another type", "PREMIUM", "", hd, `unknown channel type "PREMIUM": it is one of STANDARD, ADVANCED_HD, ADVANCED_SD, BASIC`},
		{"another preset", AdvancedHD, "FAST", hd, `unknown preset "FAST": it is one of HIGHER_BANDWIDTH_DELIVERY, CONSTRAINED_BANDWIDTH_DELIVERY`},
		{"preset on STANDARD", Standard, HigherBandwidth, hd, "a channel of type STANDARD has no preset"},
		{"preset on BASIC", Basic, ConstrainedBandwidth, hd, "a channel of type BASIC has no preset"},
		{"no size", Standard, "", Input{}, "ingest resolution 0×0 is too small"},
		{"one row", Standard, "", Input{Width: 640, Height: 1}, "ingest resolution 640×1 is too small"},
		{"negative size", Basic, "", Input{Width: -1280, Height: -720}, "too small"},
		{"long edge", Standard, "", Input{Width: 1922, Height: 400}, "ingest resolution 1922×400 exceeds the limit of 1920 pixels per edge by 2"},
		{"long edge, portrait", Basic, "", Input{Width: 1080, Height: 2160}, "exceeds the limit of 1920 pixels per edge by 240"},
		{"many pixels", AdvancedSD, "", Input{Width: 1920, Height: 1200}, "ingest resolution 1920×1200 exceeds the limit of 2100000 total pixels by 204000"},
		{"4K", AdvancedHD, "", Input{Width: 3840, Height: 2160}, "exceeds the limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			renditions, err := For(c.t, c.p, c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) || renditions != nil {
				t.Errorf("got %v, %v; want an error with %q", renditions, err, c.want)
			}
		})
	}
}

func TestLimitErrorTellsTheLimit(t *testing.T) {
	err := Check(Standard, Input{Width: 1920, Height: 1200})
	var limit *LimitError
	if !errors.As(err, &limit) || limit.Limit != MaxPixels || limit.By != 204_000 || limit.Unit != "total pixels" {
		t.Errorf("got %#v", err)
	}
}

func TestMaxBitrate(t *testing.T) {
	sd, hd := Input{Width: 480, Height: 852}, Input{Width: 960, Height: 540}
	for _, c := range []struct {
		t      Type
		sd, hd int
	}{{Basic, 1_500_000, 3_500_000}, {Standard, 8_500_000, 8_500_000}, {AdvancedHD, 8_500_000, 8_500_000}, {AdvancedSD, 8_500_000, 8_500_000}, {"", 0, 0}} {
		if a, b := MaxBitrate(c.t, sd), MaxBitrate(c.t, hd); a != c.sd || b != c.hd {
			t.Errorf("%s: %d and %d bits per second, want %d and %d", c.t, a, b, c.sd, c.hd)
		}
	}
}

func TestInputWithoutAudioGetsNone(t *testing.T) {
	for _, c := range allKinds() {
		got, err := For(c.t, c.p, Input{Width: 1920, Height: 1080})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if r.Audio != None || r.AudioBitrate != 0 || r.Name == AudioOnly {
				t.Errorf("%s %s: %+v", c.t, c.p, r)
			}
		}
	}
}

func TestPassesVideo(t *testing.T) {
	for _, c := range []struct {
		t     Type
		short int
		want  bool
	}{
		{Standard, 1080, true}, {Standard, 721, true}, {Standard, 720, false}, {Standard, 480, false},
		{AdvancedHD, 1080, false}, {AdvancedHD, 540, false}, {AdvancedSD, 1080, false},
		{Basic, 1080, true}, {Basic, 96, true},
	} {
		got, err := For(c.t, "", Input{Width: c.short, Height: c.short, Audio: true})
		if err != nil {
			t.Fatal(err)
		}
		if PassesVideo(got) != c.want {
			t.Errorf("%s of %d: %v, want %v", c.t, c.short, !c.want, c.want)
		}
	}
}

// TestSixteenByNine has the sizes that the guide names from every way to write
// 16:9 at 480 lines.
func TestSixteenByNine(t *testing.T) {
	for _, in := range []Input{{Width: 852, Height: 480}, {Width: 854, Height: 480}, {Width: 853, Height: 480}} {
		got, err := For(Standard, "", in)
		if err != nil {
			t.Fatal(err)
		}
		var sizes []string
		for _, r := range got {
			sizes = append(sizes, fmt.Sprintf("%d×%d", r.Width, r.Height))
		}
		if s := strings.Join(sizes, " "); s != "852×480 640×360 284×160" {
			t.Errorf("%d×%d makes %s", in.Width, in.Height, s)
		}
	}
}

func TestForHoldsForAnyInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(allKinds()).Draw(t, "kind")
		in := Input{
			Width:  rapid.OneOf(rapid.IntRange(2, 1920), rapid.Int()).Draw(t, "width"),
			Height: rapid.OneOf(rapid.IntRange(2, 1920), rapid.Int()).Draw(t, "height"),
			Rate: media.Rate{
				Num: rapid.IntRange(-1, 200_000).Draw(t, "frames"),
				Den: rapid.SampledFrom([]int{-1, 0, 1, 2, 1000, 1001, 7919}).Draw(t, "seconds"),
			},
			Audio: rapid.Bool().Draw(t, "audio"),
		}
		got, err := For(c.t, c.p, in)
		if (err == nil) != (Check(c.t, in) == nil) {
			t.Fatalf("For says %v, Check %v", err, Check(c.t, in))
		}
		checkLadder(t, got, in)
	})
}

// checkLadder holds what is true of every ladder.
func checkLadder(t *rapid.T, renditions []Rendition, in Input) {
	rate := in.Rate.Float()
	if rate <= 0 || rate > maxInputRate {
		rate = 30
	}
	names := map[string]bool{}
	for i, r := range renditions {
		if names[r.Name] {
			t.Errorf("two renditions are named %s", r.Name)
		}
		names[r.Name] = true
		if (r.Audio == Transcode) != (r.AudioBitrate > 0) || (r.Video == Transcode) != (r.VideoBitrate > 0) {
			t.Errorf("%+v: what is transcoded has a figure, and nothing else", r)
		}
		if r.Name == AudioOnly {
			if i != len(renditions)-1 || !in.Audio || r.Video != None || r.Width != 0 {
				t.Errorf("%+v: audio_only has no video, comes last, and needs audio", r)
			}
			continue
		}
		checkVideo(t, r, in, rate)
		if i == 0 {
			continue
		}
		above := renditions[i-1]
		if r.Width >= above.Width || r.Height >= above.Height || r.Rate.Float() > above.Rate.Float() ||
			above.Video == Transcode && r.VideoBitrate >= above.VideoBitrate {
			t.Errorf("%+v comes below %+v", r, above)
		}
	}
}

func checkVideo(t *rapid.T, r Rendition, in Input, rate float64) {
	switch {
	case r.Width > in.Width || r.Height > in.Height || r.Width <= 0 || r.Height <= 0:
		t.Errorf("%s: %d×%d of an input of %d×%d", r.Name, r.Width, r.Height, in.Width, in.Height)
	case r.Video == Transcode && (r.Width%2 != 0 || r.Height%2 != 0):
		t.Errorf("%s: %d×%d is odd", r.Name, r.Width, r.Height)
	case r.Video == Transcode && r.Width < in.Width&^1 && (r.Width%4 != 0 || r.Height%4 != 0):
		t.Errorf("%s: %d×%d is scaled, and no multiple of 4", r.Name, r.Width, r.Height)
	}
	if got := r.Rate.Float(); got > rate*1.0001 || r.Video == Transcode && got >= fastest+0.5 {
		t.Errorf("%s: %s frames per second of an input with %s", r.Name, r.Rate, in.Rate)
	}
}
