package playback

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// express answers the requests that a viewer makes (GET and HEAD of playlists and
// media, by HTTP/1.1) at a fraction of what net/http takes:
//
//	listener ─► door ─► (TLS) ─► lane: read a head ─► plain? ─► Handler ─► one write ─┐
//	                      │       ▲                     │ no                            │
//	                   HTTP/2     └─────────────────────┼───────────────────────────────┘
//	                      ▼                             ▼
//	                    road           net/http, with all that has been read
//
// A connection stays in its lane for as long as its requests are plain in every
// respect (head.go). With the first that is not it goes over to net/http for good,
// which then answers that request too: nothing unusual is judged here. What it
// saves is net/http's goroutine that reads while a handler runs, a second write for
// each answer, deadlines set anew for each, and most of the memory: some 4 KB
// and a stack for a viewer who waits.
type express struct {
	handler http.Handler
	base    context.Context
	log     *slog.Logger
	watch   *watch
	known   *knownFields
	closing atomic.Bool
	running sync.WaitGroup

	mu   sync.Mutex
	open map[visit]struct{}
}

// visit is an open connection as shut knows it. Both methods return at once.
type visit interface {
	hurry() // it is to end with the answers that have been begun
	cut()   // and now without them
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

func newExpress(base context.Context, h http.Handler, log *slog.Logger) *express {
	return &express{handler: h, base: base, log: log, watch: newWatch(), known: newKnownFields(), open: make(map[visit]struct{})}
}

// front is a listener for net/http: of the connections that ln accepts, those
// whose requests are not plain. It reads from ln until it is closed.
func (e *express) front(ln net.Listener) net.Listener {
	return e.newFront(ln, func(c net.Conn, f *front) { e.serveLane(c, nil, f) })
}

func (e *express) newFront(ln net.Listener, serve func(net.Conn, *front)) net.Listener {
	f := &front{
		Listener: ln, express: e, serve: serve,
		over: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{}),
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closing.Load() { // else shut may be waiting already, and net/http does not accept either
		e.running.Go(f.accept)
	}
	return f
}

// shut ends the lanes: at once those between two requests, the others with their
// answer, or when ctx ends.
func (e *express) shut(ctx context.Context) error {
	e.mu.Lock()
	e.closing.Store(true)
	e.mu.Unlock()
	e.each(visit.hurry)
	done := make(chan struct{})
	go func() {
		e.running.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		e.each(visit.cut)
		<-done
	}
	return errors.Join(err, e.watch.close())
}

func (e *express) each(do func(visit)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for v := range e.open {
		do(v)
	}
}

// enter has shut know of a connection until leave is called. Who enters looks at
// closing afterwards: shut may have been there before.
func (e *express) enter(v visit) (leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[v] = struct{}{}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.open, v)
	}
}

type front struct {
	net.Listener
	express *express
	serve   func(net.Conn, *front)
	over    chan net.Conn // what net/http is to have
	failed  chan error
	once    sync.Once
	closed  chan struct{}
}

// accept starts a goroutine for each connection. It waits for net/http to take an
// error before it goes on, so that a lack of file descriptors is slept over there.
func (f *front) accept() {
	for {
		c, err := f.Listener.Accept()
		if err != nil {
			select {
			case f.failed <- err:
				continue
			case <-f.closed:
				return
			}
		}
		f.express.running.Go(func() { f.serve(c, f) })
	}
}

// pass hands a connection over to net/http.
func (f *front) pass(c net.Conn) {
	select {
	case f.over <- c:
	case <-f.closed:
		_ = c.Close()
	}
}

