package rtmp

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/media"
)

// pipes is a listener whose connections are pipes, on which deadlines run on a
// synctest bubble's clock.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case nc := <-p.conns:
		return nc, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial is a connection that is accepted, and not a word said.
func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// inBubble runs a server on a virtual clock.
func inBubble(t *testing.T, f func(t *testing.T, p *pipes, d *desk, log *logBuffer)) {
	inBubbleOn(t, func(_ *testing.T, ln net.Listener) net.Listener { return ln }, f)
}

// inBubbleOn is inBubble with something before the listener.
func inBubbleOn(t *testing.T, before func(*testing.T, net.Listener) net.Listener, f func(t *testing.T, p *pipes, d *desk, log *logBuffer)) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		d, log := newDesk(), &logBuffer{}
		s := New(before(t, p), d, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Config{})
		served := make(chan error, 1)
		go func() { served <- s.Serve() }()
		f(t, p, d, log)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// after is how long until the server has closed nc, read to the end.
func after(t *testing.T, nc net.Conn) time.Duration {
	t.Helper()
	_ = nc.SetDeadline(time.Time{})
	start := time.Now()
	_, _ = io.Copy(io.Discard, nc)
	return time.Since(start)
}

func TestSilentStrangersAreDisconnected(t *testing.T) {
	tests := []struct {
		name string
		say  func(t *testing.T, nc net.Conn)
		want time.Duration
		log  string
	}{
		{"nothing said", func(*testing.T, net.Conn) {}, 10 * time.Second, "handshake not finished within 10s"},
		{"half a handshake", func(_ *testing.T, nc net.Conn) { _, _ = nc.Write([]byte("\x03half")) }, 10 * time.Second, "handshake not finished within 10s"},
		// 20 s, and 2 s to read the last word, which the pipe's end does.
		{"handshake only", func(t *testing.T, nc net.Conn) { shake(t, nc) }, 22 * time.Second, "nothing published within 20s"},
		{"connect only", func(t *testing.T, nc net.Conn) { shake(t, nc).connect("app") }, 22 * time.Second, "nothing published within 20s"},
		{"not RTMP", func(_ *testing.T, nc net.Conn) { _, _ = nc.Write([]byte("GET / HTTP/1.1\r\n\r\n")) }, 0, "does not begin like RTMP"},
		{"TLS", func(_ *testing.T, nc net.Conn) { _, _ = nc.Write([]byte("\x16\x03\x01\x00\x05hello")) }, 0, "rtmps:// has a port of its own"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *pipes, _ *desk, log *logBuffer) {
				nc := p.dial()
				c.say(t, nc)
				if got := after(t, nc); got != c.want {
					t.Errorf("disconnected after %s, want %s", got, c.want)
				}
				if !strings.Contains(log.String(), c.log) {
					t.Errorf("the log does not say %q:\n%s", c.log, log)
				}
			})
		})
	}
}

// deaf is a connection of which nothing is read.
type deaf struct{ net.Conn }

func (deaf) Read([]byte) (int, error) { return 0, io.EOF }

