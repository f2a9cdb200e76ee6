package pipeline

import (
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"ladderd/media"
)

// actor is a worker without a process, played by the test.
type actor struct {
	*process
	job  Job
	exit func(code ExitCode, end string)
}

// cast starts a supervisor whose workers the test plays, within a bubble of
// virtual time.
func cast(t *testing.T, job Job, o Options) (*Supervisor, <-chan *actor) {
	t.Helper()
	return castWith(t, job, o, func(*actor) bool { return false })
}

// castWith has actors of which some do not die when they are killed.
func castWith(t *testing.T, job Job, o Options, immortal func(*actor) bool) (*Supervisor, <-chan *actor) {
	t.Helper()
	return castOn(t, job, o, nil, immortal)
}

// kernel is what a machine tells of all actors; nil where it tells nothing.
type kernel func() (v vitals, busy bool)

func castOn(t *testing.T, job Job, o Options, k kernel, immortal func(*actor) bool) (*Supervisor, <-chan *actor) {
	t.Helper()
	hired := make(chan *actor, 64)
	o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	o.launch = func(j Job) *process {
		a := &actor{process: newProcess(), job: j}
		if k != nil {
			a.vitals = func() (vitals, bool) { v, _ := k(); return v, true }
			a.busy = func() bool { _, busy := k(); return busy }
		}
		var once sync.Once
		a.exit = func(code ExitCode, end string) {
			once.Do(func() {
				a.code, a.end = code, end
				close(a.done)
			})
		}
		go func() {
			select {
			case <-a.abort:
				if !immortal(a) {
					a.exit(-1, "signal: killed")
				}
			case <-a.done:
			}
		}()
		hired <- a
		return a.process
	}
	s, err := Start(job, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, hired
}

// says sends messages to the supervisor, as the worker.
func (a *actor) says(ms ...Message) {
	for _, m := range ms {
		select {
		case a.events <- m:
		case <-a.abort:
			return
		}
	}
}

// beats says p for as long as the worker lives.
func (a *actor) beats(p Progress) {
	for {
		select {
		case <-time.After(HeartbeatPeriod):
			a.says(p)
		case <-a.done:
			return
		}
	}
}

// hears waits for the daemon's next message.
func (a *actor) hears() Message {
	select {
	case m := <-a.feed:
		return m
	case <-a.done:
		return nil
	}
}

// gets takes inputs up to the video packet at pts.
func (a *actor) gets(t *testing.T, pts media.Ticks) {
	t.Helper()
	for {
		in, ok := a.hears().(Input)
		if !ok {
			t.Fatalf("the worker ended before it got the packet at %d", pts)
		}
		if in.Packet.Kind == media.Video && in.Packet.PTS == pts {
			return
		}
	}
}
