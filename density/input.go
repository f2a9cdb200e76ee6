package density

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"

	"ladderd/ingest/srt/ts"
	"ladderd/ladder"
	"ladderd/media"
)

// Generated clips last for whole GOPs of 2 s; files are read up to a length that memory
// holds without trouble.
const (
	generatedSeconds = 8
	fileSeconds      = 60
)

// Bit rates of generated clips: a bit for ten pixels, within what encoders in the field are
// set to and channels take.
const (
	pixelsPerBit = 10
	leastBitrate = 200_000 // bits per second, as the next
	mostBitrate  = 8_000_000
)

// Generate encodes a moving, noisy picture with sound: a GOP of 2 s, two B-frames, as OBS
// would send it.
func Generate(ctx context.Context, in ladder.Input) (*Clip, error) {
	fps := int(math.Round(in.Rate.Float()))
	rate := strconv.Itoa(min(max(in.Width*in.Height*fps/pixelsPerBit, leastBitrate), mostBitrate))
	gop := strconv.Itoa(2 * fps)
	clip, err := read(ctx,
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%dx%d:rate=%s,rotate=a=0.05*sin(t):fillcolor=gray,noise=alls=6:allf=t:all_seed=3", in.Width, in.Height, in.Rate),
		"-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4:sample_rate=48000",
		"-t", strconv.Itoa(generatedSeconds), "-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-bf", "2",
		"-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-b:v", rate, "-maxrate", rate, "-bufsize", rate,
		"-c:a", "aac", "-b:a", "128k", "-ac", "2")
	if err != nil {
		return nil, fmt.Errorf("generate a source of %d×%d: %w", in.Width, in.Height, err)
	}
	return clip, nil
}

// ReadFile reads the first minute of a file with H.264 and AAC in any container that the stock
// ffmpeg reads. Its pictures should come at a steady rate, and its audio without gaps.
func ReadFile(ctx context.Context, file string) (*Clip, error) {
	clip, err := read(ctx, "-i", file, "-map", "0:v:0", "-map", "0:a:0?", "-t", strconv.Itoa(fileSeconds), "-c", "copy")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return clip, nil
}

// read has the stock ffmpeg make a transport stream, whose times are exact, and reads that.
func read(ctx context.Context, args ...string) (*Clip, error) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, errors.New("the stock ffmpeg makes the source and is not installed: apt-get install ffmpeg")
	}
	var packets []media.Packet
	demuxer := ts.NewDemuxer(func(p media.Packet) error {
		packets = append(packets, p)
		return nil
	})
	var words bytes.Buffer
	cmd := exec.CommandContext(ctx, ffmpeg, append(append([]string{"-nostdin", "-hide_banner", "-v", "error"}, args...), "-f", "mpegts", "pipe:1")...)
	cmd.Stdout, cmd.Stderr = sink(demuxer.Write), &words
	err = cmd.Run()
	if err == nil {
		err = demuxer.End()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, strings.TrimSpace(words.String()))
	}
	return newClip(packets)
}

// sink is a function as a writer.
type sink func([]byte) error

func (s sink) Write(b []byte) (int, error) {
	if err := s(b); err != nil {
		return 0, err
	}
	return len(b), nil
}
