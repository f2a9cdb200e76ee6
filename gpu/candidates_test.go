package gpu

import (
	"slices"
	"strings"
	"testing"

	"ladderd/pipeline"
)

func TestCandidates(t *testing.T) {
	noEncoders := without(noEncoder, pipeline.Encode, pipeline.Sessions)
	small := func(r *Result) {
		if r.Task == pipeline.Encode && r.Width < 200 {
			r.Why = "too small"
		}
	}
	capped := func(r *Result) {
		if r.Task == pipeline.Sessions {
			r.Sessions, r.Capped = 3, full
		}
	}
	const (
		wholeT4    = "nvenc on GPU-1 (decode, scale, encode)"
		wholeOther = "nvenc on GPU-2 (decode, scale, encode)"
		wholeIris  = "vaapi on /dev/dri/renderD128 (decode, scale, encode)"
		helpT4     = "x264 on GPU-1 (decode, scale)"
		helpOther  = "x264 on GPU-2 (decode, scale)"
		helpH100   = "x264 on GPU-3 (decode, scale)"
	)
	for name, c := range map[string]struct {
		proofs []Proof
		want   Wanted
		best   []string // or the error, alone
	}{
		"only a CPU":                    {[]Proof{proven(cpu, 2e8, nil)}, Auto, []string{"x264"}},
		"nothing known":                 {nil, Auto, []string{"x264"}},
		"x264 looks at nothing":         {[]Proof{proven(t4, 1e9, nil)}, "x264", []string{"x264"}},
		"all on one GPU":                {[]Proof{proven(t4, 1e9, nil), {Device: cpu}}, Auto, []string{wholeT4, "x264"}},
		"the faster one first":          {[]Proof{proven(iris, 4e8, nil), proven(t4, 1e9, nil), proven(other, 2e9, nil)}, Auto, []string{wholeOther, wholeT4, wholeIris, "x264"}},
		"the wanted kind":               {[]Proof{proven(iris, 4e8, nil), proven(t4, 1e9, nil)}, "vaapi", []string{wholeIris}},
		"more of the work before speed": {[]Proof{proven(t4, 9e9, without("no", pipeline.Decode)), proven(other, 1e9, nil)}, "nvenc", []string{wholeOther, "nvenc on GPU-1 (scale, encode)"}},
		"no scaling":                    {[]Proof{proven(t4, 1e9, without("no", pipeline.Scale))}, "nvenc", []string{"nvenc on GPU-1 (encode)"}},
		"scaling, and encoding from main memory alone": {[]Proof{proven(t4, 1e9, func(r *Result) {
			if r.OnDevice {
				r.Why = "no"
			}
		})}, "nvenc", []string{"nvenc on GPU-1 (encode)"}},
		"an encoder beside a slow CPU":  {[]Proof{proven(t4, 1e9, nil), proven(cpu, 2e8, nil)}, Auto, []string{wholeT4, helpT4, "x264"}},
		"no encoder, faster than a CPU": {[]Proof{proven(h100, 1e9, noEncoders), proven(cpu, 2e8, nil)}, Auto, []string{helpH100, "x264"}},
		"no encoder, slower":            {[]Proof{proven(h100, 1e8, noEncoders), proven(cpu, 2e8, nil)}, Auto, []string{"x264"}},
		"no encoder, CPU not measured":  {[]Proof{proven(h100, 1e9, noEncoders), {Device: cpu}}, Auto, []string{"x264"}},
		"several without":               {[]Proof{proven(t4, 1e9, noEncoders), proven(other, 2e9, noEncoders), proven(cpu, 2e8, nil)}, Auto, []string{helpOther, helpT4, "x264"}},
		"no encoder, but wanted": {[]Proof{proven(h100, 1e9, noEncoders), proven(cpu, 2e8, nil)}, "nvenc",
			[]string{"backend nvenc is not available: NVIDIA H100: this GPU has no video encoder"}},
		"no rung of 160 lines": {[]Proof{proven(t4, 1e9, small), proven(cpu, 2e9, nil)}, Auto, []string{"x264"}},
		"too few sessions":     {[]Proof{proven(t4, 1e9, capped)}, "nvenc", []string{"backend nvenc is not available: NVIDIA T4: no more than 3 encoders open at once, a ladder has up to 4 (" + full + ")"}},
		"a device with a problem": {[]Proof{{Device: Device{API: pipeline.VA, ID: "/dev/dri/renderD128", Name: "Intel GPU", Problem: "no permission"}}}, "vaapi",
			[]string{"backend vaapi is not available: Intel GPU: no permission"}},
		"no such device":    {[]Proof{proven(t4, 1e9, nil)}, "vaapi", []string{"backend vaapi is not available: no render node of an Intel or AMD GPU in /dev/dri (renderD*)"}},
		"no NVIDIA GPU":     {[]Proof{proven(cpu, 1e9, nil)}, "nvenc", []string{"backend nvenc is not available: no NVIDIA GPU found, or no NVIDIA driver (libnvidia-ml.so.1) is installed; in a container, give it the GPU (--gpus, or the NVIDIA runtime)"}},
		"an unknown want":   {nil, "quantum", []string{`unknown backend "quantum"`}},
		"nothing was tried": {[]Proof{{Device: t4}}, "nvenc", []string{"backend nvenc is not available: NVIDIA T4: not tried"}},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := Candidates(c.proofs, c.want)
			var got []string
			for _, b := range list {
				got = append(got, b.String())
			}
			if err != nil {
				got = []string{err.Error()}
			}
			if strings.Join(got, "\n") != strings.Join(c.best, "\n") {
				t.Errorf("candidates are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.best, "\n"))
			}
		})
	}
}

