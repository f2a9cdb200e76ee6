package main

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"ladderd/service"
)

// socketNames are the listeners that the service manager may open, by what they are for: the
// FileDescriptorName of the units in systemd/. SRT's socket is libsrt's own.
var socketNames = map[string]string{
	"RTMP": "rtmp", "RTMPS": "rtmps", "playback": "playback", "playback by HTTPS": "playback-tls", "API": "api", "metrics": "metrics",
}

// inherited is the service manager's listener, nil where it opened none for that.
func (d *daemon) inherited(name string) (net.Listener, error) {
	return d.sockets.Take(socketNames[name])
}

// warnOfSockets tells of those for which the configuration has no listener.
func (d *daemon) warnOfSockets() {
	if left := d.sockets.Left(); len(left) > 0 {
		d.log.Warn("the service manager opened sockets that the configuration has no listener for; they are closed", "sockets", left)
	}
}

// statusEvery is how often the line of status is made anew. It is sent where it has changed.
const statusEvery = 2 * time.Second

// attend has the manager know how the daemon does until stop is called, which is when there is
// nothing left to look after.
func (d *daemon) attend(m *service.Manager) (stop func()) {
	d.manager = m
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { d.watchdog.Run(ctx, m) })
	running.Go(func() {
		tick := time.NewTicker(statusEvery)
		defer tick.Stop()
		for {
			d.tellStatus()
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// probes are what the watchdog asks. A worker that hangs is its supervisor's matter.
func (d *daemon) probes() []service.Probe {
	return []service.Probe{
		{Name: "streams", Check: d.hub.Progress},
		{Name: "admission", Check: func() error { d.devices.control.Status(); return nil }},
	}
}

func (d *daemon) tellStatus() {
	if d.manager.Present() {
		d.told(d.manager.Status(statusLine(d.phase.String(), d.streams(), d.devices.control.Status().Devices, d.reloads.line())))
	}
}

// told logs that the manager was not reached. What it lacks comes with the next message.
func (d *daemon) told(err error) {
	if err != nil {
		d.log.Warn("the service manager does not hear", "reason", err)
	}
}

// up says that the daemon does what it is for.
func (d *daemon) up() {
	d.phase.is.Store(ready)
	d.told(d.manager.Ready())
}

// reloadTold reloads, and has the manager know.
func (d *daemon) reloadTold() {
	d.told(d.manager.Reloading())
	d.reload()
	d.told(d.manager.Ready())
	if d.manager.Present() {
		d.tellStatus()
	}
}

const (
	// closeMost is how long close may take: what streams' ends may (10 s for encoders), lastWords
	// and lastAnswers, and something to spare.
	closeMost = 30 * time.Second
	// extendEvery is how often the manager hears that a drain goes on. It waits for twice closeMost.
	extendEvery = 5 * time.Second
)

// drain lets publishers go on for as long as the configuration says, or until none is left. New
// ones are refused, and whoever spreads them over machines is told by /readyz.
func (d *daemon) drain() {
	d.phase.is.Store(draining)
	most, n := d.config.Server.Drain, d.hub.Count()
	d.told(d.manager.Stopping(closeMost))
	d.tellStatus()
	if most == 0 || n == 0 {
		return
	}
	d.log.Info("draining: publishers may go on, new ones are refused", "streams", n, "for at most", most)
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	var extending sync.WaitGroup
	extending.Go(func() { d.extend(ctx) })
	d.hub.Drain(ctx)
	cancel()
	extending.Wait()
	d.log.Info("drained", "streams that are left", d.hub.Count())
}

// extend asks the manager for more time until ctx ends.
func (d *daemon) extend(ctx context.Context) {
	tick := time.NewTicker(extendEvery)
	defer tick.Stop()
	for {
		d.told(d.manager.Extend(closeMost))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// startFailed has the manager show why the daemon did not start.
func startFailed(m *service.Manager, err error) {
	_ = m.Status("not started: " + strings.TrimSpace(err.Error())) // the error itself is told in any case
}

// newJournalLog logs to systemd's journal. The function waits for what has not got there.
func newJournalLog(level slog.Leveler) (*slog.Logger, func()) {
	j := service.NewJournal(level)
	return slog.New(j), j.Close
}
