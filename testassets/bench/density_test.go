package main

import (
	"strings"
	"testing"

	"ladderd/density"
	"ladderd/ladder"
	"ladderd/media"
)

func TestFramecrcLines(t *testing.T) {
	for _, c := range []struct {
		line      string
		stream    int
		dts       int64
		timeBase  float64
		malformed bool
	}{
		{"0,      -1536,          0,      512,     1043, 0x2f1a5c10", 0, -1536, 0, false},
		{"1,       1024,       1024,     1024,      182, 0x6e3c5a1f, F=0x0", 1, 1024, 0, false},
		{"#tb 0: 1/90000", 0, 0, 1.0 / 90000, false},
		{"#media_type 0: video", -1, 0, 0, false},
		{"", -1, 0, 0, false},
		{"#tb 0: 1/0", -1, 0, 0, true},
		{"frame=1", -1, 0, 0, true},
	} {
		stream, dts, timeBase, err := framecrc(c.line)
		if stream != c.stream || dts != c.dts || timeBase != c.timeBase || (err != nil) != c.malformed {
			t.Errorf("%q: %d, %d, %g, %v", c.line, stream, dts, timeBase, err)
		}
	}
}

// The plain processes make what the channel type does, of a source that is read at its pace.
func TestPlainCommandsMakeTheLadder(t *testing.T) {
	for _, c := range []struct {
		of   ladder.Type
		want []string
	}{
		{ladder.Standard, []string{"-re -stream_loop -1 -i in.mp4", "split=4", "[s0]null,scale=1280:720", "[s1]fps=30,scale=852:480",
			"-map 0 -c copy -f null -", "-c:a copy -flush_packets 1 -f framecrc pipe:3", "-b:a 48000 -flush_packets 1 -f framecrc pipe:6"}},
		{ladder.AdvancedHD, []string{"split=4", "[s0]null,scale=1280:720", "[s1]null,scale=852:480",
			"-map 0:a -c:a aac -b:a 64000 -f null -", "-b:a 128000 -flush_packets 1 -f framecrc pipe:3"}},
	} {
		for _, k := range densityCases() {
			if k.Type != c.of {
				continue
			}
			p, err := k.plain("in.mp4")
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(p.args(), " ")
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: %q is not in %s", c.of, want, got)
				}
			}
		}
	}
}

// A real ffmpeg's packets are told with the times that they have. Whether it keeps up is the
// machine's affair.
func TestPlainProcessesAreMeasured(t *testing.T) {
	clip := source(2)
	clip.Name, clip.Width, clip.Height, clip.Rate, clip.Bitrate = "small", 320, 180, "30", 200_000
	dir := t.TempDir()
	if _, err := clip.Make(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	renditions, err := ladder.For(ladder.AdvancedSD, "", ladder.Input{Width: 320, Height: 180, Rate: media.Rate{Num: 30, Den: 1}, Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	s := operators(clip.Exact(dir), encoded(renditions))
	s.fps = 30
	r, err := density.Run(t.Context(), density.Options{Carrier: &plainCarrier{stock: s}, Duration: 1e9, Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range r.Steps {
		if !step.RealTime && !strings.Contains(step.Why, "behind") && !strings.Contains(step.Why, "settle") {
			t.Errorf("not real time: %s", step.Why)
		}
		if step.RealTime && (len(step.Delays) != 1 || step.Delays[0].Count < 25 || step.Usage.CPU <= 0) {
			t.Errorf("%+v", step)
		}
	}
}

func TestDensityIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		ours, theirs []float64
		want         string
	}{
		"met":      {[]float64{3, 4}, []float64{2, 2}, "met "},
		"missed":   {[]float64{3}, []float64{3}, "MISSED "},
		"nothing":  {[]float64{0}, []float64{0}, "no data "},
		"no rival": {[]float64{3}, []float64{0}, "no data "},
	} {
		r := densityReport{Cases: []*densityResult{{Case: "a case", Ours: c.ours, Theirs: c.theirs}}}
		r.judge()
		if got := r.Aims[0].String(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
		var w strings.Builder
		r.text(&w)
		if !strings.Contains(w.String(), "a case") {
			t.Error(w.String())
		}
	}
}
