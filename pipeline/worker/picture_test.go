package worker

import (
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

// Where the device refuses, the CPU decodes, and nobody but the log would tell.
func TestPicturesAreDecodedWhereTheBackendSays(t *testing.T) {
	s := record(t, append(append(moving("640x360", "30", 1), ultrafast...), "-g", "30")...)
	b, err := openBackend(s.backend)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	d, err := newDecoder(b.decodes(), s.video, decodedQueue, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer d.free()
	want := map[bool]place{false: inMainMemory, true: onDevice}[s.backend.Decode]
	pictures := 0
	put := func(got decoded) error {
		defer got.frame.Free()
		if at := sourceSurface(got.frame).place; at != want {
			t.Errorf("picture at %d lies at %d, want %d", got.pts, at, want)
		}
		pictures++
		return nil
	}
	for _, p := range s.packets {
		if err := d.decode(p, put); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.flush(put); err != nil || pictures != len(s.packets) {
		t.Errorf("%d pictures of %d came out, %v", pictures, len(s.packets), err)
	}
}

// Planes that are swapped, shifted, or of another picture cost 15 dB and more; what
// scalers and encoders differ by costs a few.
func TestRenditionsShowTheSource(t *testing.T) {
	// Without edges and noise, so that scalers differ by little.
	smooth := []string{"-f", "lavfi", "-i", "testsrc2=s=640x360:r=30:d=2,gblur=sigma=4"}
	s := record(t, append(append(smooth, ultrafast...), "-b:v", "8M", "-g", "30")...)
	rate := media.Rate{Num: 30, Den: 1}
	job := s.job(rate,
		pipeline.VideoOutput{Width: 640, Height: 360, Rate: rate, Bitrate: 4_000_000},
		pipeline.VideoOutput{Width: 426, Height: 240, Rate: rate, Bitrate: 2_000_000},
		pipeline.VideoOutput{Width: 284, Height: 160, Rate: rate, Bitrate: 1_000_000},
		pipeline.VideoOutput{Width: 160, Height: 90, Rate: rate, Bitrate: 500_000})
	r := transcode(t, job, s.packets)
	original := save(t, "source.h264", (&rendition{packets: s.packets}).annexB(t))
	for i, out := range job.Videos {
		path := save(t, "rendition.h264", r.videos[i].annexB(t))
		filter := fmt.Sprintf("[1:v]scale=%d:%d:flags=bicubic[s];[0:v][s]psnr=stats_file=-", out.Width, out.Height)
		stats := ffmpeg(t, "-r", "30", "-i", path, "-r", "30", "-i", original, "-lavfi", filter, "-f", "null", "-")
		least := map[string]float64{}
		pictures := 0
		for line := range strings.Lines(string(stats)) {
			pictures++
			for field := range strings.FieldsSeq(line) {
				var psnr float64
				name, value, _ := strings.Cut(field, ":")
				if !strings.HasPrefix(name, "psnr_") {
					continue
				}
				if _, err := fmt.Sscan(value, &psnr); err != nil {
					psnr = math.Inf(1) // "inf"
				}
				if was, ok := least[name]; !ok || psnr < was {
					least[name] = psnr
				}
			}
		}
		t.Logf("output %d: at least %v dB", i, least)
		if pictures != len(s.packets) {
			t.Errorf("output %d has %d pictures, the source %d", i, pictures, len(s.packets))
		}
		for _, plane := range []string{"psnr_y", "psnr_u", "psnr_v"} {
			if least[plane] < 30 {
				t.Errorf("output %d differs from the source: %s is %.1f dB", i, plane, least[plane])
			}
		}
	}
}
