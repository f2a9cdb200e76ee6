package playback

import (
	"context"
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
// media, by HTTP/1.1 without TLS) at a fraction of what net/http takes:
//
//	listener ─► door ─► lane: read a head ─► plain? ─► Handler ─► one write ─┐
//	                      ▲                    │ no                            │
//	                      └────────────────────┼───────────────────────────────┘
//	                                           ▼
//	                          net/http, with all that has been read
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

	mu    sync.Mutex
	lanes map[*lane]struct{}
}

func newExpress(base context.Context, h http.Handler, log *slog.Logger) *express {
	return &express{handler: h, base: base, log: log, watch: newWatch(), known: newKnownFields(), lanes: make(map[*lane]struct{})}
}

// front is a listener for net/http: of the connections that ln accepts, those
// whose requests are not plain. It reads from ln until it is closed.
func (e *express) front(ln net.Listener) net.Listener {
	f := &front{Listener: ln, express: e, over: make(chan net.Conn), failed: make(chan error), closed: make(chan struct{})}
	e.running.Go(f.accept)
	return f
}

// shut ends the lanes: at once those between two requests, the others with their
// answer, or when ctx ends.
func (e *express) shut(ctx context.Context) error {
	e.closing.Store(true)
	e.each(func(l *lane) { _ = l.conn.SetReadDeadline(time.Unix(1, 0)) })
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
		e.each(func(l *lane) { _ = l.conn.Close() })
		<-done
	}
	return errors.Join(err, e.watch.close())
}

func (e *express) each(do func(*lane)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.lanes {
		do(l)
	}
}

type front struct {
	net.Listener
	express *express
	over    chan net.Conn // what net/http is to have
	failed  chan error
	once    sync.Once
	closed  chan struct{}
}

// accept starts a lane for each connection. It waits for net/http to take an
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
		f.express.running.Go(func() { f.express.serve(c, f) })
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

func (e *express) serve(c net.Conn, f *front) {
	l := &lane{conn: c, express: e, address: c.RemoteAddr().String(), buffer: make([]byte, 0, laneBuffer), head: head{known: e.known}}
	ctx, cancel := context.WithCancelCause(e.base)
	l.like, l.cancel = new(http.Request).WithContext(watched{ctx, l}), cancel
	l.answer = answerWriter{conn: c, header: make(http.Header, answerFields)}
	e.mu.Lock()
	e.lanes[l] = struct{}{}
	e.mu.Unlock()
	over := l.run()
	e.mu.Lock()
	delete(e.lanes, l)
	e.mu.Unlock()
	e.watch.forget(l)
	l.cancel(context.Canceled)
	if !over || c.SetDeadline(time.Time{}) != nil {
		_ = c.Close()
		return
	}
	f.pass(&replay{Conn: c, rest: l.buffer})
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
