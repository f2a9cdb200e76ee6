package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"ladderd/ladder"
	"ladderd/load"
	"ladderd/load/wire"
	"ladderd/testassets/daemon"
	"ladderd/testassets/pki"
	"ladderd/testassets/publish"
)

type viewersCommand struct {
	output
	Counts  []int    `default:"500,2000,5000" help:"How many viewers watch at once, one run after another."`
	Schemes []string `default:"http,https" enum:"http,https" help:"How they watch."`
	Seconds int      `default:"15" help:"How long each run is measured."`
	Bitrate int      `default:"1000000" help:"Of the broadcast's video, in bits per second."`
}

const (
	crowdChannel = "bench"
	crowdKey     = "sk_bench_0001"
	clipSeconds  = 10
	// warmth is how long a broadcast runs before it is looked at: long enough that
	// the live edge is as it always is.
	warmth = 8 * time.Second
	// idleSpan is how long the daemon's own work is measured, with nobody watching.
	idleSpan = 5 * time.Second
	// joinRate is how many viewers come in a second, as package load has it.
	joinRate = 500
	// recordSpan is how much of the stream nginx serves, again and again.
	recordSpan = 10 * time.Second
)

// crowdBench is one run of the command.
type crowdBench struct {
	viewersCommand
	dir    string
	file   string // the broadcast
	report *crowdReport
}

func (c *viewersCommand) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ladderd-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &crowdBench{viewersCommand: *c, dir: dir, report: newCrowdReport(c)}
	if b.file, err = clipOf(ctx, dir, c.Bitrate, "854x480"); err != nil {
		return err
	}
	if err := b.lengthen(); err != nil {
		return err
	}
	for _, scheme := range c.Schemes {
		for _, n := range c.Counts {
			if why := tooMany(n, scheme); why != "" {
				b.report.LeftOut = append(b.report.LeftOut, why)
				continue
			}
			if err := b.pair(ctx, scheme, n); err != nil {
				return fmt.Errorf("%d viewers over %s: %w", n, scheme, err)
			}
		}
	}
	b.report.judge()
	return c.print(b.report)
}

// clipOf is a broadcast that publishers repeat: 30 frames a second, an IDR each 2 s.
func clipOf(ctx context.Context, dir string, bitrate int, size string) (file string, err error) {
	c := publish.Clip{Name: "crowd", Rate: "30", Seconds: clipSeconds, Bitrate: bitrate, GOP: 2}
	if _, err := fmt.Sscanf(size, "%dx%d", &c.Width, &c.Height); err != nil {
		return "", fmt.Errorf("size %q: %w", size, err)
	}
	say("encoding the source: %d s of %s at %.1f Mb/s", c.Seconds, size, float64(bitrate)/1e6)
	return c.Make(ctx, dir)
}

// lengthen repeats the clip for longer than any run takes: ffmpeg's own loop sends a
// clip of 10 s in nine.
func (b *crowdBench) lengthen() error {
	tags, err := publish.ReadFLV(b.file)
	if err != nil {
		return err
	}
	seconds := 60 + b.Seconds + slices.Max(b.Counts)/joinRate
	b.file = filepath.Join(b.dir, "long.flv")
	return publish.WriteFLV(b.file, publish.Repeat(tags, clipSeconds*1000, seconds/clipSeconds+1))
}

// tooMany says why so many viewers cannot be had on this machine; empty if they can.
func tooMany(n int, scheme string) string {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err.Error()
	}
	each := 2
	if scheme == "https" {
		each = 1
	}
	const others = 200
	if need := uint64(n*each + others); need > l.Max {
		return fmt.Sprintf("%d viewers over %s: they need %d open files, the limit is %d", n, scheme, need, l.Max)
	}
	return ""
}

