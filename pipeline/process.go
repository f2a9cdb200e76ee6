package pipeline

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// process is one worker process and the goroutines that serve it. The owner
// feeds it, takes its messages until events is closed, and then waits for done;
// closing abort, once, kills it and unblocks all of them.
type process struct {
	feed   chan Message
	events chan Message
	abort  chan struct{}
	done   chan struct{}
	pid    atomic.Int64 // 0 while no process runs

	// rubbish is why its messages cannot be understood; it holds once events is
	// closed.
	rubbish error
	// code and end are how it ended; they hold once done is closed. code is -1
	// after a signal and where it could not be started.
	code ExitCode
	end  string

	// What the kernel says of it, see vitals.go. For tests they are others.
	vitals func() (vitals, bool)
	busy   func() bool
}

func newProcess() *process {
	p := &process{
		feed: make(chan Message), events: make(chan Message),
		abort: make(chan struct{}), done: make(chan struct{}),
	}
	p.vitals = func() (vitals, bool) { return vitalsOf(int(p.pid.Load())) }
	p.busy = func() bool { return busyNow(int(p.pid.Load())) }
	return p
}

// launch starts a worker, which is sent a Job or a Trial first, and returns before it runs.
func launch(cmd *exec.Cmd, first Message, log *slog.Logger) *process {
	p := newProcess()
	go p.run(cmd, first, log)
	return p
}

// run is the process's life. It stays on one thread, because the kernel sends
// Pdeathsig when the thread that forked ends, not when the parent does; wait
// would hold a thread anyhow. The death signal is the second net: a worker ends
// by itself when its socket does, unless it hangs in a driver.
func (p *process) run(cmd *exec.Cmd, first Message, log *slog.Logger) {
	defer close(p.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	conn, stderr, err := start(cmd)
	if err != nil {
		close(p.events)
		p.code, p.end = -1, err.Error()
		return
	}
	p.pid.Store(int64(cmd.Process.Pid))
	log = log.With("pid", cmd.Process.Pid)
	lines := &stderrLog{log: log}

	var served sync.WaitGroup
	exited := make(chan struct{})
	served.Go(func() { p.read(conn) })
	served.Go(func() { p.write(conn, first, exited) })
	served.Go(func() { lines.copy(stderr) })
	served.Go(func() {
		select {
		case <-p.abort:
			// Nothing is expected to fail: both may have ended meanwhile.
			_ = cmd.Process.Kill()
			_ = conn.Close()
		case <-exited:
		}
	})

	err = cmd.Wait()
	p.pid.Store(0)
	close(exited)
	// What the process wrote is there to be read; whoever else holds the pipe,
	// against the rules, is not waited for.
	_ = stderr.SetReadDeadline(time.Now().Add(time.Second))
	served.Wait()
	_ = conn.Close()
	_ = stderr.Close()
	p.code, p.end = ending(cmd, err, lines.cause)
}

// start forks. The child is a process group of its own, so that Ctrl-C on a
// terminal reaches the daemon alone, which drains its workers.
func start(cmd *exec.Cmd) (*Conn, *os.File, error) {
	conn, child, err := socketpair()
	if err != nil {
		return nil, nil, err
	}
	defer child.Close()
	stderr, childStderr, err := os.Pipe()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a pipe: %w", err), conn.Close())
	}
	defer childStderr.Close()
	if cmd.Env == nil {
		cmd.Env = workerEnv(os.Environ())
	}
	cmd.ExtraFiles = []*os.File{child}
	cmd.Stderr = childStderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start a worker: %w", err), conn.Close(), stderr.Close())
	}
	preferForOOM(cmd.Process.Pid)
	return conn, stderr, nil
}

// preferForOOM has the kernel, when memory runs out, take a worker rather than
// the daemon: one stream instead of all. Where /proc is not writable the kernel's
// own choice stands.
func preferForOOM(pid int) {
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte("500"), 0)
}

// read hands the worker's messages to the owner, one at a time: the owner's
// pace is the worker's.
func (p *process) read(conn *Conn) {
	defer close(p.events)
	for {
		m, err := conn.Receive()
		if err != nil {
			if !hungUp(err) {
				p.rubbish = err
			}
			return
		}
		select {
		case p.events <- m:
		case <-p.abort:
			return
		}
	}
}

// hungUp says whether err means that the peer has gone, perhaps in the middle
// of a message, or that this end was closed.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)
}

// write sends what comes first and then what the owner feeds.
func (p *process) write(conn *Conn, first Message, exited <-chan struct{}) {
	if conn.Send(first) != nil {
		return // the reader sees the end of the socket too
	}
	for {
		select {
		case m := <-p.feed:
			if conn.Send(m) != nil {
				return
			}
		case <-exited:
			return
		}
	}
}

// outOfMemory is what a SIGKILL that nobody here sent mostly means.
const outOfMemory = " (not by ladderd: the kernel does so where memory runs out)"

// ending puts into words how the process ended.
func ending(cmd *exec.Cmd, err error, cause string) (ExitCode, string) {
	if cmd.ProcessState == nil {
		return -1, fmt.Sprintf("wait for the worker: %v", err)
	}
	end := cmd.ProcessState.String()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signal() == syscall.SIGKILL {
		end += outOfMemory // whoever killed it here says why instead
	}
	if cause != "" {
		end += " (" + cause + ")"
	}
	return ExitCode(cmd.ProcessState.ExitCode()), end
}
