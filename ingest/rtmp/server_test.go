package rtmp

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

func TestServerSpeaksOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := startOn(t, tls.NewListener(ln, &tls.Config{Certificates: web.TLS.Certificates}), Config{})
	dial := func() *client {
		nc, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		return shake(t, nc)
	}
	first := dial()
	first.publish()
	first.audio(0, audioConfig)
	first.audio(0, aacFrame)
	if !s.packets(t, 1).request.Secure {
		t.Error("it is not taken for encrypted")
	}

	second := dial()
	second.connect("app")
	second.command(1, "publish", 5, nil, testKey, "live")
	second.expect("NetStream.Publish.BadName", "already live")
	second.expectEnd()
}

// faulty is a listener whose first Accepts fail.
type faulty struct {
	*pipes
	failures []error
}

func (f *faulty) Accept() (net.Conn, error) {
	if len(f.failures) > 0 {
		err := f.failures[0]
		f.failures = f.failures[1:]
		return nil, err
	}
	return f.pipes.Accept()
}

func newFaulty(failures ...error) *faulty {
	return &faulty{&pipes{conns: make(chan net.Conn), done: make(chan struct{})}, failures}
}

func TestAcceptingGoesOnAfterFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := newFaulty(errors.New("too many open files"), errors.New("too many open files"))
		log := &logBuffer{}
		s := New(ln, newDesk(), slog.New(slog.NewTextHandler(log, nil)), Config{})
		served := make(chan error, 1)
		go func() { served <- s.Serve() }()
		shake(t, ln.dial()).publish()
		if err := errors.Join(s.Close(), <-served); err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "too many open files"); n != 2 {
			t.Errorf("logged %d times", n)
		}
	})
}

func TestServeTellsThatItsListenerIsGone(t *testing.T) {
	s := New(newFaulty(net.ErrClosed), newDesk(), slog.New(slog.DiscardHandler), Config{})
	if err := s.Serve(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestServeAfterCloseEndsAtOnce(t *testing.T) {
	s := New(newFaulty(), newDesk(), slog.New(slog.DiscardHandler), Config{})
	if err := errors.Join(s.Close(), s.Serve(), s.Close()); err != nil {
		t.Error(err)
	}
}
