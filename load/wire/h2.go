package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"
)

// h2conn is a connection of HTTP/2. Requests are written by who asks, under mu; one
// goroutine reads, from newH2Conn until the connection fails.
type h2conn struct {
	conn   net.Conn
	origin Origin
	done   chan struct{} // closed when the reader has ended

	mu     sync.Mutex
	calls  map[uint32]*call
	next   uint32 // stream
	out    []byte
	block  bytes.Buffer
	pack   *hpack.Encoder
	err    error // why it is of no more use
	goaway bool  // the server takes no new requests

	// The reader's.
	in      *bufio.Reader
	unpack  *hpack.Decoder
	current *call // whose header block is being read; nil for one that has gone
	ends    bool  // whether the answer ends with that block
	payload []byte
	headers []byte
	unread  int // bytes of which the server has not been told that they were read
}

// call is one request.
type call struct {
	stream   uint32
	keepBody bool
	answered bool // a byte of the answer has come
	reply    Reply
	unread   int
	err      error
	finished chan struct{}
}

// errUnanswered is for a request of which nothing has come back when its connection
// ended.
var errUnanswered = errors.New("the connection ended before the answer")

// maxStream is where another connection is needed.
const maxStream = 1 << 30

func newH2Conn(conn net.Conn, o Origin, deadline time.Time) (*h2conn, error) {
	c := &h2conn{
		conn: conn, origin: o, done: make(chan struct{}), calls: map[uint32]*call{}, next: 1,
		in: bufio.NewReaderSize(conn, readBuffer),
	}
	c.pack = hpack.NewEncoder(&c.block)
	c.unpack = hpack.NewDecoder(4096, c.field)
	c.unpack.SetMaxStringLength(headerLimit)
	if err := conn.SetWriteDeadline(deadline); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	if _, err := conn.Write(hello()); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	go c.read()
	return c, nil
}

func (c *h2conn) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err == nil && !c.goaway && c.next < maxStream
}

// fail ends the connection and all requests on it.
func (c *h2conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	hangUp(c.conn)
	for _, call := range c.calls {
		c.finish(call, err)
	}
}

// finish is called with mu held.
func (c *h2conn) finish(call *call, err error) {
	delete(c.calls, call.stream)
	call.reply.Last = time.Now()
	if err != nil && !call.answered {
		err = fmt.Errorf("%w: %w", errUnanswered, err)
	}
	call.err = err
	close(call.finished)
}

func (c *h2conn) get(t Target, keepBody bool, deadline time.Time) (Reply, error) {
	call := &call{keepBody: keepBody, finished: make(chan struct{})}
	if err := c.ask(t, call, deadline); err != nil {
		return Reply{}, fmt.Errorf("ask: %w", err)
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-call.finished:
	case <-timer.C:
		c.cancel(call)
		<-call.finished
	}
	if call.err != nil {
		return call.reply, fmt.Errorf("wait for the answer: %w", call.err)
	}
	return call.reply, nil
}

func (c *h2conn) ask(t Target, call *call, deadline time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return fmt.Errorf("%w: %w", errUnanswered, c.err)
	}
	if c.goaway {
		return fmt.Errorf("%w: the server takes no more requests", errUnanswered)
	}
	call.stream = c.next
	c.next += 2
	c.block.Reset()
	path := t.Dir + t.Name
	if t.Query != "" {
		path += "?" + t.Query
	}
	c.header(":method", "GET")
	c.header(":scheme", t.Origin.Scheme)
	c.header(":authority", t.Origin.Host)
	c.header(":path", path)
	c.header("user-agent", userAgent)
	c.header("accept", "*/*")
	c.header("accept-encoding", "gzip")
	if t.Range != "" {
		c.header("range", t.Range)
	}
	if c.block.Len() > frameLimit {
		return fmt.Errorf("%w: a URL of %d bytes", errFrame, len(path))
	}
	c.out = appendFrame(c.out[:0], frameHeaders, flagEndStream|flagEndHeaders, call.stream, c.block.Bytes()...)
	if err := c.write(deadline); err != nil {
		c.goaway = true // what follows goes to another connection
		return fmt.Errorf("%w: %w", errUnanswered, err)
	}
	c.calls[call.stream] = call
	return nil
}

func (c *h2conn) header(name, value string) {
	// The buffer that it is written to takes everything.
	_ = c.pack.WriteField(hpack.HeaderField{Name: name, Value: value})
}

// write sends what is in out, with mu held.
func (c *h2conn) write(deadline time.Time) error {
	if err := c.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := c.conn.Write(c.out)
	return err
}

// cancel gives a request up that took too long.
func (c *h2conn) cancel(call *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[call.stream] == nil {
		return // it has just come
	}
	c.finish(call, os.ErrDeadlineExceeded)
	c.out = appendFrame(c.out[:0], frameReset, 0, call.stream, 0, 0, 0, errorCancel)
	_ = c.write(time.Now().Add(time.Second)) // a connection that fails is seen by the reader
}

func (c *h2conn) read() {
	defer close(c.done)
	for {
		f, err := readFrame(c.in)
		if err == nil {
			err = c.take(f)
		}
		if err != nil {
			c.fail(err)
			return
		}
	}
}

