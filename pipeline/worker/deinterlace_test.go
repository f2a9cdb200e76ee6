package worker

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

// scrolling moves sideways as a whole, 50 times a second: each line of it shows fields. It has
// no edges that the simplest deinterlacer would lose.
const scrolling = "testsrc2=s=640x360:r=50:d=2,gblur=sigma=2,scroll=h=0.01"

var rate25 = media.Rate{Num: 25, Den: 1}

// fields is a source of 25 pictures a second, each of two fields, with B-frames and
// irregular GOPs.
func fields(t testing.TB) *source {
	return record(t, "-f", "lavfi", "-i", scrolling+",tinterlace=interleave_top,setfield=tff",
		"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-flags", "+ilme+ildct", "-top", "1",
		"-b:v", "6M", "-bf", "2", "-g", "300", "-force_key_frames", "0.56,1.24")
}

// combed is how many of the pictures in a file ffmpeg takes for two fields, and for whole.
func combed(t *testing.T, path string) (two, whole int) {
	t.Helper()
	// Its findings are in its log.
	out := command(t, "sh", "-c", fmt.Sprintf("exec ffmpeg -hide_banner -nostdin -i '%s' -vf idet -f null - 2>&1", path))
	m := regexp.MustCompile(`Multi frame detection: TFF: *(\d+) BFF: *(\d+) Progressive: *(\d+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("ffmpeg says nothing of fields:\n%s", out)
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(string(m[i+1]))
	}
	return n[0] + n[1], n[2]
}

// likeness is the mean PSNR of a file's luma, in dB, to the pictures of which the source's first
// fields were taken.
func likeness(t *testing.T, path string) float64 {
	t.Helper()
	stats := ffmpeg(t, "-r", "25", "-i", path, "-f", "lavfi", "-i", scrolling+",select='not(mod(n,2))',setpts=N/25/TB,format=yuv420p",
		"-lavfi", "[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]psnr=stats_file=-", "-f", "null", "-")
	sum, n := 0.0, 0
	for line := range strings.Lines(string(stats)) {
		for field := range strings.FieldsSeq(line) {
			if text, ok := strings.CutPrefix(field, "psnr_y:"); ok {
				db, err := strconv.ParseFloat(text, 64)
				if err != nil {
					t.Fatal(err)
				}
				sum, n = sum+db, n+1
			}
		}
	}
	if n == 0 {
		t.Fatalf("ffmpeg compared nothing:\n%s", stats)
	}
	return sum / float64(n)
}

func TestFieldsBecomeWholePictures(t *testing.T) {
	s := fields(t)
	const each = 10
	want := captioned(s, each)
	job := s.job(rate25,
		pipeline.VideoOutput{Width: 640, Height: 360, Rate: rate25, Bitrate: 4_000_000},
		pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate25, Bitrate: 800_000})
	r := transcode(t, job, s.packets)
	for i := range r.videos {
		v := &r.videos[i]
		if got, want := v.times(), s.times(media.Video); !slices.Equal(got, want) {
			t.Errorf("output %d has %d pictures, the source %d; or at other times", i, len(got), len(want))
		}
		if got, want := v.keys(), s.keys(); !slices.Equal(got, want) {
			t.Errorf("output %d has IDRs at %d, want %d", i, got, want)
		}
		for n, p := range v.packets {
			size := each * media.CaptionSize
			if got := media.Captions(p.Data); !bytes.Equal(got, want[n*size:(n+1)*size]) {
				t.Fatalf("output %d has other captions with picture %d", i, n)
			}
		}
		checkShape(t, v, job.Videos[i])
		checkDecodes(t, v)
	}
	original := save(t, "source.h264", (&rendition{packets: s.packets}).annexB(t))
	made := save(t, "rendition.h264", r.videos[0].annexB(t))
	if two, whole := combed(t, original); two < len(s.packets)*9/10 {
		t.Fatalf("the source has %d interlaced pictures and %d whole ones", two, whole)
	}
	if two, whole := combed(t, made); two > len(s.packets)/10 {
		t.Errorf("%d pictures are interlaced, %d whole", two, whole)
	}
	before, after := likeness(t, original), likeness(t, made)
	t.Logf("luma is at %.1f dB with fields, at %.1f dB without", before, after)
	if after < before+10 {
		t.Errorf("luma is at %.1f dB with fields, at %.1f dB without", before, after)
	}
}

// The parameter sets allow fields; the pictures have none. Refuse shows that none was
// taken for two.
func TestSourcesThatMightBeInterlacedAreLeftAlone(t *testing.T) {
	s := record(t, append(append(moving("320x180", "30", 2), ultrafast...), "-x264-params", "fake-interlaced=1", "-g", "30")...)
	if v, err := media.NewVideoParams(s.video.SPS, s.video.PPS); err != nil || !v.Interlaced {
		t.Fatalf("the source's parameters rule fields out (%v)", err)
	}
	job := small(s)
	job.Interlaced = pipeline.Refuse
	r := transcode(t, job, s.packets)
	if got, want := r.videos[0].times(), s.times(media.Video); !slices.Equal(got, want) {
		t.Errorf("output has %d pictures, the source %d; or at other times", len(got), len(want))
	}
}

func TestInterlacedSourceMayBeRefused(t *testing.T) {
	s := fields(t)
	job := s.job(rate25, pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate25, Bitrate: 800_000})
	job.Interlaced = pipeline.Refuse
	_, err := tryTranscode(t, job, s.packets)
	if exitCode(err) != pipeline.ExitGiveUp || !strings.HasPrefix(err.Error(), "the source is interlaced") {
		t.Errorf("got %v", err)
	}
}

// TestFieldsMayComeAndGo has an encoder change to fields, to other ones, and back.
func TestFieldsMayComeAndGo(t *testing.T) {
	clip := func(args ...string) *source {
		return record(t, append(append([]string{"-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1"}, ultrafast...), append(args, "-g", "15")...)...)
	}
	parts := []*source{
		clip(),
		clip("-flags", "+ilme+ildct", "-vf", "setfield=tff"),
		clip("-flags", "+ilme+ildct", "-vf", "setfield=bff", "-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709", "-bf", "2"),
		clip("-bf", "2"),
		clip("-flags", "+ilme+ildct", "-vf", "setfield=tff"),
		clip("-colorspace", "smpte170m", "-color_trc", "smpte170m", "-color_primaries", "smpte170m"),
	}
	var all []media.Packet
	var times, keys []media.Ticks
	for n, s := range parts {
		for i := range s.packets {
			s.packets[i].PTS += media.Ticks(n) * media.Clock
			s.packets[i].DTS += media.Ticks(n) * media.Clock
		}
		all = append(all, s.packets...)
		times, keys = append(times, s.times(media.Video)...), append(keys, s.keys()...)
	}
	r := transcode(t, small(parts[0]), all)
	for i := range r.videos {
		if got := r.videos[i].times(); !slices.Equal(got, times) {
			t.Errorf("output %d has %d pictures, the source %d; or at other times", i, len(got), len(times))
		}
		if got := r.videos[i].keys(); !slices.Equal(got, keys) {
			t.Errorf("output %d has IDRs at %d, want %d", i, got, keys)
		}
	}
}
