package etcd

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// server is an etcd of one member.
type server struct {
	t       *testing.T
	dir     string
	clients string // URL for clients
	peers   string
	process *exec.Cmd
}

// startServer starts an etcd with nothing in it, which the test stops at its end.
func startServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("etcd"); err != nil {
		t.Skip("there is no etcd on this machine: ", err)
	}
	s := &server{t: t, dir: t.TempDir(), clients: freeURL(t), peers: freeURL(t)}
	s.start()
	t.Cleanup(func() { s.stop(syscall.SIGKILL) })
	return s
}

// freeURL is one on a port that nobody listens on.
func freeURL(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// start starts the process, and waits until it answers.
func (s *server) start() {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.process = exec.Command("etcd", "--name", "alone", "--data-dir", filepath.Join(s.dir, "data"),
		"--listen-client-urls", s.clients, "--advertise-client-urls", s.clients,
		"--listen-peer-urls", s.peers, "--initial-advertise-peer-urls", s.peers, "--initial-cluster", "alone="+s.peers,
		// Elections that take no time: leases of a second are lengthened otherwise.
		"--heartbeat-interval", "20", "--election-timeout", "200", "--logger", "zap")
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	ready, err := Open(ctx, s.options(""))
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		s.t.Fatalf("%v\n%s", err, text)
	}
	ready.Close()
}

// stop ends the process, and waits for it.
func (s *server) stop(by syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		return
	}
	if err := s.process.Process.Signal(by); err != nil {
		s.t.Error(err)
	}
	s.process.Wait() // has the signal as an error
	s.process = nil
}

func (s *server) options(prefix string) Options {
	return Options{Endpoints: []string{s.clients}, Prefix: prefix, Log: slog.New(slog.DiscardHandler)}
}

// open is a store below a prefix that no other test has.
func (s *server) open(t *testing.T) *Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	opened, err := Open(ctx, s.options(fmt.Sprintf("/%s/", t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}
