package playback

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// answerWriter is the http.ResponseWriter of a lane. The header goes out with the
// first piece of the body, in one write.
type answerWriter struct {
	conn   net.Conn
	sealed bool // by TLS
	header http.Header
	status int // 0 until it has been told
	bare   bool
	sent   bool  // the header has been
	left   int64 // of the Content-Length
	err    error
	until  time.Time // the deadline for writing that is set
}

// answerFields is for how many fields an answer's map has room: all that there are.
const answerFields = 14

var (
	errLength = errors.New("the answer is not as long as its Content-Length")
	errHeader = errors.New("the answer has no status, or no length")
)

// begin makes the writer ready for the next answer; bare is one to a HEAD.
func (w *answerWriter) begin(bare bool) {
	clear(w.header)
	w.status, w.bare, w.sent, w.left, w.err = 0, bare, false, 0, nil
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	length, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64)
	if err != nil {
		w.err = errHeader // what comes would have no end
	}
	w.left = length
}

// SetWriteDeadline is for http.ResponseController. A viewer is given up to twice
// the time that is asked for, because a deadline that stands for several answers
// saves a good part of each.
func (w *answerWriter) SetWriteDeadline(t time.Time) error {
	if !w.until.Before(t) {
		return nil
	}
	w.until = t.Add(time.Until(t))
	return w.conn.SetWriteDeadline(w.until)
}

func (w *answerWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.err == nil && int64(len(p)) > w.left {
		w.err = errLength
	}
	if w.err != nil || w.bare {
		return len(p), w.err
	}
	w.left -= int64(len(p))
	if w.sent {
		n, err := w.conn.Write(p)
		w.err = err
		return n, err
	}
	return len(p), w.send(p)
}

// ReadFrom sends files without reading them (io.Copy).
func (w *answerWriter) ReadFrom(r io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.err != nil || w.bare {
		return 0, w.err
	}
	if !w.sent {
		if err := w.send(nil); err != nil {
			return 0, err
		}
	}
	n, err := io.Copy(w.conn, r)
	if w.left -= n; w.left < 0 {
		err = errors.Join(err, errLength)
	}
	w.err = err
	return n, err
}

// end sends what has not been sent. After an error the connection is of no use.
func (w *answerWriter) end() error {
	if w.err == nil && !w.sent {
		w.err = w.send(nil)
	}
	if w.err == nil && w.left > 0 && !w.bare {
		w.err = errLength
	}
	return w.err
}

// copied is up to how many bytes it is cheaper to copy a body behind its header than
// to send two pieces.
const copied = 4 << 10

var heads = sync.Pool{New: func() any { return new([]byte) }}

// send writes the header, with p behind it.
func (w *answerWriter) send(p []byte) error {
	if w.status == 0 {
		return errHeader
	}
	w.sent = true
	pooled := heads.Get().(*[]byte)
	b := w.appendHeader((*pooled)[:0])
	switch {
	case w.sealed:
		n := min(len(p), max(0, recordMost-len(b))) // one record is sealed and sent for both
		b = append(b, p[:n]...)
		if _, w.err = w.conn.Write(b); w.err == nil && n < len(p) {
			_, w.err = w.conn.Write(p[n:])
		}
	case len(p) <= copied:
		b = append(b, p...)
		_, w.err = w.conn.Write(b)
	default:
		pieces := net.Buffers{b, p}
		_, w.err = pieces.WriteTo(w.conn)
	}
	*pooled = b
	heads.Put(pooled)
	return w.err
}

func (w *answerWriter) appendHeader(b []byte) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(append(append(b, ' '), http.StatusText(w.status)...), "\r\nDate: "...)
	b = append(b, dateNow()...)
	for name, values := range w.header {
		for _, v := range values {
			b = append(append(append(append(b, "\r\n"...), name...), ": "...), v...)
		}
	}
	return append(b, "\r\n\r\n"...)
}

// date is the Date of answers, written once a second.
type date struct {
	second int64
	text   string
}

var lastDate atomic.Pointer[date]

func dateNow() string {
	now := time.Now()
	if d := lastDate.Load(); d != nil && d.second == now.Unix() {
		return d.text
	}
	d := &date{second: now.Unix(), text: now.UTC().Format(http.TimeFormat)}
	lastDate.Store(d)
	return d.text
}
