package main

import (
	"math"
	"strings"
	"testing"
)

func TestMeanPSNRIsOfTheMeanError(t *testing.T) {
	stats := "n:1 mse_avg:1.00 mse_y:2.00 psnr_avg:48.13 \nn:2 mse_avg:3.00 mse_y:2.00 psnr_avg:43.36 \n"
	got, n, err := meanPSNR([]byte(stats))
	if err != nil || n != 2 || math.Abs(got-45.1205) > 0.001 { // 10·log10(255²/2)
		t.Errorf("%v dB of %d pictures, %v", got, n, err)
	}
	for _, bad := range []string{"", "n:1 psnr_avg:40\n", "n:1 mse_avg:x \n"} {
		if _, _, err := meanPSNR([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestPicturesArePaired holds on to the two ways in which pictures find each other:
// by the source's own times, or in order behind the same filter.
func TestPicturesArePaired(t *testing.T) {
	rungs := []rung{{"480p30", 852, 480, 30, 1_400_000, 0}}
	for _, test := range []struct {
		name    string
		k       contender
		copyts  bool
		renamed string
	}{
		{"by time", &worker{file: "in.flv"}, true, "[s0]scale=852:480:flags=bicubic,format=yuv420p[want0];[1:v]format=yuv420p[got0]"},
		{"in order", operators("in.mp4", rungs), false,
			"[s0]fps=30,scale=852:480:flags=bicubic,format=yuv420p,settb=1/30,setpts=N[want0];[1:v]format=yuv420p,settb=1/30,setpts=N[got0]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(psnrArgs(test.k, []string{"a"}, rungs, "bicubic"), " ")
			if strings.Contains(got, "-copyts") != test.copyts || !strings.Contains(got, test.renamed) {
				t.Error(got)
			}
		})
	}
}
