package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Config bounds a connection in time and memory.
type Config struct {
	HandshakeTimeout time.Duration // from the connection's start to the handshake's end
	PublishTimeout   time.Duration // from the connection's start to an accepted publish
	IdleTimeout      time.Duration // for each message of a publisher
	WriteTimeout     time.Duration // for each message to the publisher
	LingerTimeout    time.Duration // for the publisher to read the last words
	MaxMessage       int           // bytes of a publisher's longest message
}

const (
	// handshakeSize is that of C0, C1 and C2, and of S0, S1 and S2 (section 5.2).
	handshakeSize = 1 + 1536 + 1536
	// version is C0's: plain RTMP. 6 would be RTMPE.
	version = 3
	// tlsHandshake is the type of TLS's first record (RFC 8446, 5.1).
	tlsHandshake = 22
	// readBuffer holds a few chunks, to spare system calls.
	readBuffer = 16 << 10
)

// beforePublish are the limits for anybody who can reach the port: the longest
// command seen from an encoder is a connect of under 2 KB.
var beforePublish = Limits{ChunkStreams: 32, Message: 64 << 10, Held: 128 << 10}

// strangersBytes is how much may come before a publish is accepted, to bound
// what reading it costs: encoders send some 5 KB, the handshake included.
const strangersBytes = 1 << 20

var errTooMuch = fmt.Errorf("rtmp: more than %d bytes before anything was published", strangersBytes)

// Conn is one publisher's connection as go-rtmp sees it.
type Conn struct {
	nc     net.Conn
	config Config
	log    *slog.Logger

	// Of go-rtmp's reading goroutine, as are its callbacks.
	input    *bufio.Reader
	reader   *Reader
	greeting int    // bytes of the handshake that have not come yet
	out      []byte // clean chunks
	pending  []byte // what of out go-rtmp has not read yet
	arrived  time.Time
	received uint64   // bytes from the publisher
	allowed  uint64   // of which so many while it is not publishing
	acked    uint64   // of which it has been told
	window   uint64   // bytes after which it wants to be told; 0 for never
	connect  *Connect // nil until it came
	failure  error
	ignored  map[string]bool

	// Of go-rtmp's writing goroutine.
	greeted int // bytes of the handshake that have been written
	replies *Reader

	mu         sync.Mutex // held while writing to the publisher
	writer     *Writer
	canSpeak   bool      // the handshake's replies are out
	broken     error     // why a write failed
	ended      bool      // nothing more is to be said
	said       bool      // the last word is out
	publishing bool      // the publisher has been accepted
	publishOn  uint32    // the message stream of its publish command
	deadline   time.Time // for the phase before publishing
	start      time.Time
}

// NewConn puts the front before nc, whose time runs from now on.
func NewConn(nc net.Conn, config Config, log *slog.Logger) *Conn {
	c := &Conn{
		nc: nc, config: config, log: log,
		greeting: handshakeSize, allowed: strangersBytes, ignored: map[string]bool{},
		writer: NewWriter(nc), start: time.Now(),
	}
	c.deadline = c.start.Add(config.HandshakeTimeout)
	c.input = bufio.NewReaderSize(countingReader{c}, readBuffer)
	c.reader = NewReader(c.input, beforePublish)
	c.replies = NewReader(bufio.NewReader(nil), Limits{ChunkStreams: 8, Message: maxMessage, Held: maxMessage})
	c.replies.chunkSize = maxMessage
	return c
}

// countingReader counts what comes in, for acknowledgements and to bound it.
type countingReader struct{ c *Conn }

func (r countingReader) Read(p []byte) (int, error) {
	if !r.c.publishing && r.c.received >= r.c.allowed {
		return 0, errTooMuch
	}
	n, err := r.c.nc.Read(p)
	r.c.received += uint64(n)
	return n, err
}

