package publish

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Clip describes a broadcast that is encoded ahead of its being published: H.264
// and AAC in an FLV file. The zero value of a field leaves it out.
type Clip struct {
	Name          string // of the file; unique in a folder
	Width, Height int
	Rate          string // frames per second as ffmpeg writes it: "60", "30000/1001"
	Seconds       int
	Bitrate       int     // video, bits per second
	GOP           float64 // seconds between IDRs
	// Keyframes are the times of the IDRs, in seconds, where GOP does not rule.
	Keyframes []float64
	BFrames   int
	OpenGOP   bool
	// Filter comes behind the generated picture: selects or shifts frames for
	// variable frame rates. Frames keep the times that it gives them.
	Filter string
	Silent bool // no audio track
	// Fields has each picture be two fields, the upper one first. Rate is the fields' then.
	Fields bool
	Preset string // x264's; superfast where it is empty
	// CBR has the encoder send Bitrate to the bit, padded where the picture needs less.
	CBR bool
}

// Make encodes the clip into dir and returns the FLV file's path. A clip that is
// there already is not made again.
func (c Clip) Make(ctx context.Context, dir string) (string, error) {
	file := filepath.Join(dir, c.Name+".flv")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if err := c.encode(ctx, c.Exact(dir)); err != nil {
		return "", err
	}
	part := file + ".part"
	cmd := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-y", "-i", c.Exact(dir), "-c", "copy", "-f", "flv", part)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("clip %s as FLV: %w\n%s", c.Name, err, out)
	}
	return file, os.Rename(part, file)
}

// Exact is the file from which Make makes the FLV file in dir: the same media, with
// times that are not rounded to milliseconds.
func (c Clip) Exact(dir string) string { return filepath.Join(dir, c.Name+".mp4") }

func (c Clip) encode(ctx context.Context, file string) error {
	filter := c.Filter
	if c.Fields {
		filter = "tinterlace=interleave_top"
	}
	picture, err := sceneArgs(filepath.Dir(file), c.Width, c.Height, c.Rate, filter)
	if err != nil {
		return err
	}
	args := append([]string{"-nostdin", "-v", "error", "-y"}, picture...)
	args = append(args, c.videoArgs()...)
	if !c.Silent {
		args = append(args, "-filter_complex",
			"sine=frequency=330:beep_factor=3:sample_rate=48000,aformat=channel_layouts=stereo[a]",
			"-map", "[a]", "-c:a", "aac", "-b:a", "128k")
	}
	args = append(args, "-t", strconv.Itoa(c.Seconds), file)
	if out, err := exec.CommandContext(ctx, "ffmpeg", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("encode clip %s: %w\n%s", c.Name, err, out)
	}
	return nil
}

func (c Clip) videoArgs() []string {
	rate := strconv.Itoa(c.Bitrate)
	args := []string{
		"-c:v", "libx264", "-preset", cmp.Or(c.Preset, "superfast"), "-pix_fmt", "yuv420p", "-fps_mode", "passthrough", "-enc_time_base", "1/90000",
		"-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-bf", strconv.Itoa(c.BFrames),
		"-sc_threshold", "0", "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709",
	}
	if c.Fields {
		args = append(args, "-flags", "+ildct+ilme", "-top", "1")
	}
	if c.CBR {
		args = append(args, "-x264-params", "nal-hrd=cbr")
	}
	if c.OpenGOP {
		// Open GOPs come from the encoder's own cadence: a forced key frame is an
		// IDR, which closes the GOP before it.
		return append(args, "-g", strconv.Itoa(int(c.GOP*c.nominal())), "-x264-params", "open-gop=1")
	}
	return append(args, "-g", "100000", "-forced-idr", "1", "-force_key_frames", c.keys())
}

// keys is when ffmpeg has to force IDRs.
func (c Clip) keys() string {
	if len(c.Keyframes) == 0 {
		return fmt.Sprintf("expr:gte(t,n_forced*%g)", c.GOP)
	}
	var times []string
	for _, at := range c.Keyframes {
		times = append(times, strconv.FormatFloat(at, 'f', -1, 64))
	}
	return strings.Join(times, ",")
}

// nominal is the frame rate as a number.
func (c Clip) nominal() float64 {
	num, den, found := strings.Cut(c.Rate, "/")
	n, _ := strconv.ParseFloat(num, 64)
	if !found {
		return n
	}
	d, _ := strconv.ParseFloat(den, 64)
	return n / d
}
