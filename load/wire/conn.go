package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"os"
	"sync"
	"time"
)

// readBuffer holds an answer's head and, mostly, a playlist.
const readBuffer = 4 << 10

// Conn asks over HTTP/1.1 on a connection that it opens when it has to, and anew
// when the server has closed it. Get is for one goroutine at a time, Close for any.
type Conn struct {
	tls *tls.Config

	mu     sync.Mutex
	closed bool
	conn   net.Conn // nil while there is none

	origin Origin
	used   bool // whether the connection has answered a request before
	in     *bufio.Reader
	out    []byte
	kept   []byte
	limit  io.LimitedReader
}

// NewConn makes a connection for later; t is for https.
func NewConn(t *tls.Config) *Conn { return &Conn{tls: t} }

// Close ends the connection, and a request that waits on it.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.conn != nil {
		hangUp(c.conn)
	}
}

// hangUp closes a connection at once: TLS would say goodbye first, and may get an
// answer to that.
func hangUp(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	conn.Close()
}

// Get asks for t and waits for the whole answer, up to timeout. The body is kept or
// thrown away. An answer of any status is no error.
func (c *Conn) Get(t Target, keepBody bool, timeout time.Duration) (Reply, error) {
	deadline := time.Now().Add(timeout)
	if c.conn != nil && c.origin != t.Origin {
		c.drop()
	}
	for {
		if c.conn == nil {
			if err := c.open(t.Origin, deadline); err != nil {
				return Reply{}, err
			}
		}
		again := c.used
		r, err := c.exchange(t, keepBody, deadline)
		if err == nil {
			c.used = true
			return r, nil
		}
		c.drop()
		// A server may close a connection that has been idle just when the next
		// request is on its way; players ask again on another one.
		if !again || !r.First.IsZero() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return r, err
		}
	}
}

func (c *Conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *Conn) open(o Origin, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	conn, err := c.dial(ctx, o)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return fmt.Errorf("connect: %w", net.ErrClosed)
	}
	c.conn, c.origin, c.used = conn, o, false
	if c.in == nil {
		c.in = bufio.NewReaderSize(conn, readBuffer)
	} else {
		c.in.Reset(conn)
	}
	return nil
}

func (c *Conn) dial(ctx context.Context, o Origin) (net.Conn, error) {
	if o.Scheme == "https" {
		return dialTLS(ctx, o, c.tls, "http/1.1")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", o.address())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

// exchange is one request and its answer. Reply.First is set as soon as a byte of
// the answer has come, also where there is an error.
func (c *Conn) exchange(t Target, keepBody bool, deadline time.Time) (Reply, error) {
	var r Reply
	if err := c.conn.SetDeadline(deadline); err != nil {
		return r, fmt.Errorf("ask: %w", err)
	}
	c.write(t)
	if _, err := c.conn.Write(c.out); err != nil {
		return r, fmt.Errorf("ask: %w", err)
	}
	if _, err := c.in.Peek(1); err != nil {
		return r, fmt.Errorf("wait for the answer: %w", err)
	}
	r.First = time.Now()
	h, err := readHead(c.in)
	if err != nil {
		return r, fmt.Errorf("read the answer's head: %w", err)
	}
	r.Status, r.Gzip, r.Location = h.status, h.gzip, h.location
	if err := c.body(&r, h, keepBody); err != nil {
		return r, err
	}
	r.Last = time.Now()
	if h.close {
		c.drop()
	}
	return r, nil
}

func (c *Conn) write(t Target) {
	b := append(c.out[:0], "GET "...)
	b = append(b, t.Dir...)
	b = append(b, t.Name...)
	if t.Query != "" {
		b = append(b, '?')
		b = append(b, t.Query...)
	}
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, t.Origin.Host...)
	if t.Range != "" {
		b = append(b, "\r\nRange: "...)
		b = append(b, t.Range...)
	}
	c.out = append(b, "\r\nUser-Agent: "+userAgent+"\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"...)
}

const userAgent = "ladderd-load"

func (c *Conn) body(r *Reply, h head, keepBody bool) error {
	var from io.Reader = c.in
	switch {
	case h.chunked:
		from = httputil.NewChunkedReader(c.in)
	case h.length >= 0:
		c.limit = io.LimitedReader{R: c.in, N: h.length}
		from = &c.limit
	}
	var err error
	if keepBody {
		c.kept, err = keep(c.kept[:0], from)
		r.Body, r.Size = c.kept, int64(len(c.kept))
	} else {
		r.Size, err = discard(from)
	}
	switch {
	case err != nil:
		return fmt.Errorf("read the body: %w", err)
	case h.chunked:
		return readTrailer(c.in)
	case h.length >= 0 && r.Size < h.length:
		return fmt.Errorf("read the body: %w after %d of %d bytes", io.ErrUnexpectedEOF, r.Size, h.length)
	}
	return nil
}