// TLS's handshake has no time of its own.
func TestSlowTLSHandshakesAreCutOff(t *testing.T) {
	hello := func(nc net.Conn) *tls.Conn { return tls.Client(nc, &tls.Config{InsecureSkipVerify: true}) }
	tests := []struct {
		name string
		say  func(nc net.Conn)
		want time.Duration
		log  string
	}{
		{"nothing said", func(net.Conn) {}, 10 * time.Second, "handshake not finished within 10s"},
		{"half a hello", func(nc net.Conn) { _, _ = nc.Write([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc")) }, 10 * time.Second, "handshake not finished within 10s"},
		{"a hello and no more", func(nc net.Conn) { _ = hello(deaf{nc}).Handshake() }, 10 * time.Second, "handshake not finished within 10s"},
		{"TLS only", func(nc net.Conn) { _ = hello(nc).Handshake() }, 10 * time.Second, "handshake not finished within 10s"},
		{"RTMP without TLS", func(nc net.Conn) { _, _ = nc.Write([]byte("\x03\x00\x00\x00\x00")) }, 0, "does not look like a TLS handshake"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			inBubbleOn(t, secured, func(t *testing.T, p *pipes, _ *desk, log *logBuffer) {
				nc := p.dial()
				c.say(nc)
				if got := after(t, nc); got != c.want {
					t.Errorf("disconnected after %s, want %s", got, c.want)
				}
				if !strings.Contains(log.String(), c.log) {
					t.Errorf("the log does not say %q:\n%s", c.log, log)
				}
			})
		})
	}
}

// A message has so much time as a whole, however its bytes come.
func TestDribblingPublisherIsDisconnected(t *testing.T) {
	inBubble(t, func(t *testing.T, p *pipes, d *desk, log *logBuffer) {
		c := shake(t, p.dial())
		c.publish()
		_ = c.SetDeadline(time.Time{})
		start := time.Now()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.expect("onStatus", "No message from the publisher for 30s.")
			c.expectEnd()
			_ = c.Close()
		}()
		var err error
		for _, b := range attackMessage(typeVideo, 1<<20, make([]byte, 100)) {
			if _, err = c.Write([]byte{b}); err != nil {
				break
			}
			<-time.After(time.Second)
		}
		<-ended
		if got := time.Since(start); err == nil || got < 30*time.Second || got > 35*time.Second {
			t.Errorf("stayed for %s, want 30 s and what the last word takes", got)
		}
	})
}

func TestTrickleGainsNoTime(t *testing.T) {
	inBubble(t, func(t *testing.T, p *pipes, _ *desk, log *logBuffer) {
		start := time.Now()
		c := shake(t, p.dial())
		_ = c.SetDeadline(time.Time{})
		drained := make(chan struct{})
		go func() { defer close(drained); _, _ = io.Copy(io.Discard, c) }()
		for _, err := c.Write([]byte{0x03}); err == nil; _, err = c.Write([]byte{0}) {
			<-time.After(time.Second)
		}
		<-drained
		if got := time.Since(start); got < 20*time.Second || got > 23*time.Second {
			t.Errorf("stayed for %s, want 20 s to publish and 2 s for the last word", got)
		}
	})
}

func TestSilentPublisherIsDisconnected(t *testing.T) {
	inBubble(t, func(t *testing.T, p *pipes, d *desk, _ *logBuffer) {
		c := shake(t, p.dial())
		c.publish()
		_ = c.SetDeadline(time.Time{})
		for range 100 { // longer than every timeout together
			c.audio(0, aacFrame)
			<-time.After(20 * time.Second)
		}
		start := time.Now()
		c.expect("onStatus", "No message from the publisher for 30s.")
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("disconnected %s after the last message", got+20*time.Second)
		}
		c.expectEnd()
	})
}

func TestDeadlinesDoNotRunWhileTheSessionBlocks(t *testing.T) {
	inBubble(t, func(t *testing.T, p *pipes, d *desk, _ *logBuffer) {
		d.write = func(media.Packet) error { <-time.After(10 * time.Minute); return nil }
		c := shake(t, p.dial())
		c.publish()
		_ = c.SetDeadline(time.Time{})
		c.audio(0, audioConfig)
		c.audio(0, aacFrame)
		c.audio(21, aacFrame) // is read 10 minutes later
		c.audio(42, aacFrame)
		c.command(0, "FCUnpublish", 6, nil, testKey)
		c.expect("_result")
		_ = c.Close()
		synctest.Wait()
		if s := d.sessions[0]; s.cause != nil || len(s.packets) != 3 {
			t.Errorf("ended with %v after %d packets", s.cause, len(s.packets))
		}
	})
}

func TestPublisherThatTakesNoReplyIsDisconnected(t *testing.T) {
	inBubble(t, func(t *testing.T, p *pipes, _ *desk, log *logBuffer) {
		c := shake(t, p.dial())
		c.command(0, "getStreamLength", 1, nil, "x")
		<-time.After(6 * time.Second)
		if !strings.Contains(log.String(), "took no reply within 5s") {
			t.Errorf("still there; the log says:\n%s", log)
		}
		_ = c.Close()
	})
}

func TestTheOldestOfTooManyStrangersMakesRoom(t *testing.T) {
	s := start(t, Config{MaxWaiting: 2})
	publisher := s.dial(t)
	publisher.publish() // no stranger any more
	oldest, younger, third := s.dial(t), s.dial(t), s.dial(t)
	if n, err := oldest.Read(make([]byte, 1)); err == nil || n > 0 {
		t.Errorf("got %d bytes, %v", n, err)
	}
	younger.connect("app")
	third.connect("app")
	third.command(1, "publish", 5, nil, testKey, "live")
	third.expect("NetStream.Publish.BadName", "already live")
	publisher.audio(0, audioConfig)
	publisher.audio(0, aacFrame)
	s.packets(t, 1)
}
