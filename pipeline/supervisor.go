package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/media"
)

var (
	// ErrClosed is what Write returns after Drain or Close.
	ErrClosed = errors.New("the pipeline is closed")
	// ErrTooSlow ends a stream whose workers fell behind again and again.
	ErrTooSlow = errors.New("this machine is too slow for the ladder")
)

// SourceError ends a stream whose source no worker can transcode. Its text is for whoever
// publishes.
type SourceError struct{ Reason string }

func (e SourceError) Error() string { return e.Reason }

// Options sets a supervisor up. Zero values mean the defaults.
type Options struct {
	// Command makes the command that runs a worker; the default runs this binary
	// with the argument "worker". The supervisor sets its standard error, extra
	// files, process attributes and, where it is nil, its environment.
	Command func() *exec.Cmd
	// Log is expected to name the stream. Default slog.Default.
	Log   *slog.Logger
	Queue Limits
	// Elsewhere names the backend to go on with where one has failed; it
	// is false where there is none. It is called, and must not wait, where a worker asks
	// for it (ExitRetryElsewhere), where one hangs on its device or is slower than the source,
	// where several crash on it
	// without having put anything out, and before a stream is ended for failures or for
	// slowness. Nil: there is no other, and ExitRetryElsewhere is as good as ExitRetryHere.
	Elsewhere func(Failure) (Backend, bool)
	// HeartbeatTimeout is how long a worker may be silent, or decode nothing while
	// input flows, before it is replaced. One that uses no CPU either is hung after a
	// fifth of that. Default 4 s.
	HeartbeatTimeout time.Duration
	// StartTimeout is how long a worker may take to start, and then, while input
	// flows, to open its encoders. Default 8 s, which is less than Queue.Span, so that
	// a worker that hangs is not taken for a slow one.
	StartTimeout time.Duration
	// DrainTimeout is how long a worker may take to end after Drain, with what is
	// queued for it then. Default 10 s.
	DrainTimeout time.Duration

	// launch is another way to make a process, for tests.
	launch func(Job) *process
}

