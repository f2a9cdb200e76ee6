package playback

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// TestShutdownFinishesAnswers: who is being sent an answer has all of it, and is told
// that there will be no other.
func TestShutdownFinishesAnswers(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	const size = 1 << 20
	s := startSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-release
		_, _ = w.Write(make([]byte, size))
	}))
	defer let() // also where the test fails: the server's end waits for it
	idle := drive(t, s.addr)
	idle.greeted()
	d := drive(t, s.addr)
	d.must(d.framer.WriteWindowUpdate(0, size))
	d.ask(1, "GET", "/", false)
	<-begun
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() { ended <- s.server.Shutdown(ctx) }()
	for _, d := range []*driver{idle, d} {
		if code, _ := d.ended(); code != http2.ErrCodeNo {
			t.Errorf("told %v", code)
		}
	}
	let()
	d.status(1)
	d.must(d.framer.WriteWindowUpdate(1, size)) // it is read while the server shuts down
	if n := d.body(1); n != size {
		t.Errorf("%d bytes", n)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := d.framer.ReadFrame(); err != io.EOF {
		t.Errorf("the connection ends with %v", err)
	}
}

// TestGoodbyesDoNotTakeMore: what is refused behind a GOAWAY is not in the next one.
func TestGoodbyesDoNotTakeMore(t *testing.T) {
	release := make(chan struct{})
	s := startSecure(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	d := drive(t, s.addr)
	d.ask(1, "GET", "/", false)
	d.must(d.framer.WriteGoAway(0, http2.ErrCodeNo, nil))
	if _, last := d.ended(); last != 1 {
		t.Errorf("the first says %d", last)
	}
	d.ask(3, "GET", "/", false)
	if code := d.reset(3); code != http2.ErrCodeRefusedStream {
		t.Errorf("behind it: %v", code)
	}
	d.must(d.framer.WriteWindowUpdate(5, 1)) // of a stream that was never opened
	if code, last := d.ended(); code != http2.ErrCodeProtocol || last != 1 {
		t.Errorf("the second says %v, %d", code, last)
	}
}

// TestShutdownDoesNotWaitForNetHTTP: who is answered by net/http for long leaves the
// others the time to be told goodbye.
func TestShutdownDoesNotWaitForNetHTTP(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	s := startSecure(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-release
	}))
	defer let()
	d := drive(t, s.addr)
	d.greeted()
	slow, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if _, err := io.WriteString(slow, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-begun
	ended := make(chan error, 1)
	go func() { ended <- s.server.Shutdown(t.Context()) }()
	if code, _ := d.ended(); code != http2.ErrCodeNo {
		t.Errorf("told %v", code)
	}
	let()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
