package playback

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener without a network: in a synctest bubble its connections'
// deadlines run on the bubble's clock. A pipe has no buffer, so that a viewer who
// does not read stops the server's first write.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	close(l.closed)
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// running is a server in a bubble.
type running struct {
	t        *testing.T
	server   *Server
	listener *pipes
	served   chan error
}

func startServer(t *testing.T, h http.Handler) *running {
	s := &running{
		t: t, server: NewServer(h, Options{Log: slog.New(slog.DiscardHandler)}), served: make(chan error, 1),
		listener: &pipes{conns: make(chan net.Conn), closed: make(chan struct{})},
	}
	go func() { s.served <- s.server.Serve(s.listener) }()
	return s
}

// connect opens a connection and sends a request on it.
func (s *running) connect(request string) net.Conn {
	s.t.Helper()
	near, far := net.Pipe()
	s.listener.conns <- far
	if _, err := io.WriteString(near, request); err != nil {
		s.t.Fatal(err)
	}
	return near
}

func (s *running) stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		s.t.Errorf("shutdown: %v", err)
	}
	if err := <-s.served; err != nil {
		s.t.Errorf("serve: %v", err)
	}
}

func line(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: media.example\r\n\r\n" }

func read(t *testing.T, c net.Conn) (int, string) {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func TestSlowViewerIsCutOffAndHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(75)
		s := startServer(t, newTestHandler(t, b))
		slow := s.connect(line(mediaURL + "0.m4s")) // and reads nothing
		synctest.Wait()

		other := s.connect(line(mediaURL + "0.m4s"))
		if status, text := read(t, other); status != http.StatusOK || len(text) < 60_000 {
			t.Errorf("another viewer: status %d, %d bytes", status, len(text))
		}
		_ = other.Close()

		<-time.After(2 * stallTimeout) // of the bubble's clock
		synctest.Wait()
		if _, err := slow.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection still stands: %v", err)
		}
		s.stop()
	})
}

// A blocked answer comes after the deadline of the write before it.
func TestBlockedAnswerAfterQuietTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(45)
		s := startServer(t, newTestHandler(t, b))
		c := s.connect(line(mediaURL + "0.0.m4s"))
		if status, _ := read(t, c); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		<-time.After(stallTimeout + time.Second) // of the bubble's clock
		if _, err := io.WriteString(c, line(mediaURL+"1.1.m4s")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.send(30)
		if status, _ := read(t, c); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		_ = c.Close()
		s.stop()
	})
}

func TestViewerWhoSendsNoRequestIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startServer(t, newTestHandler(t, (*broadcast)(nil)))
		c := s.connect("GET / HTTP/1.1\r\nHost:")
		began := time.Now()
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Error(err)
		}
		if waited := time.Since(began); waited > headerTimeout+time.Second {
			t.Errorf("stayed for %v", waited)
		}
		s.stop()
	})
}

// A viewer may be quiet between two requests, and not for ever.
func TestIdleViewerIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(45)
		s := startServer(t, newTestHandler(t, b))
		c := s.connect(line(mediaURL + "0.0.m4s"))
		read(t, c)
		<-time.After(idleTimeout - time.Second) // of the bubble's clock
		if _, err := io.WriteString(c, line(mediaURL+"0.0.m4s")); err != nil {
			t.Fatal(err)
		}
		read(t, c)
		began := time.Now()
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Error(err)
		}
		if stood := time.Since(began); stood < idleTimeout || stood > 2*idleTimeout {
			t.Errorf("stood for %v", stood)
		}
		s.stop()
	})
}

func TestLongHeaderIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startServer(t, newTestHandler(t, (*broadcast)(nil)))
		near, far := net.Pipe()
		s.listener.conns <- far
		go func() { _, _ = io.WriteString(near, line("/"+strings.Repeat("x", 64<<10))) }()
		if status, _ := read(t, near); status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("status %d", status)
		}
		_ = near.Close()
		s.stop()
	})
}

func TestShutdownReleasesWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(45)
		s := startServer(t, newTestHandler(t, b))
		c := s.connect(line(mediaURL + "index.m3u8?_HLS_msn=2"))
		synctest.Wait()
		began := time.Now()
		answered := make(chan string, 1)
		go func() {
			status, text := read(t, c)
			answered <- http.StatusText(status) + text
		}()
		s.stop()
		if got := <-answered; !strings.Contains(got, "Service Unavailable") || !strings.Contains(got, "shutting_down") {
			t.Errorf("answer %s", got)
		}
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("shutdown took %v", waited)
		}
	})
}

func TestSettleWaitsForViewersToHaveTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(45)
		s := startServer(t, newTestHandler(t, b))
		defer s.stop()
		s.server.Settle(t.Context()) // nobody is there: at once
		settled := make(chan struct{})
		read(t, s.connect(line(mediaURL+"index.m3u8")))
		go func() {
			s.server.Settle(t.Context())
			close(settled)
		}()
		<-time.After(quiet / 2) // of the bubble's clock
		read(t, s.connect(line(mediaURL+"0.m4s")))
		<-time.After(quiet * 3 / 4)
		select {
		case <-settled:
			t.Error("settled less than a quiet time after the last request")
		default:
		}
		<-settled

		hurried, cancel := context.WithCancel(t.Context())
		read(t, s.connect(line(mediaURL+"index.m3u8")))
		cancel()
		s.server.Settle(hurried)
	})
}

// TestViewerWhoLeavesFreesItsWaiter goes over a real connection.
func TestViewerWhoLeavesFreesItsWaiter(t *testing.T) {
	b := newBroadcast(t)
	b.send(45)
	h := newTestHandler(t, b)
	entered, left := make(chan struct{}), make(chan error, 1)
	s := NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		h.ServeHTTP(w, r)
		left <- r.Context().Err()
	}), Options{Log: slog.New(slog.DiscardHandler)})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, line(mediaURL+"index.m3u8?_HLS_msn=2")); err != nil {
		t.Fatal(err)
	}
	<-entered
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the waiter was not freed by the viewer's leaving: %v", err)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
