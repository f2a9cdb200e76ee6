package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// stock is a contender: one ffmpeg command that makes the whole ladder from the
// source's file, the passthrough rendition and the audio included.
type stock struct {
	title string
	file  string
	rungs []rung
	fps   int                 // of the source
	video func(rung) []string // options of a rung's encoder
	// audioOnly is the bit rate of a rendition without video, which is made in place of
	// passing the source through; 0 where there is none.
	audioOnly int
}

// operators is the command as an operator writes it: split, scale, veryfast, and
// CBR by nal-hrd with the buffer of a second that guides recommend. It has
// veryfast's three B-frames and forty frames of lookahead, which cost viewers more
// than a second at 30 frames.
func operators(file string, rungs []rung) *stock {
	return &stock{title: "ffmpeg, as an operator writes it", file: file, rungs: rungs, fps: sourceFPS, video: cbr}
}

// withoutBFrames is the operator's command with the one option more that makes the
// renditions comparable with low-latency ones.
func withoutBFrames(file string, rungs []rung) *stock {
	return &stock{title: "ffmpeg, the same and -bf 0", file: file, rungs: rungs, fps: sourceFPS, video: func(r rung) []string {
		return append(cbr(r), "-bf", "0")
	}}
}

func cbr(r rung) []string {
	gop := strconv.Itoa(2 * r.FPS)
	return []string{"-preset", "veryfast", "-bufsize", strconv.Itoa(r.Bitrate),
		"-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-x264-params", "nal-hrd=cbr"}
}

// sameOptions is the command with the options that the worker gives to x264.
// TestSameOptionsAreTheWorkers holds it to them.
func sameOptions(file string, rungs []rung) *stock {
	return &stock{title: "ffmpeg, our x264 options", file: file, rungs: rungs, fps: sourceFPS, video: workersOptions}
}

// workersOptions are those of pipeline/worker/x264.go in ffmpeg's words.
func workersOptions(r rung) []string {
	preset, partitions := "veryfast", ""
	if r.Width*r.Height*r.FPS > 1<<24 {
		preset, partitions = "superfast", ":partitions=p8x8,i8x8,i4x4"
	}
	lookahead := (r.FPS + 19) / 20 // of 50 ms
	return []string{"-preset", preset, "-bufsize", strconv.Itoa(r.Bitrate / 5), "-bf", "0", "-threads", "1", "-forced-idr", "1",
		"-x264-params", fmt.Sprintf("keyint=infinite:min-keyint=1:scenecut=0:open-gop=0:mbtree=1:rc-lookahead=%d:force-cfr=1%s", lookahead, partitions)}
}

func (s *stock) name() string { return s.title }

func (s *stock) input() string { return s.file }

func (s *stock) filter(r rung) string {
	if r.FPS < s.fps {
		return fmt.Sprintf("fps=%d,", r.FPS)
	}
	return "null,"
}

func (s *stock) run(ctx context.Context, dir string) (made, error) {
	args, files := s.toFiles(dir)
	cmd := exec.CommandContext(ctx, "ffmpeg", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return made{}, fmt.Errorf("%w\n%s", err, out)
	}
	return made{(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), files}, nil
}

// toFiles is the command that makes a file of each rung.
func (s *stock) toFiles(dir string) (args, files []string) {
	file := func(name string) string { return filepath.Join(dir, name+".mp4") }
	for _, r := range s.rungs {
		files = append(files, file(r.Name))
	}
	return s.command([]string{"-i", s.file}, func(name string) []string { return []string{"-f", "mp4", file(name)} }), files
}

// command is ffmpeg's arguments. output says where a rung goes, the source that is passed
// through, or the audio.
func (s *stock) command(input []string, output func(name string) []string) (args []string) {
	var graph strings.Builder
	fmt.Fprintf(&graph, "[0:v]split=%d", len(s.rungs))
	for i := range s.rungs {
		fmt.Fprintf(&graph, "[s%d]", i)
	}
	for i, r := range s.rungs {
		fmt.Fprintf(&graph, ";[s%d]%sscale=%d:%d[v%d]", i, s.filter(r), r.Width, r.Height, i)
	}
	args = append([]string{"-nostdin", "-v", "error", "-y"}, input...)
	args = append(args, "-filter_complex", graph.String())
	if s.audioOnly > 0 {
		args = append(append(args, "-map", "0:a", "-c:a", "aac", "-b:a", strconv.Itoa(s.audioOnly)), output("audio_only")...)
	} else {
		args = append(append(args, "-map", "0", "-c", "copy"), output("source")...)
	}
	for i, r := range s.rungs {
		rate := strconv.Itoa(r.Bitrate)
		args = append(args, "-map", fmt.Sprintf("[v%d]", i), "-map", "0:a", "-c:v", "libx264", "-b:v", rate, "-maxrate", rate)
		// By default ffmpeg doubles the first picture of a stream that begins late, and
		// the rest could not be compared.
		args = append(args, "-fps_mode", "vfr")
		args = append(append(args, s.video(r)...), "-force_key_frames", "expr:gte(t,n_forced*2)")
		if r.AudioBitrate > 0 {
			args = append(args, "-c:a", "aac", "-b:a", strconv.Itoa(r.AudioBitrate))
		} else {
			args = append(args, "-c:a", "copy")
		}
		args = append(args, output(r.Name)...)
	}
	return args
}
