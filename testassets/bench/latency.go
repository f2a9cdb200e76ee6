package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

type latencyCommand struct {
	output
	Runs    int           `default:"3" help:"Broadcasts, each to a daemon of its own."`
	Seconds int           `default:"20" help:"Length of a broadcast."`
	BFrames int           `name:"b-frames" default:"2" help:"B-frames in a row that the publisher sends; each holds pictures back."`
	Part    time.Duration `default:"0" help:"Part duration of the daemon; 0 leaves its default."`
}

func (c *latencyCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	say("encoding the source: %d s of 1080p60", c.Seconds)
	clip := source(c.Seconds)
	clip.BFrames = c.BFrames
	file, err := clip.Make(ctx, dir)
	if err != nil {
		return err
	}
	tags, err := publish.ReadFLV(file)
	if err != nil {
		return err
	}
	r := &latencyReport{Seconds: c.Seconds, BFrames: c.BFrames, Load: []string{machineLoad()}}
	for run := range c.Runs {
		say("broadcast %d of %d: %d s", run+1, c.Runs, c.Seconds)
		b, err := c.broadcast(ctx, tags)
		if err != nil {
			return err
		}
		r.CPU = append(r.CPU, b.cpu/float64(c.Seconds))
		for i, v := range b.viewers {
			if err := r.add(i, v, b.publisher); err != nil {
				return err
			}
		}
	}
	r.Load = append(r.Load, machineLoad())
	r.judge()
	return c.print(r)
}

// broadcast is one broadcast and its viewers.
type broadcast struct {
	publisher *publisher
	viewers   []*viewer
	cpu       float64 // of the daemon and its worker, in seconds
}

// broadcast sends the clip once to a daemon of its own, with a viewer on each
// rendition.
func (c *latencyCommand) broadcast(ctx context.Context, tags []publish.Tag) (*broadcast, error) {
	const channel, key = "bench", "sk_bench_0001"
	d, err := daemon.Start(ctx, daemon.Settings{Part: c.Part, Channels: []daemon.Channel{
		{ID: channel, Type: ladder.Standard, Key: key},
	}})
	if err != nil {
		return nil, err
	}
	b := &broadcast{publisher: &publisher{}}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan error, 1)
	go func() {
		err := b.publisher.broadcast(ctx, d.RTMP(key), tags)
		if err != nil {
			cancel() // nothing will come for the viewers
		}
		sent <- err
	}()
	b.viewers, err = watch(ctx, d.Playback(channel))
	if err != nil {
		cancel()
	}
	if err := errors.Join(<-sent, err); err != nil {
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, d.Stop()), d.Output())
	}
	if err := d.Stop(); err != nil {
		return nil, err
	}
	b.cpu = d.Usage().Seconds()
	return b, nil
}
