package pipeline

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// HeartbeatPeriod is the longest time between two Progress messages.
const HeartbeatPeriod = 500 * time.Millisecond

// childFD is the descriptor at which a worker finds its end of the socketpair:
// the first after standard input, output and error.
const childFD = 3

// Conn carries messages over a stream socket. Nothing is held back: each Send is
// one writev. Send may be called by several goroutines at once, and blocks while
// the peer does not read; Receive belongs to one goroutine; Close unblocks both.
type Conn struct {
	sock net.Conn
	r    *bufio.Reader

	mu sync.Mutex // one message at a time
}

// NewConn makes a Conn of a connected stream socket.
func NewConn(sock net.Conn) *Conn {
	return &Conn{sock: sock, r: bufio.NewReaderSize(sock, 64<<10)}
}

// ChildConn is a worker's end of the socketpair that its supervisor made. Any
// error of its Receive means that the daemon has gone, and that the worker ends.
func ChildConn() (*Conn, error) {
	c, err := fileConn(os.NewFile(childFD, "supervisor"))
	if err != nil {
		return nil, fmt.Errorf("a worker is started by the daemon, with its socket at descriptor %d: %w", childFD, err)
	}
	return c, nil
}

// Send writes one message.
func (c *Conn) Send(m Message) error {
	head, tail, err := encode(m)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	bufs := net.Buffers{head, tail}
	if _, err := bufs.WriteTo(c.sock); err != nil {
		return fmt.Errorf("send %T: %w", m, err)
	}
	return nil
}

// Receive reads one message. The error is io.EOF, unwrapped, where the peer
// closed its end in order.
func (c *Conn) Receive() (Message, error) { return readMessage(c.r) }

// Close closes the socket.
func (c *Conn) Close() error { return c.sock.Close() }

// socketpair makes the two ends of a worker's channel. The worker's is a plain
// file for exec.Cmd.ExtraFiles; both are closed on exec otherwise.
func socketpair() (*Conn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socketpair: %w", err)
	}
	child := os.NewFile(uintptr(fds[1]), "worker")
	c, err := fileConn(os.NewFile(uintptr(fds[0]), "worker"))
	if err != nil {
		return nil, nil, errors.Join(err, child.Close())
	}
	return c, child, nil
}

// fileConn makes a Conn of f's socket and closes f.
func fileConn(f *os.File) (*Conn, error) {
	if f == nil {
		return nil, os.ErrInvalid
	}
	sock, err := net.FileConn(f)
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = errors.Join(closeErr, sock.Close())
	}
	if err != nil {
		return nil, err
	}
	return NewConn(sock), nil
}
