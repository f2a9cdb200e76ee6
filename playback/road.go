package playback

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Limits of a road. What a viewer may have open at once is advised against being less
// (RFC 9113, 6.5.2): a player has a handful, a cache before us more. Nobody sends
// bodies, so what may come of one unasked is the least that is allowed for a frame.
const (
	roadMost     = 100              // requests at once
	frameMost    = 16 << 10         // bytes of what a frame carries, either way: the least that is allowed
	bodyWindow   = 16 << 10         // bytes of a request's body; more are never asked for
	roadWindow   = 64<<10 - 1       // bytes of all bodies; HTTP/2's own default
	pingAfter    = 30 * time.Second // without a word
	pingTimeout  = 15 * time.Second
	lingerTime   = 250 * time.Millisecond
	blockMost    = 128 << 10 // bytes that may come without a frame being complete, or a header block
	botherMost   = 1000      // see bother
	botherPeriod = 10 * time.Second
	// tableSize is how many bytes of fields a viewer's encoder may have us remember.
	// HTTP/2's own 4096 are 10 KB of memory a viewer, for what knownFields keeps once for
	// all. The decoder has room for them still: a viewer may use them until it has read
	// this, and does no harm later.
	tableSize    = 256
	tableDefault = 4096
)

// road is a viewer's connection by HTTP/2, on which many requests are under way at
// once:
//
//	frames ─► run ─► open ─► a goroutine: Handler ─► exchange.Write ─► TLS
//	           │       what a viewer resets, and windows    ▲
//	           └──────── settings, pings, WINDOW_UPDATE ────┘ writing
//
// One goroutine reads. What answers a request writes to the connection itself, under
// writing, headers and body in one record where they fit: nobody is woken for it. It
// waits for a viewer's window without holding anything.
type road struct {
	express *express
	conn    sealed
	socket  net.Conn // below conn
	state   *tls.ConnectionState
	address string
	ctx     context.Context // over when the viewer has left
	running sync.WaitGroup  // what answers

	// Only run's.
	framer   *http2.Framer
	fields   *fields // of the last request
	newest   uint32  // the last stream that the viewer has opened
	final    uint32  // the last that it was told of as taken: no later GOAWAY may have more (RFC 9113, 6.8)
	parted   bool    // it was told so
	greeted  bool    // its settings have come
	unparsed int     // bytes that have come since the last frame
	taken    int     // bytes of bodies that the viewer has not been given back
	heard    time.Time
	pinging  bool // nothing has come since pinged
	pinged   time.Time
	bother   bother

	mu        sync.Mutex
	exchanges []*exchange // open streams
	answering int         // handlers that run
	busy      int         // of them those whose answer is not complete: streams that a viewer resets, too
	rested    time.Time   // when the last of them ended
	window    int64       // what may be sent; it is negative where settings made it smaller
	first     int64       // the window of a new stream
	wake      chan struct{}
	leaving   bool // no more requests are taken

	writing  sync.Mutex
	until    time.Time // the deadline for writing that is set
	untabled bool      // the viewer has been told noTable
}

// sealed is what a road needs of TLS; deadlines are the socket's.
type sealed interface {
	io.ReadWriter
	CloseWrite() error // says goodbye
}

func (e *express) serveRoad(c sealed, socket net.Conn, state *tls.ConnectionState) {
	ctx, cancel := context.WithCancel(e.base)
	now := time.Now()
	m := &road{
		express: e, conn: c, socket: socket, state: state, address: socket.RemoteAddr().String(), ctx: ctx,
		heard: now, rested: now, bother: bother{since: now}, window: roadWindow, first: roadWindow,
	}
	m.framer = http2.NewFramer(nil, roadReader{m})
	m.framer.SetMaxReadFrameSize(frameMost)
	m.framer.SetReuseFrames()
	m.framer.MaxHeaderListSize = headerLimit
	m.framer.ReadMetaHeaders = hpack.NewDecoder(tableDefault, nil)
	leave := e.enter(m)
	if err := m.run(); err != nil {
		e.log.Debug("viewer's HTTP/2 connection ended", slog.String("from", m.address), slog.Any("error", err))
	}
	m.fall()
	leave()
	cancel()
	_ = m.socket.Close()
	m.running.Wait()
}

// hurry has run look at what is left to do.
func (m *road) hurry() {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.socket.SetReadDeadline(past)
}

func (m *road) cut() { _ = m.socket.Close() }

var (
	errQuiet = errors.New("nothing has come for too long")
	errDone  = errors.New("all is answered")
	errFlood = http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
)

// run reads until the connection is of no more use, and says goodbye where somebody
// may hear it.
func (m *road) run() error {
	_ = m.socket.SetReadDeadline(time.Now().Add(headerTimeout))
	if m.express.closing.Load() {
		return errClosing
	}
	err := m.greet()
	for err == nil {
		var f http2.Frame
		if f, err = m.framer.ReadFrame(); err == nil {
			m.unparsed = 0
			err = m.take(f)
		}
		var no http2.StreamError
		if errors.As(err, &no) {
			err = m.refuse(no.StreamID, no.Code)
		}
	}
	var code http2.ConnectionError
	switch {
	case errors.Is(err, errDone):
		m.leave(http2.ErrCodeNo)
		m.linger()
		return nil
	case errors.As(err, &code):
		m.goAway(http2.ErrCode(code))
		m.linger()
	case errors.Is(err, http2.ErrFrameTooLarge):
		m.goAway(http2.ErrCodeFrameSize)
		m.linger()
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

func (m *road) greet() error {
	var preface [len(http2.ClientPreface)]byte
	if _, err := io.ReadFull(roadReader{m}, preface[:]); err != nil {
		return err
	}
	if string(preface[:]) != http2.ClientPreface {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil
}

// roadReader is what the framer reads from. Deadlines do not get as far as the framer,
// which would lose what it has of a frame.
type roadReader struct{ *road }

func (r roadReader) Read(p []byte) (int, error) {
	m := r.road
	for {
		n, err := m.conn.Read(p)
		if n > 0 {
			m.heard, m.pinging = time.Now(), false
			if m.unparsed += n; m.unparsed > blockMost {
				return 0, errFlood
			}
			return n, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		if err := m.tick(time.Now()); err != nil {
			return 0, err
		}
	}
}

// stir wakes who waits for a window. It is called with mu, and not for each window
// that grows: a viewer could have all that waits here woken by each of its frames.
func (m *road) stir() {
	if m.wake != nil {
		close(m.wake)
		m.wake = nil
	}
}

// giveBack returns what of the window was not sent.
func (m *road) giveBack(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.window += int64(n); m.window <= int64(n) {
		m.stir()
	}
}

// write sends complete frames.
func (m *road) write(frames []byte) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	return m.send(frames)
}

// send is write for who holds writing. A deadline costs as much as a small answer, so
// one stands for several. What is broken off in the middle of a record, TLS cannot go
// on with.
func (m *road) send(frames []byte) error {
	if now := time.Now(); m.until.Sub(now) < stallTimeout {
		m.until = now.Add(2 * stallTimeout)
		if err := m.socket.SetWriteDeadline(m.until); err != nil {
			return err
		}
	}
	if _, err := m.conn.Write(frames); err != nil {
		_ = m.socket.Close()
		return fmt.Errorf("send to a viewer: %w", err)
	}
	return nil
}
