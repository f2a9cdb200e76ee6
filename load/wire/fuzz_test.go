package wire

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// scripted is a connection whose other side says what it is told to and listens to
// nothing.
type scripted struct {
	net.Conn
	says io.Reader
}

func (s *scripted) Read(b []byte) (int, error)  { return s.says.Read(b) }
func (s *scripted) Write(b []byte) (int, error) { return len(b), nil }
func (s *scripted) Close() error {
	if c, ok := s.says.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
func (s *scripted) SetDeadline(time.Time) error      { return nil }
func (s *scripted) SetWriteDeadline(time.Time) error { return nil }

func FuzzHTTP1(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 404 Not Found\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\nbody"))
	f.Fuzz(func(t *testing.T, says []byte) {
		c := NewConn(nil)
		c.conn = &scripted{says: bytes.NewReader(says)}
		c.in = bufio.NewReaderSize(c.conn, readBuffer)
		r, err := c.exchange(Target{Origin: Origin{"http", "a"}, Dir: "/"}, true, time.Time{})
		if err == nil && (r.Status < 200 || r.Size != int64(len(r.Body)) || len(r.Body) > len(says)) {
			t.Errorf("%+v of %q", r, says)
		}
	})
}

func FuzzHTTP2(f *testing.F) {
	answer := appendFrame(nil, frameSettings, 0, 0)
	answer = appendFrame(answer, frameHeaders, flagEndHeaders, 1, 0x88) // :status 200
	answer = appendFrame(answer, frameData, flagEndStream, 1, 'a', 'b', 'c')
	f.Add(answer)
	f.Add(appendFrame(appendFrame(nil, frameHeaders, 0, 1, 0x88), frameContinuation, flagEndHeaders, 1))
	f.Add(appendFrame(appendFrame(nil, frameGoAway, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), frameReset, 0, 1, 0, 0, 0, 8))
	f.Add(appendFrame(nil, frameData, flagPadded|flagEndStream, 1, 2, 'a', 0, 0))
	f.Fuzz(func(t *testing.T, says []byte) {
		// The request is there before the first byte is read.
		read, write := io.Pipe()
		c, err := newH2Conn(&scripted{says: read}, Origin{"https", "a"}, time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		request := &call{keepBody: true, finished: make(chan struct{})}
		if err := c.ask(Target{Origin: c.origin, Dir: "/"}, request, time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		_, _ = write.Write(says) // it fails when the reader has had enough
		_ = write.Close()
		<-c.done
		<-request.finished
		if request.err == nil && len(request.reply.Body) > len(says) {
			t.Errorf("%+v of %x", request.reply, says)
		}
	})
}
