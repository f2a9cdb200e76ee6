package rtmp

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/door"
	"ladderd/testassets/pki"
)

// secured is ln behind TLS, with a certificate that nobody signed.
func secured(t *testing.T, ln net.Listener) net.Listener {
	t.Helper()
	pair, err := pki.New("localhost", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{certificate}})
}

// startTLS is start for RTMPS.
func startTLS(t *testing.T, config Config) testServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, secured(t, ln), config)
}

func (s testServer) dialTLS(t *testing.T) *client {
	t.Helper()
	nc, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return shake(t, nc)
}

func TestServerSpeaksOverTLS(t *testing.T) {
	s := startTLS(t, Config{})
	first := s.dialTLS(t)
	first.publish()
	first.audio(0, audioConfig)
	first.audio(0, aacFrame)
	if r := s.packets(t, 1).request; !r.Secure || r.Protocol != "rtmps" {
		t.Errorf("it is taken for %s, secure %t", r.Protocol, r.Secure)
	}

	second := s.dialTLS(t)
	second.connect("app")
	second.command(1, "publish", 5, nil, testKey, "live")
	second.expect("NetStream.Publish.BadName", "already live")
	second.expectEnd()
}

func TestUnknownKeysAreTold(t *testing.T) {
	told := make(chan string, 10)
	s := start(t, Config{Failed: func(a net.Addr) { told <- a.String() }})
	for _, key := range []string{"sk_wrong", testKey, strings.Repeat("k", 2000), ""} {
		publisher := s.dial(t)
		publisher.connect("app")
		publisher.command(1, "publish", 5, nil, key, "live")
		if key == testKey {
			publisher.expect("onStatus", "NetStream.Publish.Start")
			continue
		}
		publisher.expect("onStatus", "Unknown stream key")
		if got, want := <-told, publisher.LocalAddr().String(); got != want {
			t.Errorf("told of %s, want %s", got, want)
		}
	}
	if len(told) > 0 {
		t.Errorf("told of %s as well", <-told)
	}
}

// elsewhere has connections come from another machine.
type elsewhere struct{ net.Listener }

type distant struct{ net.Conn }

func (e elsewhere) Accept() (net.Conn, error) {
	nc, err := e.Listener.Accept()
	return distant{nc}, err
}

func (distant) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1} }

func TestAddressThatTriesKeysIsTurnedAway(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const keys = 3
	entrance := door.New(door.Options{Who: "publishers", PerAddress: 2, FailedKeys: keys, Log: slog.New(slog.DiscardHandler)})
	s := startOn(t, entrance.Guard(elsewhere{ln}), Config{Failed: entrance.Failed, LingerTimeout: 10 * time.Millisecond})
	live := s.dial(t)
	live.publish()
	turnedAway := func() {
		t.Helper()
		nc, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		_ = nc.SetDeadline(time.Now().Add(patience))
		if n, err := nc.Read(make([]byte, 1)); n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("not turned away: %d bytes, %v", n, err)
		}
	}
	for i := range keys {
		guesser := s.dial(t)
		if i == 0 {
			turnedAway() // there are two connections
		}
		guesser.connect("app")
		guesser.command(1, "publish", 5, nil, "sk_guess", "live")
		guesser.expect("onStatus", "Unknown stream key")
		guesser.expectEnd()
	}
	turnedAway()
	live.audio(0, audioConfig)
	live.audio(0, aacFrame)
	s.packets(t, 1) // it has done nothing wrong
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