func (f *front) Accept() (net.Conn, error) {
	select {
	case c := <-f.over:
		return c, nil
	case err := <-f.failed:
		return nil, err
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

func (f *front) Close() error {
	f.once.Do(func() { close(f.closed) })
	return f.Listener.Close()
}

// lane is one viewer's connection. Its goroutine is the only one that uses it.
type lane struct {
	conn    net.Conn
	express *express
	like    *http.Request // of the context of its requests, which is over when the viewer has left
	cancel  context.CancelCauseFunc
	address string
	buffer  []byte // what has been read and not answered yet
	head    head
	answer  answerWriter
	until   time.Time // the deadline for reading that is set
	watched int32     // the watch's
}

const laneBuffer = 1 << 10 // bytes; a browser's head has about 700

// serveLane has a lane serve the connection; state is nil without TLS.
func (e *express) serveLane(c net.Conn, state *tls.ConnectionState, f *front) {
	l := &lane{conn: c, express: e, address: c.RemoteAddr().String(), buffer: make([]byte, 0, laneBuffer), head: head{known: e.known}}
	ctx, cancel := context.WithCancelCause(e.base)
	l.like, l.cancel = (&http.Request{TLS: state}).WithContext(watched{ctx, l}), cancel
	l.answer = answerWriter{conn: c, sealed: state != nil, header: make(http.Header, answerFields)}
	leave := e.enter(l)
	over := l.run()
	leave()
	e.watch.forget(l)
	l.cancel(context.Canceled)
	if !over || c.SetDeadline(time.Time{}) != nil {
		_ = c.Close()
		return
	}
	rest := replay{Conn: c, rest: l.buffer}
	if state != nil {
		f.pass(&secureReplay{rest, state})
		return
	}
	f.pass(&rest)
}

func (l *lane) hurry() { _ = l.conn.SetReadDeadline(past) }

// cut closes what is below TLS, which would say goodbye for seconds.
func (l *lane) cut() { _ = socketOf(l.conn).Close() }

// socketOf is the connection that TLS runs on, or c itself.
func socketOf(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c
}

// run answers requests. It is true in the end where net/http is to go on.
func (l *lane) run() (over bool) {
	l.deadline(time.Now().Add(headerTimeout))
	for {
		end, more := l.read()
		if !more {
			return false
		}
		if end == 0 || !l.head.parse(l.buffer[:end]) {
			return true
		}
		l.buffer = l.buffer[:copy(l.buffer, l.buffer[end:])]
		if !l.serve() {
			return false
		}
	}
}

// read waits for a head and says where it ends; 0 is a head that is too long for
// a lane. There is no more when the viewer has left or takes too long.
func (l *lane) read() (end int, more bool) {
	if end := headEnd(l.buffer); end > 0 {
		return end, true
	}
	begun := false
	for {
		if !begun && len(l.buffer) > 0 {
			begun = true
			l.deadline(time.Now().Add(headerTimeout))
		}
		if len(l.buffer) >= headerLimit {
			return 0, true
		}
		if len(l.buffer) == cap(l.buffer) {
			l.buffer = append(make([]byte, 0, 2*cap(l.buffer)), l.buffer...)
		}
		if l.express.closing.Load() {
			return 0, false
		}
		n, err := l.conn.Read(l.buffer[len(l.buffer):cap(l.buffer)])
		l.buffer = l.buffer[:len(l.buffer)+n]
		if end := headEnd(l.buffer); end > 0 {
			return end, true
		}
		if err != nil {
			return 0, false
		}
	}
}

// serve answers the request whose head has been read, and says whether the
// connection is good for another.
func (l *lane) serve() (again bool) {
	defer func() {
		if problem := recover(); problem != nil && problem != http.ErrAbortHandler {
			l.express.log.Error("playback request panicked", slog.Any("panic", problem), slog.String("stack", string(debug.Stack())))
			again = false
		}
	}()
	r := l.head.request(l.like, l.address)
	l.answer.begin(r.Method == http.MethodHead)
	l.express.handler.ServeHTTP(&l.answer, r)
	if err := l.answer.end(); err != nil {
		return false
	}
	// Setting a deadline costs as much as finding the answer, so one stands for a while.
	if now := time.Now(); l.until.Sub(now) < idleTimeout {
		l.deadline(now.Add(idleTimeout + idleTimeout/3))
	}
	return l.answer.header["Connection"] == nil && !l.express.closing.Load()
}

func (l *lane) deadline(t time.Time) {
	l.until = t
	_ = l.conn.SetReadDeadline(t)
}

// watched is a request's context. Only one that is waited in has the connection
// watched: most requests are answered at once.
type watched struct {
	context.Context
	lane *lane
}

func (w watched) Done() <-chan struct{} {
	w.lane.express.watch.add(w.lane)
	return w.Context.Done()
}

// replay is a connection some of which has been read already.
type replay struct {
	net.Conn
	rest []byte
}

func (r *replay) Read(p []byte) (int, error) {
	if len(r.rest) > 0 {
		n := copy(p, r.rest)
		r.rest = r.rest[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}

// ReadFrom sends files without reading them, where the connection can.
func (r *replay) ReadFrom(from io.Reader) (int64, error) { return io.Copy(r.Conn, from) }
