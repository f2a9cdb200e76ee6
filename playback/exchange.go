package playback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/net/http2"
)

// exchange is a request by HTTP/2 and its answer, a stream of a road. It is its
// handler's http.ResponseWriter (exchangewriter.go).
type exchange struct {
	road      *road
	id        uint32
	announced int64 // bytes of the request's body; negative where it does not say

	// Guarded by road.mu.
	window int64 // bytes that may be sent, beside those of the road
	given  int   // bytes of a body that may come
	got    int64
	asked  bool  // the request is complete
	ended  bool  // the answer is complete
	over   error // why nothing more is sent
	waited context.Context
	cancel context.CancelFunc

	// Only the handler's goroutine's.
	header http.Header
	status int // 0 until it has been told
	bare   bool
	sent   bool  // the header has been
	last   bool  // so has all of the answer
	left   int64 // of the Content-Length; negative where there is none
	err    error
	until  time.Time // the deadline of what is sent next
}

var errReset = errors.New("the viewer wants no answer any more, or may have none")

// run answers the request.
func (x *exchange) run(r *http.Request) {
	x.header, x.left = answerHeaders.Get().(http.Header), -1
	if code := x.serve(r); code != http2.ErrCodeNo && !x.last {
		x.abort(code)
	}
	clear(x.header)
	answerHeaders.Put(x.header)
	x.done()
}

// serve says why the stream is to be reset.
func (x *exchange) serve(r *http.Request) (code http2.ErrCode) {
	defer func() {
		if problem := recover(); problem != nil {
			code = http2.ErrCodeInternal
			if problem != http.ErrAbortHandler {
				x.road.express.log.Error("playback request panicked", slog.Any("panic", problem), slog.String("stack", string(debug.Stack())))
			}
		}
	}()
	x.road.express.handler.ServeHTTP(x, r)
	switch err := x.end(); {
	case err == nil:
		return http2.ErrCodeNo
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http2.ErrCodeCancel
	}
	return http2.ErrCodeInternal
}

// abort resets the stream, unless that has been done.
func (x *exchange) abort(code http2.ErrCode) {
	m := x.road
	m.mu.Lock()
	already := x.over != nil
	if !already {
		m.close(x, errReset)
	}
	m.mu.Unlock()
	if !already {
		_ = m.write(appendReset(nil, x.id, code))
	}
}

// done is called when the handler has returned.
func (x *exchange) done() {
	m := x.road
	m.mu.Lock()
	m.answering--
	if !x.ended {
		m.conclude(x)
	}
	m.rested = time.Now()
	if x.cancel != nil {
		x.cancel()
	}
	unheard := x.over == nil && !x.asked && x.given < bodyWindow/2
	if unheard {
		m.close(x, errReset)
	}
	if m.answering == 0 && (m.leaving || m.express.closing.Load()) {
		_ = m.socket.SetReadDeadline(past) // run is to see it
	}
	m.mu.Unlock()
	if unheard {
		_ = m.write(appendReset(nil, x.id, http2.ErrCodeNo)) // RFC 9113, 8.1: the rest of the body is not needed
	}
}

// conclude counts a request out of those that are open. It is called with mu before
// the last of the answer goes, so that a viewer may open another as soon as that comes.
func (m *road) conclude(x *exchange) {
	x.ended = true
	m.busy--
	if x.asked {
		m.drop(x)
	}
}

// close ends a stream that has not come to its end. It is called with mu.
func (m *road) close(x *exchange, why error) {
	m.drop(x)
	x.stop(why)
	m.stir()
}

// stop ends what the handler waits in. It is called with mu.
func (x *exchange) stop(why error) {
	if x.over == nil {
		x.over = why
	}
	if x.cancel != nil {
		x.cancel()
	}
}

// exchangeContext is a request's context. One of its own is made where it is waited
// in: most requests are answered at once.
type exchangeContext struct{ *exchange }

func (c exchangeContext) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c exchangeContext) Done() <-chan struct{} {
	c.road.mu.Lock()
	defer c.road.mu.Unlock()
	return c.own().Done()
}

func (c exchangeContext) Err() error {
	c.road.mu.Lock()
	defer c.road.mu.Unlock()
	if c.waited == nil && c.over == nil {
		return c.road.ctx.Err()
	}
	return c.own().Err()
}

func (c exchangeContext) Value(key any) any {
	c.road.mu.Lock()
	parent := c.road.ctx
	if c.waited != nil || c.over != nil {
		parent = c.own()
	}
	c.road.mu.Unlock()
	return parent.Value(key)
}

// own is called with mu.
func (c exchangeContext) own() context.Context {
	if c.waited == nil {
		c.waited, c.cancel = context.WithCancel(c.road.ctx)
		if c.over != nil {
			c.cancel()
		}
	}
	return c.waited
}
