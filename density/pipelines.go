package density

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/pipeline"
)

// Pipelines carries channels as the daemon does: each has a supervisor with its worker.
type Pipelines struct {
	// Streams are the kinds of channels, of which they take turns.
	Streams []*Stream
	// Backends make the renditions; where there are several, which should be equal, each
	// serves every kind of channel in turn.
	Backends []pipeline.Backend
	Log      *slog.Logger
	// Command is pipeline.Options'; nil is this binary as a worker.
	Command func() *exec.Cmd
}

func (p *Pipelines) stream(i int) *Stream { return p.Streams[i%len(p.Streams)] }

func (p *Pipelines) backend(i int) pipeline.Backend {
	return p.Backends[i/len(p.Streams)%len(p.Backends)]
}

// Outputs is Carrier's.
func (p *Pipelines) Outputs(i int) []string {
	s := p.stream(i)
	if len(p.Streams) == 1 {
		return s.out
	}
	names := make([]string, len(s.out))
	for i, o := range s.out {
		names[i] = s.Name + ": " + o
	}
	return names
}

// Start is Carrier's.
func (p *Pipelines) Start(i int, at time.Time, w *Watch) Channel {
	ctx, cancel := context.WithCancel(context.Background())
	c := &piped{stream: p.stream(i), began: at, watch: w, cancel: cancel}
	job := c.stream.plan.Job
	job.Stream = fmt.Sprintf("bench-%d", i+1)
	job.Backend = p.backend(i)
	options := pipeline.Options{Log: p.Log.With("channel", i+1), Command: p.Command}
	c.all.Go(func() { c.run(ctx, job, options) })
	return c
}

// piped is a channel of Pipelines. One goroutine feeds it, another one takes what it makes.
type piped struct {
	stream *Stream
	began  time.Time // when the first packet is due
	watch  *Watch
	cancel context.CancelFunc
	all    sync.WaitGroup

	supervisor atomic.Pointer[pipeline.Supervisor]
}

func (c *piped) PIDs() []int {
	s := c.supervisor.Load()
	if s == nil || s.PID() == 0 {
		return nil
	}
	return []int{s.PID()}
}

func (c *piped) Close() {
	c.cancel()
	c.all.Wait()
}

func (c *piped) run(ctx context.Context, job pipeline.Job, o pipeline.Options) {
	if !until(ctx, c.began) {
		return
	}
	s, err := pipeline.Start(job, o)
	if err != nil {
		c.watch.Fail(err.Error())
		return
	}
	c.supervisor.Store(s)
	c.all.Go(func() { c.take(s) })
	defer s.Close()
	reel := &reel{Clip: c.stream.clip}
	for {
		p := reel.next()
		if !until(ctx, c.began.Add(reel.due(p.DTS).Duration())) {
			return
		}
		if err := s.Write(p); err != nil {
			c.watch.Fail(err.Error())
			return
		}
		if snap := s.Snapshot(); snap.Restarts > 0 || snap.Lost > 0 {
			c.watch.Fail(cmp.Or(snap.LastFailure, fmt.Sprintf("the worker was not given %d packets, for want of time", snap.Lost)))
		}
	}
}

// take tells what comes out, until the supervisor ends.
func (c *piped) take(s *pipeline.Supervisor) {
	for o := range s.Outputs() {
		due := c.began.Add(c.stream.clip.dueShown(o.Packet.Kind, o.Packet.PTS).Duration())
		c.watch.Out(c.stream.index(o.Packet.Kind, o.Index), due, time.Now())
	}
}

// until waits for a time; false says that ctx ended first.
func until(ctx context.Context, at time.Time) bool {
	left := time.Until(at)
	if left <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
