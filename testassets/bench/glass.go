package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/browser"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
	"ladderd/testassets/stamp"
)

type glassCommand struct {
	output
	Seconds   int    `default:"20" help:"For how long each broadcast is watched."`
	Joins     int    `default:"5" help:"How often the page is opened anew in each broadcast."`
	Height    int    `default:"1080" help:"Lines of the source's picture."`
	FPS       int    `name:"fps" default:"30" help:"Frames per second of the source."`
	Rendition string `default:"720p30" help:"The rendition that is watched."`
}

// settled is how long the player may take to come down to its target before it is
// measured; patience, how long a page may take to play at all.
const (
	settled  = 6 * time.Second
	patience = 30 * time.Second
)

// setting is one of the ways in which the latency is measured.
type setting struct {
	gop  float64 // seconds
	part time.Duration
	aim  float64 // of the 95th percentile, in seconds
}

func (c *glassCommand) Run(ctx context.Context) error {
	r := &glassReport{Seconds: c.Seconds, Source: fmt.Sprintf("%dp%d", c.Height, c.FPS), Rendition: c.Rendition, Load: []string{machineLoad()}}
	for _, part := range []struct {
		wanted time.Duration
		aim    float64
	}{{0, aimGlass}, {200 * time.Millisecond, aimGlassShort}} {
		for _, gop := range []float64{1, 2} {
			s := setting{gop, part.wanted, part.aim}
			say("GOP of %g s, parts of %s: %d s", s.gop, partName(s.part), c.Seconds)
			g, err := c.measure(ctx, s)
			if err != nil {
				return err
			}
			r.Broadcasts = append(r.Broadcasts, g)
		}
	}
	r.Load = append(r.Load, machineLoad())
	r.judge()
	return c.print(r)
}

func partName(part time.Duration) string {
	if part == 0 {
		return "the default length"
	}
	return part.String()
}

// measure runs one broadcast to a daemon of its own, with one browser on it.
func (c *glassCommand) measure(ctx context.Context, s setting) (*glass, error) {
	const channel, key = "bench", "sk_bench_0001"
	d, err := daemon.Start(ctx, daemon.Settings{Part: s.part, Channels: []daemon.Channel{
		{ID: channel, Type: ladder.Standard, Key: key},
	}})
	if err != nil {
		return nil, err
	}
	live, err := c.camera(s.gop).Broadcast(ctx, d.RTMP(key))
	if err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	g, err := c.watch(ctx, d.Page(channel))
	stopped := errors.Join(live.Stop(), d.Stop())
	if err != nil {
		return nil, fmt.Errorf("%w\n%s\n%s", err, live.Output(), d.Output())
	}
	if stopped != nil {
		return nil, stopped
	}
	g.GOP, g.Aim, g.Late = s.gop, s.aim, live.Late().Seconds()
	return g, nil
}

// camera is the broadcast: the picture moves, and tells when it was captured, in
// milliseconds modulo what a stamp holds.
func (c *glassCommand) camera(gop float64) publish.Camera {
	return publish.Camera{
		Width: c.Height * 16 / 9, Height: c.Height, FPS: c.FPS, Bitrate: 6_000_000, GOP: gop,
		Stamp: func(frame []byte, width, height, _ int, captured time.Time) {
			stamp.Draw(frame, width, height, uint16(captured.UnixMilli()))
		},
	}
}

// watch opens the page and measures how far behind the camera it is.
func (c *glassCommand) watch(ctx context.Context, page string) (*glass, error) {
	b, err := browser.Start(ctx)
	if err != nil {
		return nil, err
	}
	g, err := c.look(b, page)
	return g, errors.Join(err, b.Close())
}

func (c *glassCommand) look(b *browser.Browser, page string) (*glass, error) {
	g := &glass{}
	if err := b.Open(page); err != nil {
		return nil, err
	}
	choose := fmt.Sprintf("ladderd.levels.includes(%[1]q) && (ladderd.choose(%[1]q), true)", c.Rendition)
	chosen := fmt.Sprintf("ladderd.status === 'playing' && ladderd.current === %q", c.Rendition)
	if err := errors.Join(b.WaitFor(choose, patience), b.WaitFor(chosen, patience), stamp.Watch(b)); err != nil {
		return nil, err
	}
	played := func(d time.Duration) string {
		return fmt.Sprintf("watched.frames.length > 1 && watched.frames.at(-1).shown - watched.frames[0].shown > %d", d.Milliseconds())
	}
	before, err := browser.Usage()
	if err != nil {
		return nil, err
	}
	whole := settled + time.Duration(c.Seconds)*time.Second
	if err := b.WaitFor(played(whole), whole+patience); err != nil {
		return nil, err
	}
	after, err := browser.Usage()
	if err != nil {
		return nil, err
	}
	g.BrowserCPU = (after - before).Seconds() / whole.Seconds()
	seen, err := stamp.Seen(b)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(g.take(seen), b.Eval("ladderd.target", &g.Target)); err != nil {
		return nil, err
	}
	for range c.Joins {
		if err := g.join(b, page); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// join opens the page anew and takes the time to the first frame.
func (g *glass) join(b *browser.Browser, page string) error {
	if err := errors.Join(b.Open("about:blank"), b.Open(page), b.WaitFor("ladderd.joined > 0", patience)); err != nil {
		return err
	}
	var joined float64
	if err := b.Eval("ladderd.joined", &joined); err != nil {
		return err
	}
	g.Joined = append(g.Joined, joined)
	return nil
}
