package pipeline

import (
	"fmt"
	"log/slog"
	"time"

	"ladderd/media"
)

// Limits of failure: a stream whose workers die faster than the first, or fall
// behind faster than the second, is ended. A worker that ran well for goodRun
// has nothing to do with failures before it.
const (
	maxDeaths      = 5
	deathWindow    = time.Minute
	maxOverflows   = 3
	overflowWindow = 5 * time.Minute
	goodRun        = 30 * time.Second
	// maxFruitless is how many workers in a row may be sent the same input and die
	// without having put anything out; then it is the device that kills them, or where
	// there is none the input. One that hangs on a device is not waited for again.
	maxFruitless = 2
)

// owner is the goroutine that owns all of a supervisor's state. It waits in one
// place only, and never on the worker or the stream alone.
type owner struct {
	s   *Supervisor
	o   Options
	log *slog.Logger
	job Job

	backlog *backlog
	gate    *gate
	worker  *worker // nil between two workers
	pending *Output // passed the gate, waits for room in s.out
	order   *Shed   // what the worker is to be told
	restart <-chan time.Time
	tick    time.Duration
	looks   int // ticks so far

	deaths, overflows strikes
	fruitless         int // workers in a row that died and had put nothing out
	moves             moves
	draining          bool
	over              bool // with s.err set where it is a failure
	snap              Snapshot
}

func newOwner(s *Supervisor, job Job, o Options) *owner {
	return &owner{
		s: s, o: o, job: job, log: o.Log,
		backlog: newBacklog(job, o.Queue), gate: newGate(job),
		tick:      o.HeartbeatTimeout / patience,
		deaths:    strikes{limit: maxDeaths, window: deathWindow},
		overflows: strikes{limit: maxOverflows, window: overflowWindow},
		moves:     newMoves(),
		snap:      Snapshot{Backend: job.Backend},
	}
}

func (w *owner) run() {
	defer close(w.s.done)
	ticker := time.NewTicker(w.tick)
	defer ticker.Stop()
	w.begin()
	for !w.over || w.pending != nil && w.s.err == nil {
		w.step(ticker.C)
	}
	close(w.s.ended)
	if w.worker != nil {
		w.worker.kill("the pipeline is closed")
		w.await(w.worker)
	}
	w.publish()
	close(w.s.out)
}

// await waits for a worker that was killed, if it dies at all (abandon).
func (w *owner) await(k *worker) {
	late := time.NewTimer(w.o.HeartbeatTimeout)
	defer late.Stop()
	select {
	case <-k.done:
	case <-late.C:
		w.log.Error("a worker that was killed does not die and is left behind", "pid", k.pid.Load())
	}
}

// step waits for whatever comes first. Channels that are nil are not waited for.
func (w *owner) step(tick <-chan time.Time) {
	var (
		out    chan<- Output
		ready  Output
		events <-chan Message
		feed   chan<- Message
		next   Message
		gone   <-chan struct{}
		drain  <-chan struct{}
	)
	if w.pending != nil {
		out, ready = w.s.out, *w.pending
	}
	if k := w.worker; k != nil {
		gone = k.done
		if w.pending == nil && !k.eof {
			events = k.events
		}
		if next = w.next(); next != nil {
			feed = k.feed
		}
	}
	if !w.draining {
		drain = w.s.drain
	}
	select {
	case p := <-w.s.in:
		w.take(p)
	case feed <- next:
		w.fed(next)
	case out <- ready:
		w.pending = nil
	case m, ok := <-events:
		w.hear(m, ok)
	case <-gone:
		w.bury()
	case shed := <-w.s.shed:
		w.shed(shed)
	case b := <-w.s.backend:
		w.reassign(b)
	case <-w.restart:
		w.begin()
	case <-tick:
		w.check()
	case <-drain:
		w.draining, w.restart = true, nil
		w.over = w.worker == nil
	case <-w.s.stop:
		w.over, w.pending = true, nil
	}
}

// begin starts a worker where the last one left off.
func (w *owner) begin() {
	w.restart = nil
	w.skip()
	held := w.backlog.rewind(w.gate.after, w.gate.heard())
	w.gate.resume()
	w.order = nil // the job says it
	job := w.job
	job.Video, job.Audio, job.After = *held.video, held.audio, w.gate.after
	w.worker = &worker{process: w.o.launch(job), began: time.Now(), after: job.After, backend: job.Backend}
	w.s.process.Store(w.worker.process)
	w.snap.Backend, w.snap.Encoders, w.snap.Progress = job.Backend, nil, Progress{}
	w.publish()
}

// skip leaves out what the workers before have been sent where none survived it.
func (w *owner) skip() {
	if w.fruitless < maxFruitless || w.backlog.next == 0 {
		return
	}
	w.fruitless = 0
	w.log.Warn("input that no worker survived is left out", "packets", w.backlog.next)
	w.backlog.drop(w.backlog.next)
}

