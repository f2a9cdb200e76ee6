package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// quality is a rendition's picture and what it takes.
type quality struct {
	PSNR    float64 `json:"psnr_db"`
	Bitrate float64 `json:"bits_per_second"` // of the video
}

// compare holds a contender's files against the source. Where a contender keeps
// the source's times, those say which pictures are to be alike; else the source
// goes through the same filter and the pictures are alike in order.
func compare(ctx context.Context, k contender, files []string, rungs []rung, method string, seconds int) ([]quality, error) {
	dir := filepath.Dir(files[0])
	cmd := exec.CommandContext(ctx, "ffmpeg", psnrArgs(k, files, rungs, method)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compare the pictures of %s: %w\n%s", k.name(), err, out)
	}
	all := make([]quality, len(rungs))
	for i, r := range rungs {
		stats, err := os.ReadFile(filepath.Join(dir, r.Name+".psnr"))
		if err != nil {
			return nil, err
		}
		n := 0
		if all[i].PSNR, n, err = meanPSNR(stats); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", r.Name, k.name(), err)
		}
		// A frame may be missing at either end, none between.
		if want := r.FPS * seconds; n < want-2 || n > want+2 {
			return nil, fmt.Errorf("%s of %s: %d pictures where %d s have %d", r.Name, k.name(), n, seconds, want)
		}
		if all[i].Bitrate, err = bitrate(ctx, files[i], seconds); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// psnrArgs compares all files in one go, and writes a file of figures for each
// rung into the working folder.
func psnrArgs(k contender, files []string, rungs []rung, method string) []string {
	args := []string{"-nostdin", "-v", "error"}
	if k.filter(rungs[0]) == "" {
		args = append(args, "-copyts") // else each file begins at 0
	}
	args = append(args, "-i", k.input())
	graph := fmt.Sprintf("[0:v]split=%d", len(rungs))
	for i, file := range files {
		args = append(args, "-i", file)
		graph += fmt.Sprintf("[s%d]", i)
	}
	for i, r := range rungs {
		// By order: the clock counts pictures, exactly, so that no rounding tells
		// two apart that belong together.
		filter, clock := k.filter(r), fmt.Sprintf(",settb=1/%d,setpts=N", r.FPS)
		if filter == "" {
			clock = ""
		}
		graph += fmt.Sprintf(";[s%[1]d]%[2]sscale=%[3]d:%[4]d:flags=%[5]s,format=yuv420p%[6]s[want%[1]d];[%[7]d:v]format=yuv420p%[6]s[got%[1]d];"+
			"[got%[1]d][want%[1]d]psnr=stats_file=%[8]s.psnr[out%[1]d]", i, filter, r.Width, r.Height, method, clock, i+1, r.Name)
	}
	args = append(args, "-filter_complex", graph)
	for i := range rungs {
		args = append(args, "-map", fmt.Sprintf("[out%d]", i), "-fps_mode", "passthrough", "-f", "null", "-")
	}
	return args
}

// meanPSNR is the PSNR of the mean error over all pictures of a stats file of
// ffmpeg's psnr filter, and how many they are.
func meanPSNR(stats []byte) (dB float64, pictures int, err error) {
	var sum float64
	for line := range bytes.Lines(stats) {
		_, rest, found := bytes.Cut(line, []byte("mse_avg:"))
		figure, _, _ := bytes.Cut(rest, []byte(" "))
		mse, err := strconv.ParseFloat(string(figure), 64)
		if !found || err != nil {
			return 0, 0, fmt.Errorf("line %q of ffmpeg's psnr filter", line)
		}
		sum += mse
		pictures++
	}
	if pictures == 0 {
		return 0, 0, errors.New("ffmpeg's psnr filter compared nothing")
	}
	return 10 * math.Log10(255*255/(sum/float64(pictures))), pictures, nil
}

// bitrate is the mean of a file's video, filler included.
func bitrate(ctx context.Context, file string, seconds int) (float64, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=size", "-of", "csv=p=0", file)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("probe %s: %w\n%s", file, err, stderr.String())
	}
	size := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		n, err := strconv.Atoi(strings.TrimRight(lines.Text(), ","))
		if err != nil {
			return 0, fmt.Errorf("probe %s: %w", file, err)
		}
		size += n
	}
	return 8 * float64(size) / float64(seconds), nil
}