// pair measures the daemon, and then nginx with what the daemon has sent.
func (b *crowdBench) pair(ctx context.Context, scheme string, n int) error {
	say("%d viewers over %s: ladderd", n, scheme)
	run := &crowdRun{Scheme: scheme, Viewers: n}
	made, err := b.live(ctx, run)
	if err != nil {
		return err
	}
	say("%d viewers over %s: nginx", n, scheme)
	if err := b.static(ctx, run, made); err != nil {
		return err
	}
	b.report.Runs = append(b.report.Runs, run)
	return nil
}

// live has the viewers watch a daemon of their own, since memory that one run has
// taken would be there in the next.
func (b *crowdBench) live(ctx context.Context, run *crowdRun) (*recording, error) {
	d, err := daemon.Start(ctx, daemon.Settings{
		HTTPS: true, Window: time.Minute, Channels: []daemon.Channel{{ID: crowdChannel, Type: ladder.Basic, Key: crowdKey}},
	})
	if err != nil {
		return nil, err
	}
	// A process of its own: in ours it would wait behind thousands of viewers, and they
	// for it.
	p, err := publish.FFmpeg(d.RTMP(crowdKey), b.file)
	if err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	made, err := b.watch(ctx, d, run)
	if !p.Running() {
		err = errors.Join(err, p.Wait())
	}
	_ = p.Stop() // ffmpeg calls being told to stop a failure
	if stopped := d.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, d.Output())
	}
	return made, err
}

func (b *crowdBench) watch(ctx context.Context, d *daemon.Daemon, run *crowdRun) (*recording, error) {
	if _, err := d.AwaitStream(ctx, crowdChannel, nil); err != nil {
		return nil, err
	}
	if err := sleepUntil(ctx, time.Now().Add(warmth)); err != nil {
		return nil, err
	}
	idle, err := idleCPU(ctx, load.Process(d.PID()))
	if err != nil {
		return nil, err
	}
	made, err := record(ctx, d.Playback(crowdChannel), recordSpan)
	if err != nil {
		return nil, err
	}
	url := d.Playback(crowdChannel)
	if run.Scheme == "https" {
		url = d.SecurePlayback(crowdChannel)
	}
	seen, err := load.Run(ctx, load.Options{
		URL: url, Viewers: run.Viewers, Duration: time.Duration(b.Seconds) * time.Second, Insecure: true,
	})
	if err != nil {
		return nil, err
	}
	run.live(seen, idle)
	return made, nil
}

// idleCPU is what the daemon takes with nobody watching, in CPU seconds per second.
func idleCPU(ctx context.Context, s *load.Server) (float64, error) {
	from, err := s.Usage()
	if err != nil {
		return 0, err
	}
	if err := sleepUntil(ctx, time.Now().Add(idleSpan)); err != nil {
		return 0, err
	}
	until, err := s.Usage()
	return (until.CPU - from.CPU).Seconds() / idleSpan.Seconds(), err
}

// static has as many viewers ask nginx for the same bytes.
func (b *crowdBench) static(ctx context.Context, run *crowdRun, made *recording) error {
	dir, err := os.MkdirTemp(b.dir, "nginx-")
	if err != nil {
		return err
	}
	www := filepath.Join(dir, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		return err
	}
	if _, _, err := pki.Write(dir); err != nil {
		return err
	}
	if err := made.write(www); err != nil {
		return err
	}
	n, err := startNginx(ctx, dir)
	if err != nil {
		return err
	}
	origin := wire.Origin{Scheme: "http", Host: n.http}
	if run.Scheme == "https" {
		origin = wire.Origin{Scheme: "https", Host: n.https}
	}
	r := &replay{recording: made, origin: origin, viewers: run.Viewers,
		ramp: time.Duration(run.Viewers) * time.Second / joinRate, seconds: time.Duration(b.Seconds) * time.Second}
	seen, err := r.run(ctx)
	if err != nil {
		return errors.Join(err, n.Stop())
	}
	run.static(seen, b.Seconds)
	return n.Stop()
}

// cores says how many there are, where fewer than the aims name.
func cores() string {
	const asked = 4
	if n := runtime.NumCPU(); n < asked {
		return fmt.Sprintf("the aims are for %d cores; this machine has %d", asked, n)
	}
	return ""
}
