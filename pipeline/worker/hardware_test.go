package worker

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"ladderd/media"
	"ladderd/pipeline"
)

// TestRenditionsAreLikeTheCPUsOnHardware makes the same renditions by this machine's own
// device and by x264: they begin anew at the same times and show the same. How much faster
// one is than the other is told, not judged.
func TestRenditionsAreLikeTheCPUsOnHardware(t *testing.T) {
	backends := onThisMachine(t)
	// Without edges and noise, so that scalers and encoders differ by little.
	smooth := []string{"-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=6,gblur=sigma=4"}
	s := record(t, append(append(smooth, ultrafast...), "-b:v", "8M", "-g", "60")...)
	s.backend = pipeline.Backend{Encoder: pipeline.X264}
	software, took := timed(t, s)
	for name, b := range backends {
		t.Run(name, func(t *testing.T) {
			s.backend = b
			hardware, itTook := timed(t, s)
			for i := range software.videos {
				checkAlike(t, &hardware.videos[i], &software.videos[i])
			}
			t.Logf("%s took %s for %d pictures, x264 %s: %.2f times its throughput", b,
				itTook.Round(time.Millisecond), len(s.packets), took.Round(time.Millisecond), took.Seconds()/itTook.Seconds())
		})
	}
}

// timed makes renditions of s. The time is from opening the device until all is out.
func timed(t *testing.T, s *source) (*result, time.Duration) {
	t.Helper()
	rate := media.Rate{Num: 30, Den: 1}
	job := s.job(rate,
		pipeline.VideoOutput{Width: 1280, Height: 720, Rate: rate, Bitrate: 4_000_000},
		pipeline.VideoOutput{Width: 852, Height: 480, Rate: rate, Bitrate: 2_000_000},
		pipeline.VideoOutput{Width: 284, Height: 160, Rate: rate, Bitrate: 1_000_000})
	start := time.Now()
	r := transcode(t, job, s.packets)
	return r, time.Since(start)
}

// planePSNR is in each line of FFmpeg's filter psnr, which writes "inf" for equal planes.
var planePSNR = regexp.MustCompile(`psnr_([yuv]):(\S+)`)

// checkAlike wants two renditions to have IDRs at the same times, and no picture of one to
// differ from the other's by more than two encoders do.
func checkAlike(t *testing.T, a, b *rendition) {
	t.Helper()
	if got, want := a.keys(), b.keys(); !slices.Equal(got, want) {
		t.Errorf("IDRs are at %d, x264's at %d", got, want)
	}
	if got, want := a.times(), b.times(); !slices.Equal(got, want) {
		t.Errorf("pictures are at %d, x264's at %d", got, want)
	}
	stats := ffmpeg(t, "-r", "30", "-i", save(t, "a.h264", a.annexB(t)), "-r", "30", "-i", save(t, "b.h264", b.annexB(t)),
		"-lavfi", "[0:v][1:v]psnr=stats_file=-", "-f", "null", "-")
	least := map[string]float64{}
	for _, field := range planePSNR.FindAllStringSubmatch(string(stats), -1) {
		psnr, err := strconv.ParseFloat(field[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		if was, ok := least[field[1]]; !ok || psnr < was {
			least[field[1]] = psnr
		}
	}
	t.Logf("%d pictures, at least %v dB alike", len(a.packets), least)
	for _, plane := range []string{"y", "u", "v"} {
		if psnr, ok := least[plane]; !ok || psnr < 25 {
			t.Errorf("plane %s differs from x264's: %.1f dB", plane, psnr)
		}
	}
}
