package worker

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/pipeline"
)

// Run is a worker's life: it takes a job from conn and serves it until it is told
// to drain, until the daemon is gone, or until it cannot go on. It closes conn. The
// process is to exit with what it returns.
func Run(conn *pipeline.Conn) pipeline.ExitCode {
	w := &session{conn: conn, log: slog.New(&connHandler{send: conn.Send}), in: make(chan received), stop: make(chan struct{})}
	w.wg.Go(w.receive)
	err := w.serve()
	code := pipeline.ExitDone
	if err != nil {
		code = exitCode(err)
		// Where the daemon is gone nobody is left to tell.
		_ = conn.Send(pipeline.Failed{Reason: err.Error(), Code: code})
	}
	w.tidy()
	close(w.stop)
	_ = conn.Close()
	w.wg.Wait()
	return code
}

// session is what Run keeps.
type session struct {
	conn  *pipeline.Conn
	log   *slog.Logger
	in    chan received
	stop  chan struct{} // closed at the end
	wg    sync.WaitGroup
	job   pipeline.Job
	graph atomic.Pointer[graph]
	undo  func() // of logLibav; nil before it
}

// tidy frees what the job needed. It comes after the daemon was told why it failed: a
// driver that has failed may hang in it.
func (w *session) tidy() {
	if g := w.graph.Load(); g != nil {
		g.close()
	}
	if w.undo != nil {
		w.undo()
	}
}

type received struct {
	message pipeline.Message
	err     error
}

// receive reads the socket apart from the rest, so that a graph that fails is heard
// of while nothing comes in.
func (w *session) receive() {
	for {
		m, err := w.conn.Receive()
		select {
		case w.in <- received{m, err}:
		case <-w.stop:
			return
		}
		if err != nil {
			return
		}
	}
}

var errGone = errors.New("the daemon closed the worker's socket")

func (w *session) serve() error {
	r := <-w.in
	if r.err != nil {
		return fmt.Errorf("receive the job: %w", r.err)
	}
	w.undo = logLibav(w.log)
	switch m := r.message.(type) {
	case pipeline.Job:
		w.job = m
		w.wg.Go(w.heartbeat)
		return w.work()
	case pipeline.Trial:
		w.wg.Go(w.heartbeat)
		return w.try(m)
	}
	return hopeless(fmt.Errorf("the daemon sent %T where the job was due", r.message))
}

// try does a trial. A driver that does not come back from it is left to the end of the
// process.
func (w *session) try(t pipeline.Trial) error {
	found := make(chan pipeline.Finding, 1)
	go func() { found <- tryOut(t, w.log) }()
	select {
	case f := <-found:
		return w.conn.Send(f)
	case r := <-w.in:
		if errors.Is(r.err, io.EOF) {
			return errGone
		}
		return fmt.Errorf("receive from the daemon in a trial: %T, %w", r.message, r.err)
	}
}

// work serves the job.
func (w *session) work() error {
	g, err := newGraph(w.job, func(o pipeline.Output) error { return w.conn.Send(o) },
		func(names []string) error { return w.conn.Send(pipeline.Ready{Encoders: names}) }, w.log)
	if err != nil {
		return err
	}
	w.graph.Store(g)
	return w.feed(g)
}

// feed hands the graph what comes in until Drain.
func (w *session) feed(g *graph) error {
	for {
		select {
		case r := <-w.in:
			if errors.Is(r.err, io.EOF) {
				return errGone
			}
			if r.err != nil {
				return fmt.Errorf("receive from the daemon: %w", r.err)
			}
			switch m := r.message.(type) {
			case pipeline.Input:
				if err := g.write(m.Packet); err != nil {
					return err
				}
			case pipeline.Shed:
				g.shed.Store(&m.Outputs)
			case pipeline.Drain:
				return g.drain()
			default:
				return fmt.Errorf("the daemon sent an unexpected %T", m)
			}
		case <-g.ctx.Done():
			return g.failed()
		}
	}
}

// heartbeat tells how far the graph is. It waits for nothing but the socket: an
// encoder that hangs shows as figures that stand still.
func (w *session) heartbeat() {
	t := time.NewTicker(pipeline.HeartbeatPeriod / 4) // what stands still is noticed by it within a second
	defer t.Stop()
	for {
		p := pipeline.Progress{FramesOut: make([]int64, len(w.job.Videos)), Queued: make([]int, len(w.job.Videos))}
		if g := w.graph.Load(); g != nil {
			p = g.progress()
		}
		if w.conn.Send(p) != nil {
			return // the daemon is gone, which receive notices
		}
		select {
		case <-t.C:
		case <-w.stop:
			return
		}
	}
}
