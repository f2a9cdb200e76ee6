package pipeline

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ladderd/media"
)

// logBuffer is a log that several goroutines write.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// supervise starts real processes that play the roles in turn, the last of them
// for ever.
func supervise(t *testing.T, job Job, o Options, cast ...string) (*Supervisor, *logBuffer) {
	t.Helper()
	log := new(logBuffer)
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	var n int
	o.Command = func() *exec.Cmd {
		role := cast[min(n, len(cast)-1)]
		n++
		return as(role)
	}
	s, err := Start(job, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Log(log)
		}
	})
	return s, log
}

const soon = time.Minute // never reached but in failure

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(soon); !holds(); {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("waited for %s", what)
		}
	}
}

// outputsTo takes outputs until each of the job's two has reached pts.
func outputsTo(t *testing.T, s *Supervisor, pts media.Ticks) (got []Output) {
	t.Helper()
	for reached := 0; reached < 2; {
		select {
		case o, ok := <-s.Outputs():
			if !ok {
				t.Fatalf("outputs ended before %d: %v", pts, s.Err())
			}
			got = append(got, o)
			if o.Packet.PTS >= pts {
				reached++
			}
		case <-time.After(soon):
			t.Fatalf("no output at %d; failure: %s", pts, s.Snapshot().LastFailure)
		}
	}
	return got
}

func TestKilledWorkerIsReplaced(t *testing.T) {
	for _, c := range []struct {
		name   string
		job    Job
		signal syscall.Signal
		want   string // part of the reason
	}{
		{"SIGKILL", periodic, syscall.SIGKILL, "signal: killed (not by ladderd: the kernel does so where memory runs out)"},
		{"SIGKILL on the source's grid", everyIDR, syscall.SIGKILL, "signal: killed"},
		{"SIGSEGV", everyIDR, syscall.SIGSEGV, "SIGSEGV: segmentation violation"},
		{"SIGSTOP", everyIDR, syscall.SIGSTOP, "no sign of life"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, log := supervise(t, c.job, Options{HeartbeatTimeout: 2 * time.Second}, "echo")
			write(t, s, gop(second)...)
			outputsTo(t, s, second+second*4/5)
			pid := s.PID()
			if group, err := syscall.Getpgid(pid); group != pid {
				t.Errorf("the worker %d is in process group %d (%v)", pid, group, err)
			}
			if err := syscall.Kill(pid, c.signal); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "a replacement", func() bool { return s.Restarts() == 1 })
			write(t, s, gop(3*second)...)
			got := outputsTo(t, s, 3*second+second*4/5)
			for i, o := range got {
				if first := i < 2; o.Packet.PTS < 3*second || first != (o.Packet.PTS == 3*second && o.Packet.Key && o.Packet.Video != nil) {
					t.Errorf("output %d: index %d at %d, key %v", i, o.Index, o.Packet.PTS, o.Packet.Key)
				}
			}
			snap := s.Snapshot()
			if snap.Restarts != 1 || !strings.Contains(snap.LastFailure, c.want) || snap.PID == pid || snap.PID == 0 {
				t.Errorf("snapshot %+v", snap)
			}
			s.Drain()
			for range s.Outputs() {
				t.Error("an output that nothing was written for")
			}
			if s.Err() != nil || !strings.Contains(log.String(), "worker is ready") {
				t.Errorf("error %v", s.Err())
			}
			<-s.Done()
			if s.PID() != 0 {
				t.Error("a process is left")
			}
		})
	}
}