// take adds a source packet. Where there is no room the stream cuts to what is
// newest. A worker that had time to catch up is too slow, and is replaced.
func (w *owner) take(p media.Packet) {
	if w.draining || p.Kind == media.Video && len(w.job.Videos) == 0 {
		return
	}
	if p.Arrived.IsZero() {
		p.Arrived = time.Now()
	}
	if w.backlog.push(p) {
		return
	}
	w.snap.Lost += w.backlog.cut()
	span := w.o.Queue.Span.Duration()
	if k := w.worker; k == nil || k.killed != "" || k.ready.IsZero() || time.Since(k.ready) < span {
		return // it inherited what it could not carry
	}
	w.falls(fmt.Sprintf("fell more than %v behind the source", span))
	if w.overflows.add(time.Now()) {
		slow := fmt.Errorf("%w: the worker fell behind %d times in %v", ErrTooSlow, maxOverflows, overflowWindow)
		if !w.move(false, slow.Error()) {
			w.fail(slow)
		}
	}
}

// next is what the worker is to be sent, nil where there is nothing.
func (w *owner) next() Message {
	if w.worker.asked || w.worker.killed != "" {
		return nil
	}
	if w.order != nil {
		return *w.order
	}
	if p, ok := w.backlog.head(); ok {
		return Input{Packet: p}
	}
	if w.draining {
		return Drain{}
	}
	return nil
}

func (w *owner) fed(m Message) {
	switch m := m.(type) {
	case Drain:
		w.worker.asked = true
	case Shed:
		w.order = nil
	case Input:
		if m.Packet.Kind == media.Video || len(w.job.Videos) == 0 {
			w.worker.fed = sixteenth
		}
		w.backlog.sent()
	}
}

// shed has other outputs encoded than are.
func (w *owner) shed(outputs []int) {
	if err := checkShed(w.job.Videos, outputs); err != nil {
		w.log.Error("outputs cannot be shed", "error", err)
		return
	}
	w.job.Shed = outputs
	if w.worker != nil {
		w.order = &Shed{Outputs: outputs}
	}
}

// bury deals with a worker that has gone: it is replaced, or the stream ends.
func (w *owner) bury() {
	k := w.worker
	w.worker = nil
	w.s.process.Store(nil)
	if k.asked && k.code == ExitDone && k.killed == "" {
		w.over = true
		return
	}
	if k.leaves && !w.draining {
		w.log.Info("the stream moves to another backend, as was asked for", "to", w.job.Backend.String(), "put_out_until", w.gate.after.Seconds())
		w.restart = time.After(0)
		return
	}
	why := k.why()
	w.snap.LastFailure = why
	w.snap.Failures.add(k)
	if w.draining {
		w.log.Warn("worker failed at the end of the stream", "reason", why)
		w.over = true
		return
	}
	if k.asks(ExitGiveUp) {
		w.s.err, w.over = SourceError{why}, true
		w.log.Warn("the source cannot be transcoded", "reason", why)
		return
	}
	delay, err := w.judge(k, why)
	if err != nil {
		w.fail(err)
		return
	}
	w.snap.Restarts++
	w.log.Warn("worker failed and is replaced", "reason", why, "put_out_until", w.gate.after.Seconds(), "in", delay)
	w.restart = time.After(delay)
	w.publish()
}

// judge decides with which backend and after what time a dead worker is replaced. An
// error says that it is not.
func (w *owner) judge(k *worker, why string) (time.Duration, error) {
	if k.overflow {
		if k.immortal && k.backend == w.job.Backend {
			w.move(false, why)
		}
		return 0, nil
	}
	if !k.ready.IsZero() && time.Since(k.ready) >= goodRun {
		w.deaths.forgive()
		w.moves.forgive()
	}
	// Without a device only encoders ask for another place, where they do not open: input is
	// not to be blamed for that, nor left out.
	if blameless := k.asks(ExitRetryElsewhere) && k.backend.Device == (Device{}); !blameless {
		w.fruitless++
	}
	if w.gate.after > k.after {
		w.fruitless = 0
	}
	enough := w.deaths.add(time.Now())
	if enough && w.moves.ownFault {
		return 0, fmt.Errorf("worker died %d times in %v, on one device as on another: %s", maxDeaths, deathWindow, why)
	}
	asked := k.asks(ExitRetryElsewhere)
	if (enough || asked || w.deviceFails(k)) && w.move(asked, why) {
		return 0, nil
	}
	if enough {
		return 0, fmt.Errorf("worker died %d times in %v: %s", maxDeaths, deathWindow, why)
	}
	return w.deaths.delay(), nil
}

func (w *owner) fail(err error) {
	w.s.err, w.over = fmt.Errorf("transcoding failed: %w", err), true
	w.snap.LastFailure = err.Error()
	w.log.Error("pipeline failed", "error", w.s.err)
}

// publish lets others see how things stand.
func (w *owner) publish() {
	snap := w.snap
	snap.At = time.Now()
	snap.Out = w.gate.least()
	snap.Queued, snap.QueuedBytes = len(w.backlog.packets)-w.backlog.next, w.backlog.queuedBytes
	w.s.snapshot.Store(&snap)
}
