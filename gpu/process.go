package gpu

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// helper is a process that writes lines. Its goroutine outlives stop only where the
// kernel does not let the process die: one that waits in a driver, uninterruptibly.
type helper struct {
	cmd    *exec.Cmd
	lines  chan string
	abort  context.CancelFunc
	whole  bool // these two hold once lines is closed
	lastly string
}

func startHelper(cmd *exec.Cmd) *helper {
	ctx, abort := context.WithCancel(context.Background())
	h := &helper{cmd: cmd, lines: make(chan string), abort: abort}
	go h.run(ctx)
	return h
}

// run stays on one thread, because the kernel sends Pdeathsig when the thread that forked
// ends. The process group keeps Ctrl-C on a terminal away.
func (h *helper) run(ctx context.Context) {
	defer close(h.lines)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var words bytes.Buffer
	out, err := h.cmd.StdoutPipe()
	if err == nil {
		h.cmd.Stderr = &limited{&words, 4 << 10}
		h.cmd.WaitDelay = time.Second
		h.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		err = h.cmd.Start()
	}
	if err != nil {
		h.lastly = err.Error()
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = h.cmd.Process.Kill() }) // it may have ended
	defer stop()
	in := bufio.NewScanner(out)
	for in.Scan() {
		select {
		case h.lines <- in.Text():
		case <-ctx.Done():
		}
	}
	err = h.cmd.Wait()
	h.whole = err == nil
	if err != nil {
		h.lastly = err.Error()
	}
	if last := lastLine(words.String()); last != "" {
		h.lastly += ": " + last
	}
}

func (h *helper) stop() { h.abort() }

func (h *helper) ending() (whole bool, how string) { return h.whole, h.lastly }

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// limited drops what is past a number of bytes.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if _, err := l.w.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
