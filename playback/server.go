package playback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Limits of a viewer's connection. There is no limit for a whole answer: a
// blocking request may wait for three target durations, and send has a deadline
// for each piece.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 90 * time.Second
	headerLimit   = 16 << 10 // bytes; a playback token in the URL takes 2 KB
)

// Server serves viewers on one listener.
type Server struct {
	http  *http.Server
	close context.CancelCauseFunc // ends what all requests wait in
	asked *atomic.Int64           // when the last request came, in Unix nanoseconds
}

// quiet is how long no request must come for viewers to have what they need. It
// is longer than a player waits between two requests of a stream that has ended.
const quiet = time.Second

// NewServer makes a server of the handler; Serve starts it.
func NewServer(h http.Handler, log *slog.Logger) *Server {
	base, cancel := context.WithCancelCause(context.Background())
	asked := new(atomic.Int64)
	return &Server{
		close: cancel,
		asked: asked,
		http: &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Store(time.Now().UnixNano())
				h.ServeHTTP(w, r)
			}),
			BaseContext:       func(net.Listener) context.Context { return base },
			ReadHeaderTimeout: headerTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    headerLimit,
			// What net/http logs are viewers' broken connections.
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}
}

// Settle waits until viewers have asked for nothing for a while, or until ctx
// ends: once all streams have ended it is how long those who watched them take to
// fetch the last segment.
func (s *Server) Settle(ctx context.Context) {
	tick := time.NewTicker(quiet / 10)
	defer tick.Stop()
	for time.Since(time.Unix(0, s.asked.Load())) < quiet {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Serve accepts viewers on ln, which it closes in the end. It blocks until
// Shutdown, then returns nil, or until the listener fails.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve viewers on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown accepts no more viewers, answers at once what waits for media, lets
// answers that are being sent finish until ctx ends, and then cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close(errClosing)
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("shut down playback: %w", err), s.http.Close())
	}
	return nil
}
