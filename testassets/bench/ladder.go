package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"ladderd/testassets/daemon"
)

type ladderCommand struct {
	output
	Runs      int    `default:"3" help:"Rounds; in each every contender runs once."`
	Seconds   int    `default:"20" help:"Length of the source."`
	Reference string `default:"bicubic" enum:"bicubic,lanczos" help:"How the source is scaled that renditions are compared with: ${enum}. Ours and ffmpeg's scalers are bicubic."`
}

// contender makes the ladder.
type contender interface {
	name() string
	// input is the file of the source.
	input() string
	// run makes the ladder once, in files in dir.
	run(ctx context.Context, dir string) (made, error)
	// filter is what comes before the scaler, in ffmpeg's words and with a comma
	// behind, for the pictures of the source that are in a rung; empty where the
	// rung's times say which they are.
	filter(rung) string
}

// made is one run of a contender.
type made struct {
	cpu   float64 // seconds
	files []string
}

func (c *ladderCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := daemon.Binary()
	if err != nil {
		return err
	}
	say("encoding the source: %d s of 1080p60", c.Seconds)
	clip := source(c.Seconds)
	file, err := clip.Make(ctx, dir)
	if err != nil {
		return err
	}
	packets, err := readPackets(file)
	if err != nil {
		return err
	}
	rungs, job, err := standardLadder(packets)
	if err != nil {
		return err
	}
	r := &ladderReport{Seconds: c.Seconds, Reference: c.Reference, Load: []string{machineLoad()}}
	for _, rung := range rungs {
		r.Rungs = append(r.Rungs, rung.Name)
	}
	// ffmpeg gets exact times: from FLV's milliseconds its fps filter would not keep
	// every second picture.
	exact := clip.Exact(dir)
	contenders := []contender{
		&worker{binary: binary, job: job, source: packets, file: file, rungs: rungs},
		operators(exact, rungs), sameOptions(exact, rungs), withoutBFrames(exact, rungs),
	}
	last, err := c.rounds(ctx, dir, contenders, r)
	if err != nil {
		return err
	}
	r.Load = append(r.Load, machineLoad())
	for i, k := range contenders {
		say("comparing the pictures: %s", k.name())
		if r.Results[i].Quality, err = compare(ctx, k, last[i].files, rungs, c.Reference, c.Seconds); err != nil {
			return err
		}
	}
	r.judge()
	return c.print(r)
}

// rounds runs the contenders in turn, so that a machine that is slower for a while
// is so for all of them. It returns what each made last.
func (c *ladderCommand) rounds(ctx context.Context, dir string, contenders []contender, r *ladderReport) ([]made, error) {
	last := make([]made, len(contenders))
	for _, k := range contenders {
		r.Results = append(r.Results, &result{Contender: k.name()})
	}
	for round := range c.Runs {
		for i, k := range contenders {
			say("round %d of %d: %s", round+1, c.Runs, k.name())
			to := filepath.Join(dir, fmt.Sprint(i))
			if err := os.MkdirAll(to, 0o700); err != nil {
				return nil, err
			}
			var err error
			if last[i], err = k.run(ctx, to); err != nil {
				return nil, fmt.Errorf("%s: %w", k.name(), err)
			}
			r.Results[i].CPU = append(r.Results[i].CPU, last[i].cpu/float64(c.Seconds))
		}
	}
	return last, nil
}
