package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"ladderd/ladder"
	"ladderd/load"
	"ladderd/load/proc"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

type channelsCommand struct {
	output
	Count   int `default:"100" help:"How many BASIC channels are live at once."`
	Bitrate int `default:"3500000" help:"Of each one's video, in bits per second."`
	Seconds int `default:"20" help:"How long they are measured."`
	Warmth  int `default:"75" help:"How long they are live before that: the window is to be full."`
}

// What is asked of a channel that is passed through.
const (
	aimChannelCPU    = 0.01 // cores
	aimChannelMemory = 12.0 // MB
)

type channelsReport struct {
	Channels int      `json:"channels"`
	Bitrate  int      `json:"bitrate"`
	Seconds  int      `json:"seconds"`
	Load     []string `json:"load"`
	CPU      float64  `json:"cpu"`        // of the daemon, CPU seconds per second
	Empty    int64    `json:"empty_rss"`  // bytes, before the first channel
	Memory   int64    `json:"memory"`     // bytes, with all of them, at the end
	Own      float64  `json:"publishers"` // CPU of all publishers
	Aims     []aim    `json:"aims"`
}

func (c *channelsCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := clipOf(ctx, dir, c.Bitrate, "1280x720")
	if err != nil {
		return err
	}
	tags, err := publish.ReadFLV(file)
	if err != nil {
		return err
	}
	settings := daemon.Settings{Window: time.Minute}
	for i := range c.Count {
		settings.Channels = append(settings.Channels, daemon.Channel{
			ID: fmt.Sprintf("c%d", i), Type: ladder.Basic, Key: fmt.Sprintf("sk_bench_%04d", i),
		})
	}
	d, err := daemon.Start(ctx, settings)
	if err != nil {
		return err
	}
	r := &channelsReport{Channels: c.Count, Bitrate: c.Bitrate, Seconds: c.Seconds, Load: []string{machineLoad()}}
	if err := errors.Join(c.measure(ctx, d, settings, tags, r), d.Stop()); err != nil {
		return fmt.Errorf("%w\n%s", err, d.Output())
	}
	r.judge()
	return c.print(r)
}

// measure has all channels publish, each a little later than the one before, as
// encoders do that know nothing of each other.
func (c *channelsCommand) measure(ctx context.Context, d *daemon.Daemon, s daemon.Settings, tags []publish.Tag, r *channelsReport) error {
	server := load.Process(d.PID())
	empty, err := server.Usage()
	if err != nil {
		return err
	}
	const apart = 70 * time.Millisecond
	all := publish.Repeat(tags, clipSeconds*1000, (c.Warmth+c.Seconds)/clipSeconds+3)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	sent := make(chan error, len(s.Channels))
	began := time.Now()
	for i, channel := range s.Channels {
		go func() {
			if err := sleepUntil(sending, began.Add(time.Duration(i)*apart)); err != nil {
				sent <- err
				return
			}
			sent <- publish.Paced(sending, d.RTMP(channel.Key), all, nil, nil)
		}()
	}
	say("%d channels are live for %d s, then measured for %d s", c.Count, c.Warmth, c.Seconds)
	err = c.read(sending, server, r, began)
	if health, asked := d.Health(ctx); err == nil && asked == nil && len(health.Streams) != c.Count {
		err = fmt.Errorf("%d of %d channels are live at the end", len(health.Streams), c.Count)
	}
	stop()
	for range s.Channels {
		if failed := <-sent; !errors.Is(failed, context.Canceled) {
			err = errors.Join(err, failed)
		}
	}
	r.Empty = empty.Memory
	return err
}

func (c *channelsCommand) read(ctx context.Context, server *load.Server, r *channelsReport, began time.Time) error {
	var usage [2]proc.Usage
	var own [2]time.Duration
	for i, at := range []int{c.Warmth, c.Warmth + c.Seconds} {
		err := sleepUntil(ctx, began.Add(time.Duration(at)*time.Second))
		if err != nil {
			return err
		}
		if usage[i], err = server.Usage(); err != nil {
			return err
		}
		if own[i], err = ownCPU(); err != nil {
			return err
		}
	}
	r.CPU = (usage[1].CPU - usage[0].CPU).Seconds() / float64(c.Seconds)
	r.Own = (own[1] - own[0]).Seconds() / float64(c.Seconds)
	r.Memory = usage[1].Memory
	return nil
}

func (r *channelsReport) judge() {
	r.Load = append(r.Load, machineLoad())
	n := float64(r.Channels)
	r.Aims = []aim{
		atMost("of a core per channel", aimChannelCPU, positive(r.CPU/n)),
		atMost("MB of memory per channel", aimChannelMemory, positive(float64(r.Memory-r.Empty)/n/1e6)),
	}
}

func (r *channelsReport) text(w io.Writer) {
	fmt.Fprintf(w, "%d BASIC channels of %.1f Mb/s with the default window, measured for %d s\n\n", r.Channels, float64(r.Bitrate)/1e6, r.Seconds)
	fmt.Fprintf(w, "daemon      %.2f CPU-s/s; %.1f MB, %.1f MB before the first channel\n", r.CPU, float64(r.Memory)/1e6, float64(r.Empty)/1e6)
	fmt.Fprintf(w, "publishers  %.2f CPU-s/s, in one process\n\n", r.Own)
	for _, a := range r.Aims {
		fmt.Fprintln(w, a)
	}
	fmt.Fprintf(w, "\nLoad: %s, then %s.\n", r.Load[0], r.Load[1])
}
