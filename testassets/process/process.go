// Package process runs the programs of end-to-end tests (the daemon, publishers)
// and makes sure that nothing of them stays behind: each runs as a process group
// of its own, its output is kept, and Stop waits until it has gone.
package process

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Process is a running program. One goroutine waits for it from Start on.
type Process struct {
	name  string
	cmd   *exec.Cmd
	out   buffer
	ended chan struct{} // closed when it has gone
	err   error         // set before ended is closed
	stop  sync.Once
}

// Start runs cmd, with its output kept.
func Start(cmd *exec.Cmd) (*Process, error) { return StartIn(cmd, 0) }

// StartIn is Start, in new namespaces: CLONE_NEW… flags.
func StartIn(cmd *exec.Cmd, namespaces uintptr) (*Process, error) {
	p := &Process{name: filepath.Base(cmd.Path), cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	// Pdeathsig: a test run that is killed leaves nothing running. It goes by the
	// thread that started the process; Go keeps its threads.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: namespaces}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends sig to the process.
func (p *Process) Signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("send %v to %s: %w", sig, p.name, err)
	}
	return nil
}

// Ended is closed when the process has gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Running says whether the process is still there.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Output is all that the process has written so far.
func (p *Process) Output() string { return p.out.String() }

// Wait waits for the end; the error of a process that failed has its output.
func (p *Process) Wait() error {
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", p.name, p.err, p.Output())
	}
	return nil
}

// Usage is the CPU time, user and system, of the process and of those of its
// children that it has waited for. It is known once the process has ended.
func (p *Process) Usage() time.Duration {
	<-p.ended
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// Stop sends sig, after grace SIGKILL to the whole group, and waits. The error
// says that the process failed or that it had to be killed.
func (p *Process) Stop(sig syscall.Signal, grace time.Duration) error {
	var killed bool
	p.stop.Do(func() {
		_ = p.cmd.Process.Signal(sig) // it may have ended by itself
		select {
		case <-p.ended:
		case <-time.After(grace):
			killed = true
		}
		// What it left behind goes too, whether or not it ended well itself.
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	})
	err := p.Wait()
	if killed {
		return fmt.Errorf("%s did not end within %s of %v", p.name, grace, sig)
	}
	return err
}

// buffer collects what a process writes.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