func (c *h2conn) take(f frame) error {
	if f.kind == frameData {
		return c.data(f)
	}
	var err error
	if c.payload, err = readPayload(c.in, f, c.payload); err != nil {
		return err
	}
	switch f.kind {
	case frameHeaders, frameContinuation:
		return c.headersOf(f)
	case frameReset:
		c.mu.Lock()
		defer c.mu.Unlock()
		if call := c.calls[f.stream]; call != nil {
			c.finish(call, fmt.Errorf("%w: the server reset the stream", io.ErrUnexpectedEOF))
		}
	case frameSettings:
		if !f.has(flagAck) {
			return c.settings()
		}
	case framePing:
		if !f.has(flagAck) {
			return c.send(appendFrame(nil, framePing, flagAck, 0, c.payload...))
		}
	case frameGoAway:
		return c.goingAway()
	case framePush:
		return errFrame
	}
	return nil
}

// goingAway lets the requests finish that the server will still answer.
func (c *h2conn) goingAway() error {
	if len(c.payload) < 8 {
		return errFrame
	}
	last := binary.BigEndian.Uint32(c.payload) & 0x7fffffff
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goaway = true
	for stream, call := range c.calls {
		if stream > last {
			c.finish(call, io.EOF)
		}
	}
	return nil
}

// settings acknowledges the server's, and keeps to the one that counts for what we
// send: how large its table of headers is.
func (c *h2conn) settings() error {
	const tableSize = 0x1
	for b := c.payload; len(b) >= 6; b = b[6:] {
		if binary.BigEndian.Uint16(b) == tableSize {
			c.mu.Lock()
			c.pack.SetMaxDynamicTableSizeLimit(binary.BigEndian.Uint32(b[2:]))
			c.mu.Unlock()
		}
	}
	return c.send(appendFrame(nil, frameSettings, flagAck, 0))
}

func (c *h2conn) send(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out[:0], b...)
	return c.write(time.Now().Add(10 * time.Second))
}

// headersOf reads a header block, once it is whole.
func (c *h2conn) headersOf(f frame) error {
	part, err := f.unpad(c.payload)
	if err != nil {
		return err
	}
	if f.kind == frameHeaders {
		c.headers, c.ends = c.headers[:0], f.has(flagEndStream)
	}
	if c.headers = append(c.headers, part...); len(c.headers) > headerLimit {
		return errFrame
	}
	if !f.has(flagEndHeaders) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = c.calls[f.stream]
	if c.current != nil && !c.current.answered {
		c.current.answered, c.current.reply.First = true, time.Now()
	}
	// Also of a request that was given up, or the tables would fall apart.
	if _, err := c.unpack.Write(c.headers); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if err := c.unpack.Close(); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if c.current != nil && c.ends {
		c.finish(c.current, nil)
	}
	return nil
}

func (c *h2conn) field(f hpack.HeaderField) {
	switch {
	case c.current == nil:
	case f.Name == ":status":
		c.current.reply.Status, _ = strconv.Atoi(f.Value)
	case f.Name == "location" && redirects(c.current.reply.Status):
		c.current.reply.Location = f.Value
	case f.Name == "content-encoding":
		c.current.reply.Gzip = f.Value == "gzip"
	}
}

// data reads a frame of a body, and tells the server when much has been read.
func (c *h2conn) data(f frame) error {
	c.mu.Lock()
	call := c.calls[f.stream]
	c.mu.Unlock()
	length, padding, err := c.dataLength(f)
	if err != nil {
		return err
	}
	b := scratch.Get().(*[64 << 10]byte)
	defer scratch.Put(b)
	if _, err := io.ReadFull(c.in, b[:length]); err != nil {
		return err
	}
	if _, err := c.in.Discard(padding); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if call != nil && c.calls[f.stream] == call {
		call.reply.Size += int64(length)
		if call.keepBody {
			call.reply.Body = append(call.reply.Body, b[:length]...)
		}
		switch {
		case len(call.reply.Body) > keepLimit:
			return errLarge
		case f.has(flagEndStream):
			c.finish(call, nil)
		}
	}
	return c.giveBack(f, call)
}

func (c *h2conn) dataLength(f frame) (length, padding int, err error) {
	if !f.has(flagPadded) {
		return f.length, 0, nil
	}
	n, err := c.in.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	if int(n) >= f.length {
		return 0, 0, errFrame
	}
	return f.length - 1 - int(n), int(n), nil
}

// giveBack opens the windows again, with mu held.
func (c *h2conn) giveBack(f frame, call *call) error {
	c.out = c.out[:0]
	if c.unread += f.length; c.unread > connectionWindow/2 {
		c.out = appendWindow(c.out, 0, c.unread)
		c.unread = 0
	}
	if call != nil && !f.has(flagEndStream) {
		if call.unread += f.length; call.unread > streamWindow/2 {
			c.out = appendWindow(c.out, f.stream, call.unread)
			call.unread = 0
		}
	}
	if len(c.out) == 0 {
		return nil
	}
	return c.write(time.Now().Add(10 * time.Second))
}