// The CPU is measured only where that decides something.
func TestHelps(t *testing.T) {
	for name, c := range map[string]struct {
		proof Proof
		want  bool
	}{
		"an encoder":         {proven(t4, 1e9, nil), false},
		"none, but a helper": {proven(h100, 1e9, without(noEncoder, pipeline.Encode)), true},
		"nothing works":      {proven(h100, 1e9, without("no", pipeline.Encode, pipeline.Decode, pipeline.Scale)), false},
		"VAAPI":              {proven(iris, 1e9, without("no", pipeline.Encode)), false},
	} {
		if got := Helps([]Proof{c.proof}); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// What x264 encoded in the device's place says nothing of the device.
func TestRungsByX264DoNotCount(t *testing.T) {
	p := proven(t4, 1e9, func(r *Result) {
		if r.Task == pipeline.Encode && r.Height == landscape.height {
			r.Spare, r.PixelRate = true, 9e9
		}
	})
	if best := p.Best(pipeline.Encode, pipeline.H264); best.PixelRate != 1e9 {
		t.Errorf("the best is %+v", best)
	}
	if _, why := encoder(p); why != "" {
		t.Errorf("it does not encode a ladder: %s", why)
	}
	if text := p.lines(pipeline.Encode); !slices.ContainsFunc(text, func(l string) bool {
		return strings.HasPrefix(l, "H264 284×160 by x264")
	}) {
		t.Errorf("it says %q", text)
	}
}

// The device that encodes ladders faster comes first, whatever else it does.
func TestRankIsByTheLadder(t *testing.T) {
	fast := func(picture size, rate float64) func(*Result) {
		return func(r *Result) {
			if r.Task == pipeline.Encode && r.Width == picture.width {
				r.PixelRate = rate
			}
		}
	}
	list, err := Candidates([]Proof{proven(t4, 1e9, fast(source, 9e9)), proven(other, 1e9, fast(largest, 2e9))}, Auto)
	if err != nil || list[0].Device.ID != other.ID {
		t.Errorf("first is %v, %v", list, err)
	}
}
