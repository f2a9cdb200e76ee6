package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"ladderd/load"
	"ladderd/load/proc"
	"ladderd/load/wire"
)

// replay has viewers ask a static server for what was recorded, at the times at
// which it came: all of them at once for the playlist, then for its new parts. That
// is as many requests, of the same sizes and in the same bursts, as from the live
// server; but the live server has held the playlist's request, and this one is asked
// when it is time.
type replay struct {
	*recording
	origin  wire.Origin
	viewers int
	ramp    time.Duration
	seconds time.Duration // that are measured
}

// replayed is what they saw and what it cost.
type replayed struct {
	parts    []float64 // seconds from request to last byte
	requests int
	cpu      float64 // of the server, CPU seconds per second
	memory   int64   // of the server per viewer, in bytes
	failed   int
	own      float64 // of the viewers, CPU seconds per second
	others   float64 // of all other programs
}

// replayClient is one viewer's.
type replayClient struct {
	playlists, media interface {
		Get(wire.Target, bool, time.Duration) (wire.Reply, error)
		Close()
	}
	parts    []float64
	requests int
	failed   int
}

func (r *replay) client() *replayClient {
	if r.origin.Scheme == "https" {
		s := wire.NewShared(&tls.Config{InsecureSkipVerify: true})
		return &replayClient{playlists: s, media: s}
	}
	return &replayClient{playlists: wire.NewConn(nil), media: wire.NewConn(nil)}
}

func (r *replay) run(ctx context.Context) (*replayed, error) {
	server, err := load.FindServer(r.origin.Host, r.origin.Scheme)
	if err != nil {
		return nil, err
	}
	before, err := server.Usage()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	from, until := began.Add(r.ramp+settle), began.Add(r.ramp+settle+r.seconds)
	clients := make([]*replayClient, r.viewers)
	var all sync.WaitGroup
	for i := range clients {
		clients[i] = r.client()
		all.Go(func() { r.watch(ctx, clients[i], began, time.Duration(i)*r.ramp/time.Duration(r.viewers), from, until) })
	}
	// The same span for the server's figures as for the viewers'.
	var span [2]spent
	for i, at := range []time.Time{from, until} {
		err := sleepUntil(ctx, at)
		if err == nil {
			span[i], err = spentBy(server)
		}
		if err != nil {
			cancel()
			all.Wait()
			return nil, err
		}
	}
	all.Wait()
	got := &replayed{
		cpu:    (span[1].server.CPU - span[0].server.CPU).Seconds() / r.seconds.Seconds(),
		own:    (span[1].own - span[0].own).Seconds() / r.seconds.Seconds(),
		memory: max(max(span[0].server.Memory, span[1].server.Memory)-before.Memory, 0) / int64(r.viewers),
	}
	got.others = max((span[1].machine-span[0].machine).Seconds()/r.seconds.Seconds()-got.cpu-got.own, 0)
	for _, c := range clients {
		got.parts = append(got.parts, c.parts...)
		got.requests += c.requests
		got.failed += c.failed
	}
	return got, nil
}

// spent is what has been taken so far.
type spent struct {
	server       proc.Usage
	own, machine time.Duration
}

func spentBy(server *load.Server) (s spent, err error) {
	var errs [3]error
	s.server, errs[0] = server.Usage()
	s.own, errs[1] = ownCPU()
	s.machine, errs[2] = proc.Busy()
	return s, errors.Join(errs[:]...)
}

// settle is how long the last viewers have to join before the measurement begins,
// as in package load.
const settle = 2 * time.Second

// watch joins after a while and goes on with whatever state is due, to the end.
func (r *replay) watch(ctx context.Context, c *replayClient, began time.Time, after time.Duration, from, until time.Time) {
	defer c.playlists.Close()
	defer c.media.Close()
	for round := time.Duration(0); ; round++ {
		for i, s := range r.states {
			due := began.Add(round*r.length + s.at)
			if due.After(until) {
				return
			}
			if due.Before(began.Add(after)) {
				continue
			}
			if sleepUntil(ctx, due) != nil {
				return
			}
			c.take(r.origin, i, len(s.parts), !due.Before(from))
		}
	}
}

func (c *replayClient) take(origin wire.Origin, state, parts int, counts bool) {
	at := wire.Target{Origin: origin, Dir: "/", Name: fmt.Sprintf("%d.m3u8", state)}
	if r, err := c.playlists.Get(at, true, answerTimeout); err != nil || r.Status != 200 {
		c.failed++
	}
	for n := range parts {
		at.Name = fmt.Sprintf("%d.%d.m4s", state, n)
		asked := time.Now()
		r, err := c.media.Get(at, false, answerTimeout)
		if err != nil || r.Status != 200 {
			c.failed++
		}
		if counts {
			c.parts = append(c.parts, time.Since(asked).Seconds())
		}
	}
	if counts {
		c.requests += 1 + parts
	}
}

func sleepUntil(ctx context.Context, at time.Time) error {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
