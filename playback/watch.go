package playback

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// watch tells lanes whose requests wait that their viewer has left. Reading from
// each connection while its request waits, as net/http does, takes a goroutine and
// three system calls a request; this takes one system call in a connection's life.
// A lane that cannot be watched is freed by its request's own timeout.
type watch struct {
	once sync.Once
	file *os.File // of an epoll; nil until a lane waits, or where there is none
	fd   int
	done chan struct{} // closed when wait has ended

	mu    sync.Mutex
	last  int32
	lanes map[int32]*lane // by lane.watched, which is never 0
}

func newWatch() *watch { return &watch{done: make(chan struct{}), lanes: make(map[int32]*lane)} }

// open starts watching. The epoll is itself waited for by the runtime's.
func (w *watch) open() {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		close(w.done)
		return
	}
	w.fd, w.file = fd, os.NewFile(uintptr(fd), "epoll of viewers")
	go w.wait()
}

// add has a lane watched until forget. It is called by the lane's goroutine, which
// alone writes l.watched: so most calls take no lock, though all viewers wait at once.
func (w *watch) add(l *lane) {
	if l.watched != 0 {
		return
	}
	socket, ok := socketOf(l.conn).(syscall.Conn)
	if !ok {
		return
	}
	w.once.Do(w.open)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	if w.last++; w.last <= 0 {
		w.last = 1
	}
	l.watched = w.last
	w.lanes[l.watched] = l
	// Once: who has left does not come back.
	event := syscall.EpollEvent{Events: syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: l.watched}
	_ = raw.Control(func(fd uintptr) { _ = syscall.EpollCtl(w.fd, syscall.EPOLL_CTL_ADD, int(fd), &event) })
}

// forget is to be called before the lane's connection is closed, which takes it out
// of the epoll.
func (w *watch) forget(l *lane) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.lanes, l.watched)
}

// wait frees those who wait for viewers that have left.
func (w *watch) wait() {
	defer close(w.done)
	raw, err := w.file.SyscallConn()
	if err != nil {
		return
	}
	var events [64]syscall.EpollEvent
	for {
		n := 0
		if err := raw.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events[:], 0)
			return n > 0
		}); err != nil {
			return // closed
		}
		w.mu.Lock()
		for _, e := range events[:n] {
			if l := w.lanes[e.Fd]; l != nil {
				l.cancel(context.Canceled)
			}
		}
		w.mu.Unlock()
	}
}

// close stops watching.
func (w *watch) close() error {
	w.once.Do(func() { close(w.done) }) // nobody has been watched
	var err error
	if w.file != nil {
		err = w.file.Close()
	}
	<-w.done
	if err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("stop watching viewers: %w", err)
	}
	return nil
}
