package worker

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"ladderd/pipeline"
)

// startChild starts a worker process with an environment and gives it the job: a driver
// is found when a process starts, and a broken one may take the process with it.
func startChild(t *testing.T, job pipeline.Job, environ []string) (*daemon, *os.Process) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	own, child := os.NewFile(uintptr(fds[0]), "daemon"), os.NewFile(uintptr(fds[1]), "worker")
	defer child.Close()
	sock, err := net.FileConn(own)
	if err := errors.Join(err, own.Close()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(environ, workerMark+"=1")
	cmd.ExtraFiles = []*os.File{child}
	cmd.Stderr = t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &daemon{conn: pipeline.NewConn(sock), code: make(chan pipeline.ExitCode, 1), result: newResult(job)}
	go func() {
		_ = cmd.Wait() // what it exits with is what is looked at
		d.code <- pipeline.ExitCode(cmd.ProcessState.ExitCode())
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = d.conn.Close()
	})
	if err := d.conn.Send(job); err != nil {
		t.Fatal(err)
	}
	return d, cmd.Process
}
