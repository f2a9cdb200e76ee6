package playback

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/testassets/pki"
)

// TestHalfOpenClientsHarmNobody has a thousand clients that never finish a
// request, while a viewer watches.
func TestHalfOpenClientsHarmNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(75)
		s := startServer(t, newTestHandler(t, b))
		begun := []string{
			"", "G", "GET " + mediaURL, "GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=",
		}
		var open []net.Conn
		for i := range 1000 {
			near, far := net.Pipe()
			s.listener.conns <- far
			if text := begun[i%len(begun)]; text != "" {
				if _, err := io.WriteString(near, text); err != nil {
					t.Fatal(err)
				}
			}
			open = append(open, near)
		}
		viewer := s.connect(line(mediaURL + "index.m3u8?_HLS_msn=2"))
		synctest.Wait()
		began := time.Now()
		b.send(30)
		if status, text := read(t, viewer); status != http.StatusOK || !strings.Contains(text, "\n2.m4s") {
			t.Errorf("the viewer among them: status %d", status)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("the viewer among them waited %v", waited)
		}
		<-time.After(headerTimeout + time.Second) // of the bubble's clock
		synctest.Wait()
		for i, c := range open {
			if _, err := io.Copy(io.Discard, c); err != nil {
				t.Errorf("client %d still stands: %v", i, err)
			}
		}
		_ = viewer.Close()
		s.stop()
	})
}

// A body is not waited for, however slowly it comes.
func TestSlowBodyIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(75)
		s := startServer(t, newTestHandler(t, b))
		for _, method := range []string{"POST", "GET"} {
			c := s.connect(method + " " + mediaURL + "0.0.m4s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx")
			began := time.Now()
			if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%s: %v", method, err)
			}
			if stood := time.Since(began); stood > time.Second {
				t.Errorf("%s: the connection stood for %v", method, stood)
			}
		}
		s.stop()
	})
}

// frames speaks HTTP/2 by hand, since no client of net/http misbehaves.
type frames struct{ net.Conn }

// Types and flags of frames (RFC 9113, 6).
const (
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7

	endStream  = 1
	ack        = 1
	endHeaders = 4
)

// greet is a client's preface; a window of nothing keeps answers from being sent.
func (f frames) greet(window uint32) error {
	_, err := io.WriteString(f, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	setting := binary.BigEndian.AppendUint32([]byte{0, 4}, window) // INITIAL_WINDOW_SIZE
	return errors.Join(err, f.write(frameSettings, 0, 0, setting))
}

func (f frames) write(kind, flags byte, stream uint32, payload []byte) error {
	_, err := f.Write(frame(kind, flags, stream, payload))
	return err
}

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// getFrame is a request's header frame: GET, https, a path and an authority, without
// Huffman coding (RFC 7541).
func getFrame(stream uint32, path string) []byte {
	block := append([]byte{0x82, 0x87, 0x04, byte(len(path))}, path...)
	block = append(append(block, 0x41, 1), 'x')
	return frame(frameHeaders, endStream|endHeaders, stream, block)
}

// next is the next frame of a kind, of those that the server sends.
func (f frames) next(kind byte) (stream uint32, payload []byte, err error) {
	for {
		var head [9]byte
		if _, err := io.ReadFull(f, head[:]); err != nil {
			return 0, nil, err
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(f, payload); err != nil {
			return 0, nil, err
		}
		if head[3] == frameSettings && head[4]&ack == 0 {
			if err := f.write(frameSettings, ack, 0, nil); err != nil {
				return 0, nil, err
			}
		}
		if head[3] == kind {
			return binary.BigEndian.Uint32(head[5:]), payload, nil
		}
	}
}

// buffered is a pipe that takes what is written as a socket does, so that its end need
// not read at the same time.
type buffered struct {
	net.Conn
	queue chan []byte
	ended chan struct{}
}

func newBuffered(c net.Conn) *buffered {
	b := &buffered{Conn: c, queue: make(chan []byte, 64), ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		for p := range b.queue {
			if _, err := c.Write(p); err != nil {
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	select {
	case b.queue <- bytes.Clone(p):
		return len(p), nil
	case <-b.ended:
		return 0, net.ErrClosed
	}
}

func (b *buffered) Close() error {
	err := b.Conn.Close()
	close(b.queue)
	<-b.ended
	return err
}

// A viewer of HTTP/2 that takes nothing loses its stream, and only that.
func TestSlowViewerByHTTP2LosesItsStream(t *testing.T) {
	cert, key, err := pki.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t)
		b.send(75)
		s, f, viewer := bubble(t, cert, key, newTestHandler(t, b))
		if err := f.greet(0); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Conn.Write(getFrame(1, mediaURL+"0.m4s")); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		stream, _, err := f.next(frameReset)
		if err != nil || stream != 1 {
			t.Fatalf("stream %d: %v", stream, err)
		}
		if stood := time.Since(began); stood < stallTimeout || stood > stallTimeout+time.Second {
			t.Errorf("reset after %v", stood)
		}
		if _, err := f.Conn.Write(getFrame(3, "/")); err != nil {
			t.Fatal(err)
		}
		if stream, _, err := f.next(frameHeaders); err != nil || stream != 3 {
			t.Errorf("another stream of the connection: %d, %v", stream, err)
		}
		_ = viewer.Close()
		s.stop()
	})
}

// TestRapidResetIsBounded opens streams and resets them at once (CVE-2023-44487).
func TestRapidResetIsBounded(t *testing.T) {
	var running, most atomic.Int64
	release := make(chan struct{})
	s := startSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/viewer" {
			return
		}
		now := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
		}
		<-release // as if it took no notice of the reset
	}))
	defer close(release)
	c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f := frames{c}
	if err := f.greet(1 << 16); err != nil {
		t.Fatal(err)
	}
	attacked := make(chan struct{})
	go func() {
		defer close(attacked)
		for stream := uint32(1); stream < 20_000; stream += 2 {
			pair := append(getFrame(stream, "/"), frame(frameReset, 0, stream, []byte{0, 0, 0, 8})...)
			if _, err := f.Conn.Write(pair); err != nil {
				return // the server has had enough
			}
		}
	}()
	_, reason, err := f.next(frameGoAway)
	if err != nil || len(reason) < 8 || !bytes.Equal(reason[4:8], []byte{0, 0, 0, 0xb}) { // ENHANCE_YOUR_CALM
		t.Errorf("the connection was not ended for it: %v, %v", reason, err)
	}
	_ = c.Close()
	<-attacked
	if n := most.Load(); n > int64(roadMost) {
		t.Errorf("%d handlers ran at once", n)
	}
	if r, _ := fetch(t, s.client(t, nil), fmt.Sprintf("https://%s/viewer", s.addr)); r.StatusCode != http.StatusOK {
		t.Errorf("another viewer: %s", r.Status)
	}
}
