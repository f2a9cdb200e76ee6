package main

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"ladderd/admission"
	"ladderd/config"
	"ladderd/gpu"
	"ladderd/ladder"
	"ladderd/pipeline"
)

// measured is a device that does all sizes at that rate.
func measured(d gpu.Device, rate float64, sessions int, capped string) gpu.Proof {
	p := gpu.Proof{Device: d, At: time.Unix(1, 0)}
	for _, onDevice := range []bool{false, true} {
		for _, s := range [][2]int{{1920, 1080}, {1280, 720}, {720, 1280}, {284, 160}, {160, 284}} {
			p.Results = append(p.Results, gpu.Result{
				Task: pipeline.Encode, Codec: pipeline.H264, Width: s[0], Height: s[1], OnDevice: onDevice, PixelRate: rate, PerCore: rate / 8,
			})
		}
	}
	return gpu.Proof{Device: p.Device, At: p.At, Results: append(p.Results,
		gpu.Result{Task: pipeline.Decode, Codec: pipeline.H264, Width: 1920, Height: 1080, PixelRate: rate, PerCore: rate / 8},
		gpu.Result{Task: pipeline.Scale, Width: 1920, Height: 1080, PixelRate: 4 * rate, PerCore: rate / 2},
		gpu.Result{Task: pipeline.Sessions, Codec: pipeline.H264, Sessions: sessions, Capped: capped},
	)}
}

func fitOn(t *testing.T, count int, proofs ...gpu.Proof) admission.Answer {
	t.Helper()
	in, err := ladder.ParseInput("1080p60")
	if err != nil {
		t.Fatal(err)
	}
	renditions, err := ladder.For(ladder.Standard, "", in)
	if err != nil {
		t.Fatal(err)
	}
	control, err := newControl(config.Default(), proofs[len(proofs)-1].Device, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	control.Settle(proofs)
	return control.Fit(wishFor(renditions, in), admission.Policy{}, count)
}

// A card of eight sessions carries two ladders, and what x264 takes over after them is
// bounded by the cores.
func TestFit(t *testing.T) {
	card := measured(gpu.Device{API: pipeline.CUDA, ID: "GPU-1", Name: "NVIDIA T4", Driver: "550", Memory: 16 << 30}, 1e9, 8, "all sessions are in use")
	cpu := measured(gpu.Device{Name: "Imaginary CPU 3000", Cores: 8}, 4e8, 0, "")
	a := fitOn(t, 3, card, cpu)
	var text strings.Builder
	if err := writeFit(&text, a, "STANDARD at 1080p60", 3); err != nil {
		t.Fatal(err)
	}
	want := `yes: 3 × STANDARD at 1080p60
  2 by nvenc on GPU-1 (decode, scale, encode): each takes 4 encoder sessions, encode 76 Mpixel/s, decode 124 Mpixel/s, scale 171 Mpixel/s, 0.39 GiB of its memory, 0.05 cores
  1 by x264 on GPU-1 (decode, scale): each takes decode 124 Mpixel/s, scale 171 Mpixel/s, 0.39 GiB of its memory, 3.16 cores
left then:
  Imaginary CPU 3000: 4.74 cores
  NVIDIA T4: 0 encoder sessions, encode 848 Mpixel/s, decode 627 Mpixel/s, scale 3486 Mpixel/s, 14.83 GiB of its memory
`
	if got, _, _ := strings.Cut(text.String(), "4 ×"); got != want {
		t.Errorf("it says\n%s", text.String())
	}
	if a = fitOn(t, 20, card, cpu); len(a.Fits) != *a.InAll || *a.InAll >= 20 || a.Why != "the devices are full: too little is left of encoder sessions" {
		t.Errorf("%d of 20 fit, %d in all: %s", len(a.Fits), *a.InAll, a.Why)
	}
}

// The names of --json are for other programs: they stay.
func TestFitForPrograms(t *testing.T) {
	text, err := json.Marshal(fitOn(t, 1, measured(gpu.Device{Name: "Imaginary CPU 3000", Cores: 8}, 8e8, 0, "")))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(text), `{"fits":[{"device":"cpu","backend":"x264","takes":{"cpu_cores":4.911},"cpu_cores":4.911}],`+
		`"in_all":1,"left":[{"device":"cpu","name":"Imaginary CPU 3000","has":{"cpu_cores":3.089}}],`+
		`"ways":[{"device":"","backend":"x264","takes":{"cpu_cores":4.911},"cpu_cores":4.911}]}`; got != want {
		t.Errorf("%s", got)
	}
}
