package pipeline

import (
	"context"
	"fmt"
	"time"

	"ladderd/media"
)

// patience is how many ticks HeartbeatTimeout has. Silence is counted in ticks
// that the owner saw, not on the clock: when the machine was asleep or the daemon
// had no CPU, the worker was not silent. A sixteenth is for what takes longer than a tick
// in a worker that does well.
const (
	patience  = 64
	sixteenth = patience / 16
)

// logsPerTick is how much of a worker's log is taken between two ticks.
const logsPerTick = 12

// worker is what the owner knows of the present process.
type worker struct {
	*process
	began, ready time.Time
	after        media.Ticks // what was out when it began
	backend      Backend     // what it began with

	heard    bool // it has sent something
	silent   int  // ticks since its last message, or since it began
	stuck    int  // ticks with input and no progress
	fed      int  // ticks in which it counts as given input, since it was
	still    stillness
	slow     slowness
	frames   int64
	age      int    // ticks in which nothing was wrong with it
	logs     int    // lines since the last tick
	eof      bool   // its socket has ended
	asked    bool   // it has been sent Drain
	drainAge int    // ticks since the stream's end, of which it may have input left
	killed   string // why the owner killed it
	hung     bool   // because it was silent, or stood still
	leaks    bool   // because of its memory
	dying    int    // ticks since then, or since it said that it failed
	stiff    int    // of these, ticks in a row in which it did not even run
	immortal bool   // it did not die
	overflow bool   // it was killed for falling behind
	failed   *Failed
	leaves   bool // it was killed for another one to take its place, and did nothing wrong
}

// hear takes a message of the worker; ok is false at the socket's end.
func (w *owner) hear(m Message, ok bool) {
	k := w.worker
	k.heard, k.silent = true, 0
	if !ok {
		k.eof, k.stuck = true, 0 // it is its silence that counts from now on
		if k.rubbish != nil {
			k.kill("sent rubbish: " + k.rubbish.Error())
		}
		return
	}
	switch m := m.(type) {
	case Output:
		w.output(m)
	case Progress:
		w.snap.Progress = m
		k.still.moved(m)
		if m.FramesDecoded != k.frames {
			k.frames, k.stuck = m.FramesDecoded, 0
		}
	case Ready:
		k.ready = time.Now()
		w.snap.Encoders = m.Encoders
		w.log.Info("worker is ready", "pid", k.pid.Load(), "backend", k.backend.String(), "encoders", m.Encoders, "took", k.ready.Sub(k.began))
		w.publish()
	case Log:
		if k.logs++; k.logs <= logsPerTick {
			w.log.Log(context.Background(), m.Level, "worker: "+m.Text[:min(len(m.Text), maxLine)], "pid", k.pid.Load())
		}
	case Failed:
		k.failed = &m
	default:
		k.kill(fmt.Sprintf("sent rubbish: a %T", m))
	}
}

func (w *owner) output(o Output) {
	k := w.worker
	if k.killed != "" {
		return
	}
	ok, err := w.gate.pass(&o)
	if err != nil {
		k.kill("sent rubbish: " + err.Error())
		return
	}
	if ok {
		k.stuck = 0
		w.pending = &o
	}
}

