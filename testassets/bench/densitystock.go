package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ladderd/density"
)

// plainCarrier is a density.Carrier: an ffmpeg process a channel, which reads its source at
// its pace (-re), round and round, and makes the ladder by the stock command. What comes out
// is read as lines of the muxer framecrc, one a packet. Of an MP4 whose tracks are equally long
// -stream_loop keeps the pace, as it does not of others.
type plainCarrier struct{ *stock }

// Outputs is density.Carrier's. Audio is not judged.
func (c *plainCarrier) Outputs(int) []string {
	var names []string
	for _, r := range c.rungs {
		names = append(names, r.Name)
	}
	return names
}

// Start is density.Carrier's.
func (c *plainCarrier) Start(_ int, at time.Time, w *density.Watch) density.Channel {
	ctx, cancel := context.WithCancel(context.Background())
	p := &plainChannel{carrier: c, watch: w, cancel: cancel}
	p.all.Go(func() {
		if sleepUntil(ctx, at) != nil {
			return
		}
		if err := p.run(ctx); ctx.Err() == nil {
			w.Fail(fmt.Sprintf("ffmpeg ended: %v", err))
		}
	})
	return p
}

// args are the command's for a live source. What is written to pipe n of ffmpeg is the rung
// with the index n - 3; the rest goes nowhere.
func (c *plainCarrier) args() []string {
	return c.command([]string{"-re", "-stream_loop", "-1", "-i", c.file}, func(name string) []string {
		for i, r := range c.rungs {
			if r.Name == name {
				return []string{"-flush_packets", "1", "-f", "framecrc", "pipe:" + strconv.Itoa(i+3)}
			}
		}
		return []string{"-f", "null", "-"}
	})
}

// plainChannel is one process.
type plainChannel struct {
	carrier *plainCarrier
	watch   *density.Watch
	cancel  context.CancelFunc
	all     sync.WaitGroup
	pid     atomic.Int64
}

// PIDs is density.Channel's.
func (p *plainChannel) PIDs() []int {
	if pid := p.pid.Load(); pid != 0 {
		return []int{int(pid)}
	}
	return nil
}

// Close is density.Channel's.
func (p *plainChannel) Close() {
	p.cancel()
	p.all.Wait()
}

// run is the process's life. It stays on one thread, because the kernel sends Pdeathsig when
// the thread that forked ends; waiting would hold one anyhow.
func (p *plainChannel) run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, "ffmpeg", p.carrier.args()...)
	var words bytes.Buffer
	cmd.Stderr = &words
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var pipes []*os.File
	for range p.carrier.rungs {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer r.Close()
		defer w.Close()
		pipes, cmd.ExtraFiles = append(pipes, r), append(cmd.ExtraFiles, w)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.pid.Store(int64(cmd.Process.Pid))
	defer p.pid.Store(0)
	for i, r := range pipes {
		_ = cmd.ExtraFiles[i].Close() // ffmpeg's end, so that it alone holds it; closed again in the end
		p.all.Go(func() { p.take(i, r) })
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(words.String()))
	}
	return nil
}

// take tells of a rung's packets. They are due by their DTS, as there are B-frames, and counted
// from the first one, as nobody knows when ffmpeg began to read: its start is not held
// against it.
func (p *plainChannel) take(rung int, r io.Reader) {
	var began time.Time
	base := 0.0
	for lines := bufio.NewScanner(r); lines.Scan(); {
		stream, dts, timeBase, err := framecrc(lines.Text())
		switch {
		case err != nil:
			p.watch.Fail(err.Error())
			return
		case timeBase > 0 && stream == 0:
			base = timeBase
		case timeBase == 0 && stream == 0:
			now, at := time.Now(), time.Duration(float64(dts)*base*float64(time.Second))
			if began.IsZero() {
				began = now.Add(-at)
			}
			p.watch.Out(rung, began.Add(at), now)
		}
	}
}

// framecrc reads a line: of a packet its stream and DTS; "#tb 0: 1/90000" gives a stream's time
// base, in seconds. Stream is -1 for other lines.
func framecrc(line string) (stream int, dts int64, timeBase float64, err error) {
	if rest, is := strings.CutPrefix(line, "#tb "); is {
		var num, den int
		if _, err = fmt.Sscanf(rest, "%d: %d/%d", &stream, &num, &den); err != nil || den == 0 {
			return -1, 0, 0, fmt.Errorf("ffmpeg's time base %q: %w", line, err)
		}
		return stream, 0, float64(num) / float64(den), nil
	}
	if strings.HasPrefix(line, "#") || line == "" {
		return -1, 0, 0, nil
	}
	if _, err = fmt.Sscanf(line, "%d, %d,", &stream, &dts); err != nil {
		return -1, 0, 0, fmt.Errorf("ffmpeg's packet %q: %w", line, err)
	}
	return stream, dts, 0, nil
}
