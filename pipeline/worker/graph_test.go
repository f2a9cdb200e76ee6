package worker

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

// moving is a picture that moves, with some noise, at a rate and for some seconds.
func moving(size, rate string, seconds int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=%s:r=%s:d=%d,noise=alls=12:allf=t", size, rate, seconds)}
}

func TestRenditionsHaveIDRsExactlyOnTheGrid(t *testing.T) {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	cases := []struct {
		name   string
		rate   media.Rate
		args   []string
		period media.Ticks
	}{
		{"no B-frames, 1 s", media.Rate{Num: 60, Den: 1}, append(moving("640x360", "60", 4), append(x264, "-g", "60", "-bf", "0")...), 0},
		{"B-frames, irregular GOPs", media.Rate{Num: 60, Den: 1}, append(moving("640x360", "60", 4), append(x264, "-bf", "3", "-b_strategy", "0", "-g", "300", "-force_key_frames", "0.55,0.9,2.35")...), 0},
		{"50 to 25", media.Rate{Num: 50, Den: 1}, append(moving("640x360", "50", 4), append(x264, "-bf", "2", "-g", "75")...), 0},
		{"NTSC", media.Rate{Num: 60000, Den: 1001}, append(moving("640x360", "60000/1001", 4), append(x264, "-bf", "2", "-g", "90")...), 0},
		{"I pictures that are no IDRs", media.Rate{Num: 30, Den: 1}, append(moving("640x360", "30", 4), append(x264, "-bf", "0", "-g", "60", "-x264-params", "scenecut=0:open-gop=1:bframes=2:keyint=20")...), 0},
		{"2 s grid of the job's own", media.Rate{Num: 60, Den: 1}, append(moving("640x360", "60", 5), append(x264, "-bf", "2", "-g", "70")...), 2 * media.Clock},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := record(t, c.args...)
			half := c.rate.Divide(1)
			if c.rate.Float() > 30 {
				half = c.rate.Divide(2)
			}
			job := s.job(c.rate,
				pipeline.VideoOutput{Width: 160, Height: 90, Rate: half, Bitrate: 100_000},
				pipeline.VideoOutput{Width: 640, Height: 360, Rate: c.rate, Bitrate: 900_000},
				pipeline.VideoOutput{Width: 320, Height: 180, Rate: half, Bitrate: 300_000})
			job.Grid = pipeline.Grid{Period: c.period, Origin: media.Clock}
			r := transcode(t, job, s.packets)
			want := s.keys()
			if c.period > 0 {
				want = []media.Ticks{media.Clock, 3 * media.Clock, 5 * media.Clock}
			}
			for i := range r.videos {
				v := &r.videos[i]
				if got := v.keys(); !slices.Equal(got, want) {
					t.Errorf("output %d has IDRs at %d, want %d", i, got, want)
				}
				checkShape(t, v, job.Videos[i])
				checkDecodes(t, v)
			}
			if got, want := r.videos[1].times(), s.times(media.Video); !slices.Equal(got, want) {
				t.Errorf("full-rate output has %d pictures, the source %d; or at other times", len(got), len(want))
			}
			if got, want := len(r.videos[0].packets), len(s.times(media.Video)); c.rate.Float() > 30 && (got < want/2 || got > want/2+len(r.videos[0].keys())) {
				t.Errorf("half-rate output has %d pictures of the source's %d", got, want)
			}
		})
	}
}

// checkShape checks what every encoded rendition promises: decodable in order, no
// parameter sets in the data, and parameters on the first packet.
func checkShape(t *testing.T, v *rendition, out pipeline.VideoOutput) {
	t.Helper()
	if v.video == nil || v.video.Width != out.Width || v.video.Height != out.Height || v.video.Rate != out.Rate {
		t.Fatalf("parameters are %+v, want those of %+v", v.video, out)
	}
	last := media.Ticks(-1)
	for _, p := range v.packets {
		if p.DTS != p.PTS || p.PTS <= last {
			t.Fatalf("packet at PTS %d, DTS %d after %d", p.PTS, p.DTS, last)
		}
		last = p.PTS
		for unit := range media.NALUnits(p.Data) {
			if kind := unit[0] & 0x1f; kind != 1 && kind != 5 && kind != 6 || (kind == 5) != p.Key && kind != 6 {
				t.Fatalf("packet at %d (key: %t) has a NAL unit of type %d", p.PTS, p.Key, kind)
			}
		}
	}
}

// checkDecodes lets a decoder that is not ours play the rendition, and checks that
// it finds every picture, and keyframes where the packets tell them.
func checkDecodes(t *testing.T, v *rendition) {
	t.Helper()
	path := save(t, "rendition.h264", v.annexB(t))
	// Its CSV would have a line more for a picture with user data.
	out := command(t, "ffprobe", "-loglevel", "error", "-f", "h264", "-show_entries", "frame=key_frame", "-of", "default=nw=1:nk=1", path)
	var got, want []bool
	for line := range strings.Lines(string(out)) {
		got = append(got, strings.HasPrefix(line, "1"))
	}
	for _, p := range v.packets {
		want = append(want, p.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("ffprobe finds %d pictures of %d, or keyframes elsewhere", len(got), len(want))
	}
}