// check looks after the worker, once a tick.
func (w *owner) check() {
	if w.looks++; w.looks%sixteenth == 0 {
		w.backlog.trim(w.gate.after, w.gate.heard())
		w.snap.Behind = w.behind()
		w.publish()
	}
	k := w.worker
	if k == nil {
		return
	}
	if k.logs > logsPerTick {
		w.log.Warn("worker's log was cut", "pid", k.pid.Load(), "lines", k.logs-logsPerTick)
	}
	k.logs = 0
	if k.killed != "" {
		w.die()
		return
	}
	switch {
	case k.failed != nil:
		if k.dying++; k.dying >= sixteenth { // freeing what a driver holds may hang
			k.kill(k.failed.Reason)
		}
	case w.pending != nil && !k.eof:
		// The stream holds it up: what it has to say has not been heard.
	case !k.heard && k.silent >= w.ticks(w.o.StartTimeout):
		k.hangs(fmt.Sprintf("did not start within %v", w.o.StartTimeout))
	case k.heard && k.silent >= patience:
		k.hangs(fmt.Sprintf("gave no sign of life for %v", w.o.HeartbeatTimeout))
	case k.ready.IsZero() && k.stuck >= w.ticks(w.o.StartTimeout):
		k.hangs(fmt.Sprintf("did not open its encoders within %v", w.o.StartTimeout))
	case !k.ready.IsZero() && k.stuck >= patience:
		k.hangs(fmt.Sprintf("decoded nothing in %v of input", w.o.HeartbeatTimeout))
	case w.stands():
		k.hangs(fmt.Sprintf("stood still for %v with work to do", ((standing + idling + 1) * w.tick).Round(10*time.Millisecond)))
	case k.drainAge >= w.ticks(w.o.DrainTimeout):
		k.kill(fmt.Sprintf("did not end within %v", w.o.DrainTimeout))
	default:
		w.count()
		w.lag()
		if k.age++; k.age%patience == 0 {
			w.weigh()
		}
	}
}

// stands tells whether a worker that has opened its encoders does nothing though it could.
func (w *owner) stands() bool {
	k := w.worker
	return !k.ready.IsZero() && !k.asked && k.still.hung(k.process, w.hasInput())
}

// hasInput says that the worker is given input, or does not take what there is for it.
func (w *owner) hasInput() bool {
	_, blocked := w.backlog.head()
	return w.worker.fed > 0 || blocked
}

// die waits for a worker that was killed. One that does not even run any more is waited
// for less long than one that has no CPU to end with.
func (w *owner) die() {
	k := w.worker
	if k.stiff++; k.busy() {
		k.stiff = 0
	}
	if k.dying++; k.dying >= patience || k.stiff >= patience/4 {
		w.abandon()
	}
}

// abandon goes on without a worker that does not die: it hangs in the kernel, as a
// broken driver has processes do. Its stream must not hang with it. What serves it stays
// until the kernel lets it go.
func (w *owner) abandon() {
	k := w.worker
	w.log.Error("a worker that was killed does not die and is left behind: it hangs in the kernel, mostly in a driver", "pid", k.pid.Load(), "reason", k.killed)
	k.immortal = true
	k.process = newProcess() // what can be known of it now: nothing
	k.code = -1
	w.bury()
}

func (w *owner) ticks(d time.Duration) int { return int((d + w.tick - 1) / w.tick) }

// count adds a tick to what the worker is allowed. It is stuck only while it is
// given video or holds input up: a publisher may pause, and a replacement is sent
// no video before it can put any out. Encoders open with the first picture.
func (w *owner) count() {
	k := w.worker
	k.silent++
	if !k.asked && w.hasInput() {
		k.stuck++
	}
	k.fed = max(k.fed-1, 0)
	if w.draining {
		k.drainAge++
	}
}

// kill ends the worker; what it has sent and nobody has heard is lost.
func (k *worker) kill(why string) {
	if k.killed == "" {
		k.killed = why
		close(k.abort)
	}
}

// hangs ends a worker that does nothing any more.
func (k *worker) hangs(why string) {
	k.hung = true
	k.kill(why)
}

// asks tells whether the worker's last message or its exit status has that code. A
// worker may have told why it cannot go on and then hang in a driver as it ends.
func (k *worker) asks(code ExitCode) bool {
	return k.code == code || k.failed != nil && k.failed.Code == code
}

// why says how the worker ended: in its own words where it left some, in the owner's
// where it was killed, else in the kernel's.
func (k *worker) why() string {
	switch {
	case k.failed != nil:
		return k.failed.Reason
	case k.killed != "":
		return k.killed
	case k.rubbish != nil:
		return "sent rubbish: " + k.rubbish.Error()
	case k.code == ExitDone:
		return "ended without being asked"
	}
	return k.end
}