// Read gives go-rtmp the handshake as it came, then clean chunks: never bytes
// of two of the publisher's messages at once, so that in a callback of go-rtmp
// Arrived is that of its message.
func (c *Conn) Read(p []byte) (int, error) {
	for len(c.pending) == 0 {
		if err := c.fill(); err != nil {
			return 0, c.fail(err)
		}
	}
	n := copy(p, c.pending)
	if c.pending = c.pending[n:]; len(c.pending) == 0 && cap(c.out) > keptBuffer {
		c.out, c.pending = nil, nil
	}
	return n, nil
}

func (c *Conn) fill() error {
	if c.arm(); c.greeting > 0 {
		return c.greet()
	}
	m, err := c.reader.Next()
	if err != nil {
		return err
	}
	if c.hasEnded() {
		return io.EOF
	}
	c.arrived = time.Now()
	c.out = c.out[:0]
	c.acknowledge()
	err = c.clean(m)
	c.pending = c.out
	return err
}

// greet passes on a piece of the handshake.
func (c *Conn) greet() error {
	b := make([]byte, min(c.greeting, readBuffer))
	n, err := c.input.Read(b)
	if n == 0 {
		return err
	}
	if c.greeting == handshakeSize && b[0] == tlsHandshake {
		return errors.New("rtmp: the publisher speaks TLS: rtmps:// has a port of its own")
	}
	if c.greeting == handshakeSize && b[0] != version {
		return fmt.Errorf("rtmp: the connection does not begin like RTMP, whose first byte is %d, but with byte %d", version, b[0])
	}
	c.greeting -= n
	c.pending = b[:n]
	if c.greeting == 0 {
		c.mu.Lock()
		c.deadline = c.start.Add(c.config.PublishTimeout)
		c.mu.Unlock()
	}
	return nil
}

// arm sets the deadline for what is to come next. Before a publisher is accepted
// it stands fixed, so that a trickle of bytes gains nothing. It holds for writing
// too: TLS answers a key update by itself, and at a deadline of a reply long past
// would break.
func (c *Conn) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
	case c.publishing:
		_ = c.nc.SetDeadline(time.Now().Add(c.config.IdleTimeout))
	default:
		_ = c.nc.SetDeadline(c.deadline)
	}
}

// fail keeps the first reason why reading ended, in words for the operator.
func (c *Conn) fail(err error) error {
	if c.hasEnded() {
		return io.EOF
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = c.timeout()
	case c.writeError() != nil:
		err = c.writeError()
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		err = io.EOF
	}
	if c.failure == nil {
		c.failure = err
	}
	return err
}

func (c *Conn) timeout() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.publishing:
		return fmt.Errorf("rtmp: no message from the publisher for %s", c.config.IdleTimeout)
	case c.greeting > 0:
		return fmt.Errorf("rtmp: handshake not finished within %s", c.config.HandshakeTimeout)
	}
	return fmt.Errorf("rtmp: nothing published within %s", c.config.PublishTimeout)
}

// Err is why Read failed; io.EOF where the publisher closed the connection, in
// whatever state. It is for go-rtmp's callbacks, go-rtmp itself tells nobody.
func (c *Conn) Err() error { return c.failure }

// Arrived is when the last byte of the current message came. For callbacks.
func (c *Conn) Arrived() time.Time { return c.arrived }

// Connect is what the publisher said of itself, nothing before it has. For
// callbacks.
func (c *Conn) Connect() Connect {
	if c.connect == nil {
		return Connect{}
	}
	return *c.connect
}

// SetPublishing says that the publisher has been accepted, from when on longer
// messages are taken and only silence ends the connection; or that its broadcast
// is over, from when on it has PublishTimeout to begin another. For callbacks.
func (c *Conn) SetPublishing(on bool) {
	limits := beforePublish
	if on {
		limits.Message, limits.Held = c.config.MaxMessage, c.config.MaxMessage+c.config.MaxMessage/2
	}
	c.reader.limits = limits
	c.allowed = c.received + strangersBytes
	c.mu.Lock()
	defer c.mu.Unlock()
	c.publishing = on
	c.deadline = time.Now().Add(c.config.PublishTimeout)
}