func (o Options) withDefaults() Options {
	if o.Command == nil {
		o.Command = selfCommand
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.HeartbeatTimeout <= 0 {
		o.HeartbeatTimeout = 4 * time.Second
	}
	if o.StartTimeout <= 0 {
		o.StartTimeout = 8 * time.Second
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = 10 * time.Second
	}
	if o.launch == nil {
		o.launch = func(j Job) *process { return launch(o.Command(), j, o.Log) }
	}
	o.Queue = o.Queue.withDefaults()
	return o
}

// outputQueue is how many packets wait for the stream's goroutine before the
// worker is held up: about a second of a full ladder.
const outputQueue = 256

// Supervisor transcodes one stream, in one worker process after another.
type Supervisor struct {
	in   chan media.Packet
	out  chan Output
	shed chan []int // of one: the newest
	// backend is likewise.
	backend chan Backend
	drain   chan struct{}
	stop    chan struct{}
	ended   chan struct{} // no more is taken
	done    chan struct{} // all goroutines have gone (see Done)

	drainOnce, stopOnce sync.Once

	err      error // holds once ended is closed
	process  atomic.Pointer[process]
	snapshot atomic.Pointer[Snapshot]
}

// Start begins to transcode. It does not wait for the worker.
func Start(job Job, o Options) (*Supervisor, error) {
	if err := checkJob(job); err != nil {
		return nil, fmt.Errorf("start a pipeline: %w", err)
	}
	s := &Supervisor{
		in: make(chan media.Packet), out: make(chan Output, outputQueue),
		shed: make(chan []int, 1), backend: make(chan Backend, 1), drain: make(chan struct{}), stop: make(chan struct{}),
		ended: make(chan struct{}), done: make(chan struct{}),
	}
	s.snapshot.Store(&Snapshot{Backend: job.Backend})
	go newOwner(s, job, o.withDefaults()).run()
	return s, nil
}

// Write hands in the source's next packet, on the stream's timeline and in the
// order of decoding. It never waits for a worker. An error means that the packet
// is malformed, which changes nothing, or else that the supervisor has ended.
func (s *Supervisor) Write(p media.Packet) error {
	if err := checkPacket(p); err != nil {
		return SourceError{fmt.Sprintf("transcode: %v", err)}
	}
	select {
	case <-s.drain:
		return ErrClosed
	default:
	}
	select {
	case s.in <- p:
		return nil
	case <-s.ended:
		if s.err != nil {
			return s.err
		}
		return ErrClosed
	}
}

// Outputs is what the workers make. The caller reads it until it is closed,
// which follows Drain, Close or a failure; see Err. PTS rises within each output;
// after a worker was replaced every video output resumes with an IDR, with its
// parameters told anew, all at one PTS.
func (s *Supervisor) Outputs() <-chan Output { return s.out }

// Shed has these outputs encoded no more, and all others encoded, from the next grid point
// on (Job.Shed), by this worker and those after it. It does not wait.
func (s *Supervisor) Shed(outputs []int) { latest(s.shed, outputs) }

// Move has the stream go on with another backend: its worker is replaced as one that has
// failed, and nobody is blamed. It does not wait.
func (s *Supervisor) Move(b Backend) { latest(s.backend, b) }

// latest puts v into a channel of one, in the place of what nobody has taken.
func latest[T any](c chan T, v T) {
	for {
		select {
		case c <- v:
			return
		case <-c:
		}
	}
}

// Drain says that no more packets come: the worker puts out what it has, and
// then Outputs is closed. It does not wait.
func (s *Supervisor) Drain() { s.drainOnce.Do(func() { close(s.drain) }) }

// Close kills the worker and waits until all has gone but a worker that does not die.
func (s *Supervisor) Close() {
	s.stopOnce.Do(func() { close(s.stop) })
	<-s.done
}

// Done is closed when the worker and all goroutines have gone; not those of a worker that
// does not die.
func (s *Supervisor) Done() <-chan struct{} { return s.done }

// Err is why the supervisor gave up, in words for an operator; nil while it runs
// and after Drain or Close.
func (s *Supervisor) Err() error {
	select {
	case <-s.ended:
		return s.err
	default:
		return nil
	}
}

// PID is the present worker's process id, 0 while none runs.
func (s *Supervisor) PID() int {
	if p := s.process.Load(); p != nil {
		return int(p.pid.Load())
	}
	return 0
}

// Restarts counts the workers that had to be replaced.
func (s *Supervisor) Restarts() int { return s.snapshot.Load().Restarts }

// Snapshot is how the pipeline was at most a few hundred milliseconds ago.
func (s *Supervisor) Snapshot() Snapshot {
	snap := *s.snapshot.Load()
	snap.PID = s.PID()
	return snap
}

// Snapshot is a pipeline's health.
type Snapshot struct {
	Backend     Backend  // the present worker's, between two the one before's
	Encoders    []string // as the present worker told them; nil until it is ready
	PID         int
	Restarts    int // workers that had to be replaced
	Overflows   int // those that fell behind: too much, or for good on a device
	Failures    Failures
	LastFailure string // of the worker before this one; empty where there was none
	// Progress is what the present worker told last.
	Progress Progress
	// Queued and QueuedBytes are what waits for the worker.
	Queued, QueuedBytes int
	// Behind is how long ago the oldest source picture came that is not out in all video
	// outputs, by when the newest came; 0 where all are out. Until a stream's first picture
	// is out it is the time since the source's first.
	Behind time.Duration
	// Out is the PTS up to which all is out.
	Out media.Ticks
	// Lost is how many source packets no worker was given, for want of time.
	Lost int
	// At is when the supervisor last told of itself, which it does several times a second
	// until it has ended.
	At time.Time
}

// Failures counts workers by how they ended.
type Failures struct {
	Crashed int // by themselves, by a signal or with an error
	Hung    int // they stood still, or did not start
	Slow    int // they fell behind
	Refused int // what they were to use has failed, they said
	Memory  int // they held too much of it
}

// ByName has each reason under its name.
func (f Failures) ByName() map[string]int {
	return map[string]int{"crashed": f.Crashed, "hung": f.Hung, "slow": f.Slow, "refused": f.Refused, "memory": f.Memory}
}

func (f *Failures) add(k *worker) {
	switch {
	case k.asks(ExitRetryElsewhere):
		f.Refused++
	case k.hung:
		f.Hung++
	case k.overflow:
		f.Slow++
	case k.leaks:
		f.Memory++
	default:
		f.Crashed++
	}
}