// TestStoppedWorkerIsNoticedByTheKernel stops a worker while its source goes on: long
// before its silence would tell.
func TestStoppedWorkerIsNoticedByTheKernel(t *testing.T) {
	t.Parallel()
	s, _ := supervise(t, everyIDR, Options{}, "echo")
	stop := make(chan struct{})
	var sourced sync.WaitGroup
	sourced.Go(func() { source(s, second, stop) })
	defer sourced.Wait()
	defer close(stop)
	outputsTo(t, s, second)
	if err := syscall.Kill(s.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for s.Restarts() == 0 {
		<-s.Outputs()
	}
	if snap := s.Snapshot(); !strings.HasPrefix(snap.LastFailure, "stood still") || snap.Failures != (Failures{Hung: 1}) {
		t.Errorf("snapshot %+v", snap)
	}
}

func TestBrokenWorkerIsReplaced(t *testing.T) {
	for _, c := range []struct{ role, want string }{
		{"exit", "exit status 7"},
		{"panic", "exit status 2 (panic: encoder lost)"},
		{"rubbish", "sent rubbish: message of unknown type 165"},
		{"hang up", "stood still for 410ms with work to do"},
		{"deaf", "stood still for 410ms with work to do"},
	} {
		t.Run(c.role, func(t *testing.T) {
			t.Parallel()
			s, _ := supervise(t, everyIDR, Options{HeartbeatTimeout: 2 * time.Second}, c.role, "echo")
			write(t, s, slices.Concat(gop(second), gop(2*second))...)
			stop := make(chan struct{})
			var sourced sync.WaitGroup
			sourced.Go(func() { source(s, 3*second, stop) })
			got := outputsTo(t, s, 2*second)
			close(stop)
			sourced.Wait()
			if got[0].Packet.PTS != second {
				t.Errorf("began at %d", got[0].Packet.PTS)
			}
			if snap := s.Snapshot(); snap.LastFailure != c.want || snap.Restarts != 1 {
				t.Errorf("snapshot %+v, want %q", snap, c.want)
			}
		})
	}
}

func TestGivingUpEndsTheStream(t *testing.T) {
	for _, c := range []struct{ role, want string }{
		{"give up", "exit status 12"},
		{"failed", "no such device"},
	} {
		t.Run(c.role, func(t *testing.T) {
			s, _ := supervise(t, periodic, Options{}, c.role)
			for range s.Outputs() {
				t.Error("an output")
			}
			if err := s.Err(); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestCommandThatCannotBeRun(t *testing.T) {
	t.Parallel()
	s, err := Start(periodic, Options{
		Command: func() *exec.Cmd { return exec.Command("/nonexistent") },
		Log:     slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "start a worker: fork/exec /nonexistent") {
		t.Errorf("error %v", err)
	}
}

// A worker that floods is paced by the stream, and so is what it logs.
func TestFloodIsBounded(t *testing.T) {
	s, log := supervise(t, periodic, Options{HeartbeatTimeout: time.Second}, "flood")
	for range 4 * outputQueue {
		if _, ok := <-s.Outputs(); !ok {
			t.Fatal(s.Err())
		}
	}
	s.Close()
	if n := len(s.Outputs()); n > outputQueue {
		t.Errorf("%d outputs are held", n)
	}
	if n := log.buf.Len(); n > 2<<20 {
		t.Errorf("%d bytes were logged", n)
	}
}

func TestCloseWhileTheWorkerHangs(t *testing.T) {
	s, _ := supervise(t, periodic, Options{}, "deaf")
	for range 20 { // more than the socket holds
		p := video(second, true)
		p.Data = append([]byte{0, 1, 0, 0}, make([]byte, 1<<16)...)
		write(t, s, p)
	}
	s.Close()
	s.Close()
	if err := s.Write(video(second, true)); err != ErrClosed {
		t.Errorf("write after close: %v", err)
	}
	if _, open := <-s.Outputs(); open || s.Err() != nil {
		t.Errorf("outputs open: %v, error %v", open, s.Err())
	}
}

func TestOwnBinaryIsTheOneThatRuns(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := selfCommand().Args; !slices.Equal(got, []string{path, "worker"}) {
		t.Errorf("runs %q, want %q", got, path)
	}
}

func TestStderrIsBounded(t *testing.T) {
	var out logBuffer
	l := &stderrLog{log: slog.New(slog.NewTextHandler(&out, nil))}
	long := strings.Repeat("x", 3*maxLine)
	l.copy(strings.NewReader(long + "\n\nfatal error: out of memory\n" + strings.Repeat("line\n", maxLines) + "end without newline"))
	text := out.String()
	if n := strings.Count(text, "x"); n < maxLine || n > maxLine+100 {
		t.Errorf("%d bytes of a long line were logged", n)
	}
	if n := strings.Count(text, "\n"); n != maxLines+1 {
		t.Errorf("%d lines were logged", n)
	}
	if l.cause != "fatal error: out of memory" || !strings.Contains(text, "lines=103 logged=100") {
		t.Errorf("cause %q", l.cause)
	}
}

func TestWorkerEnvironmentHoldsNoSecrets(t *testing.T) {
	got := workerEnv([]string{"PATH=/bin", "AWS_SECRET_ACCESS_KEY=x", "LIBVA_DRIVER_NAME=iHD", "PATHS=y", "CUDA_VISIBLE_DEVICES=0"})
	if want := []string{"PATH=/bin", "LIBVA_DRIVER_NAME=iHD", "CUDA_VISIBLE_DEVICES=0"}; !slices.Equal(got, want) {
		t.Errorf("passed %v, want %v", got, want)
	}
	if workerEnv(nil) == nil {
		t.Error("nil means all of the environment")
	}
}
