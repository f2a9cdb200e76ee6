package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"

	"ladderd/density"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

type densityCommand struct {
	output
	Runs     int           `default:"1" help:"Rounds; in each, what a machine carries is found for ladderd and for ffmpeg."`
	Duration time.Duration `default:"15s" help:"For how long channels have to be real time."`
	Only     string        `help:"Only the case of this channel type."`
}

// densityCase is a kind of channel that is asked for.
type densityCase struct {
	Type ladder.Type
	clip publish.Clip
}

// densitySeconds is the clips' length: whole GOPs, and whole frames of audio.
const densitySeconds = 8

func densityCases() []densityCase {
	sd := source(densitySeconds)
	hd := sd
	hd.Name, hd.Width, hd.Height, hd.Rate, hd.Bitrate = "source720", 1280, 720, "30", 4_000_000
	return []densityCase{{ladder.Standard, sd}, {ladder.AdvancedHD, hd}}
}

func (k densityCase) String() string {
	return fmt.Sprintf("%dp%s %s", k.clip.Height, k.clip.Rate, k.Type)
}

func (c *densityCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := daemon.Binary()
	if err != nil {
		return err
	}
	r := &densityReport{Seconds: c.Duration.Seconds(), Load: []string{machineLoad()}}
	for _, k := range densityCases() {
		if c.Only != "" && c.Only != string(k.Type) {
			continue
		}
		found, err := c.measure(ctx, k, dir, binary)
		if err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		r.Cases = append(r.Cases, found)
	}
	r.Load = append(r.Load, machineLoad())
	r.judge()
	return c.print(r)
}

// measure has both look for what they carry, in turn, from the same file.
func (c *densityCommand) measure(ctx context.Context, k densityCase, dir, binary string) (*densityResult, error) {
	say("encoding the source: %d s of %s", densitySeconds, k)
	if _, err := k.clip.Make(ctx, dir); err != nil {
		return nil, err
	}
	file := k.clip.Exact(dir)
	theirs, err := k.plain(file)
	if err != nil {
		return nil, err
	}
	found := &densityResult{Case: k.String()}
	ours, plain := 1, 1
	for round := range c.Runs {
		say("round %d of %d, %s: ladderd bench", round+1, c.Runs, k)
		report, err := c.ladderd(ctx, k, file, binary, ours)
		if err != nil {
			return nil, err
		}
		say("round %d of %d, %s: ffmpeg processes", round+1, c.Runs, k)
		result, err := density.Run(ctx, density.Options{Carrier: theirs, Duration: c.Duration, From: plain, Tell: tellDensity})
		if err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		found.add(report, result)
		ours, plain = max(report.Channels, 1), max(result.Channels, 1)
	}
	return found, nil
}

// ladderd runs the product's own bench.
func (c *densityCommand) ladderd(ctx context.Context, k densityCase, file, binary string, from int) (*density.Report, error) {
	cmd := exec.CommandContext(ctx, binary, "bench", "--json", "--backend", "x264", "--type", string(k.Type), "--file", file,
		"--duration", c.Duration.String(), "--from", strconv.Itoa(from))
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ladderd bench: %w", err)
	}
	r := &density.Report{}
	if err := json.Unmarshal(out, r); err != nil {
		return nil, fmt.Errorf("ladderd bench: %w", err)
	}
	return r, nil
}

// plain is ffmpeg processes that make the case's ladder with the command that operators write.
func (k densityCase) plain(file string) (*plainCarrier, error) {
	fps, err := strconv.Atoi(k.clip.Rate)
	if err != nil {
		return nil, err
	}
	renditions, err := ladder.For(k.Type, "", ladder.Input{Width: k.clip.Width, Height: k.clip.Height, Rate: media.Rate{Num: fps, Den: 1}, Audio: true})
	if err != nil {
		return nil, err
	}
	s := operators(file, encoded(renditions))
	s.fps = fps
	if i := slices.IndexFunc(renditions, func(r ladder.Rendition) bool { return r.Name == ladder.AudioOnly }); !ladder.PassesVideo(renditions) && i >= 0 {
		s.audioOnly = renditions[i].AudioBitrate
	}
	return &plainCarrier{stock: s}, nil
}

func tellDensity(p density.Progress) {
	if p.Step != nil {
		say("%s", p)
	}
}
