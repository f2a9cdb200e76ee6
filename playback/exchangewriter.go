package playback

import (
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

const (
	recordMost = 16 << 10 // bytes that TLS seals at once (RFC 8446, 5.1), and sends
	headerRoom = 768      // bytes that an answer's header hardly ever exceeds
)

// records are buffers for a record's bytes: nobody holds one while waiting for a
// viewer's window.
var records = sync.Pool{New: func() any {
	b := make([]byte, 0, recordMost)
	return &b
}}

var answerHeaders = sync.Pool{New: func() any { return make(http.Header, answerFields) }}

func (x *exchange) Header() http.Header { return x.header }

func (x *exchange) WriteHeader(status int) {
	if x.status != 0 || status < http.StatusOK {
		return
	}
	x.status = status
	if length, err := strconv.ParseInt(x.header.Get("Content-Length"), 10, 64); err == nil {
		x.left = length
	}
	if status == http.StatusNoContent || status == http.StatusNotModified {
		x.bare = true
	}
}

// SetWriteDeadline is for http.ResponseController.
func (x *exchange) SetWriteDeadline(t time.Time) error {
	x.until = t
	return nil
}

// Flush sends the header, if it has not been; a body is never held back.
func (x *exchange) Flush() {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.err == nil && !x.sent && !x.bare {
		x.err = x.put(0, nil, false)
	}
}

func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if !x.sent && x.header["Content-Type"] == nil && x.header["Content-Encoding"] == nil {
		x.header.Set("Content-Type", http.DetectContentType(p)) // as net/http does
	}
	rest := p
	n, err := x.body(int64(len(p)), func(b []byte) error {
		rest = rest[copy(b, rest):]
		return nil
	})
	return int(n), err
}

// ReadFrom sends a part of a file without a buffer of its own (io.CopyN).
func (x *exchange) ReadFrom(r io.Reader) (int64, error) {
	part, ok := r.(*io.LimitedReader)
	if !ok || x.status == 0 {
		return io.Copy(struct{ io.Writer }{x}, r)
	}
	return x.body(part.N, func(b []byte) error {
		_, err := io.ReadFull(part, b)
		return err
	})
}

// body sends size bytes, which fill gives piece by piece.
func (x *exchange) body(size int64, fill func([]byte) error) (sent int64, err error) {
	if x.err == nil && x.left >= 0 && size > x.left {
		x.err = errLength
	}
	if x.err != nil || x.bare {
		return size, x.err
	}
	for sent < size {
		room := recordMost - frameHead
		if !x.sent {
			room -= headerRoom
		}
		n, err := x.reserve(int(min(size-sent, int64(room))))
		if err == nil {
			if err = x.put(n, fill, false); err != nil {
				x.road.giveBack(n)
			}
		}
		if err != nil {
			x.err = err
			return sent, err
		}
		sent += int64(n)
	}
	return sent, nil
}

// reserve waits for the viewer's windows and takes up to most bytes of them.
func (x *exchange) reserve(most int) (int, error) {
	m := x.road
	var timeout <-chan time.Time
	for {
		m.mu.Lock()
		if x.over != nil {
			m.mu.Unlock()
			return 0, x.over
		}
		if n := min(int64(most), x.window, m.window); n > 0 {
			x.window -= n
			m.window -= n
			m.mu.Unlock()
			return int(n), nil
		}
		if m.wake == nil {
			m.wake = make(chan struct{})
		}
		wake := m.wake
		m.mu.Unlock()
		x.Flush() // the header needs no window
		if x.err != nil {
			return 0, x.err
		}
		if timeout == nil {
			timer := time.NewTimer(x.patience())
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-wake:
		case <-timeout:
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// patience is how long a viewer may keep its windows shut. Not all handlers say.
func (x *exchange) patience() time.Duration {
	if x.until.IsZero() {
		return stallTimeout
	}
	return time.Until(x.until)
}

// put sends the header, if it has not been, and n bytes of the body that have been
// reserved; finish is that there are no more. A record's bytes are made by who may send
// them: a viewer who takes nothing costs one record, however many answers wait behind it.
func (x *exchange) put(n int, fill func([]byte) error, finish bool) error {
	x.road.writing.Lock()
	defer x.road.writing.Unlock()
	if !x.until.IsZero() && time.Now().After(x.until) {
		return os.ErrDeadlineExceeded
	}
	pooled := records.Get().(*[]byte)
	defer records.Put(pooled)
	ended := finish || x.left == int64(n)
	b, err := x.appendFrames((*pooled)[:0], n, fill, ended)
	if err != nil {
		return err
	}
	*pooled = b
	return x.post(b, n, ended)
}

func (x *exchange) appendFrames(b []byte, n int, fill func([]byte) error, ended bool) ([]byte, error) {
	if !x.sent {
		var err error
		if b, err = x.appendHeader(b, ended && n == 0); err != nil || n == 0 {
			return b, err
		}
	}
	b = appendFrame(b, http2.FrameData, endFlag(ended), x.id, n)
	if n == 0 {
		return b, nil
	}
	at := len(b)
	b = slices.Grow(b, n)[:at+n]
	return b, fill(b[at:])
}

// post sends the frames, unless the stream has been reset: nothing may come after
// that. It is called with writing.
func (x *exchange) post(frames []byte, n int, ended bool) error {
	m := x.road
	m.mu.Lock()
	over := x.over
	if over == nil && ended {
		m.conclude(x)
	}
	m.mu.Unlock()
	if over != nil {
		return over
	}
	if err := m.send(frames); err != nil {
		return err
	}
	x.sent, x.last, m.untabled = true, ended, true
	if x.left >= 0 {
		x.left -= int64(n)
	}
	return nil
}

// end sends what has not been sent.
func (x *exchange) end() error {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	switch {
	case x.err != nil || x.last:
	case x.left > 0 && !x.bare:
		x.err = errLength
	default:
		x.err = x.put(0, nil, true)
	}
	return x.err
}
