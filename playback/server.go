package playback

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"ladderd/door"
)

// Limits of a viewer's connection. There is no limit for a whole answer: a
// blocking request may wait for three target durations, and send has a deadline
// for each piece.
const (
	headerTimeout = 10 * time.Second // also of the TLS handshake
	idleTimeout   = 90 * time.Second
	headerLimit   = 16 << 10 // bytes; a playback token in the URL takes 2 KB
)

// Server serves viewers on any number of listeners.
type Server struct {
	http    *http.Server
	tls     *tls.Config
	door    *door.Door
	express *express
	close   context.CancelCauseFunc // ends what all requests wait in
	asked   atomic.Int64            // when the last request came, in Unix nanoseconds
}

// Options of a server.
type Options struct {
	// Connections is how many may be open at once, PerAddress how many of them from
	// one address; see package door. Zero is no limit.
	Connections, PerAddress int
	// Certificate is of the listeners of ServeTLS.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Log         *slog.Logger
}

// quiet is how long no request must come for viewers to have what they need. It
// is longer than a player waits between two requests of a stream that has ended.
const quiet = time.Second

// NewServer makes a server of the handler; Serve and ServeTLS start it.
func NewServer(h http.Handler, o Options) *Server {
	base, cancel := context.WithCancelCause(context.Background())
	s := &Server{close: cancel, door: door.New(door.Options{
		Who: "viewers", Connections: o.Connections, PerAddress: o.PerAddress, Log: o.Log,
	})}
	s.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.asked.Store(time.Now().UnixNano())
			h.ServeHTTP(w, r)
		}),
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerLimit,
		// What net/http logs are viewers' broken connections.
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	s.express = newExpress(base, s.http.Handler, o.Log)
	s.tls = &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: o.Certificate,
		// Small records at first would be a system call for each 1.2 KB of the first part.
		DynamicRecordSizingDisabled: true,
	}
	return s
}

// Limit has these limits of connections, as Options has them, hold for viewers who come
// from now on.
func (s *Server) Limit(connections, perAddress int) {
	s.door.Limit(door.Options{Connections: connections, PerAddress: perAddress})
}

// Connections is how many viewers' connections there are, and how many were turned away.
func (s *Server) Connections() door.Status { return s.door.Status() }

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
	return served(ln, s.http.Serve(s.express.front(s.door.Guard(ln))))
}

// ServeTLS is Serve for HTTPS, by HTTP/2 or HTTP/1.1 as the viewer chooses.
func (s *Server) ServeTLS(ln net.Listener) error {
	return served(ln, s.http.Serve(s.express.secureFront(s.door.Guard(ln), s.tls)))
}

func served(ln net.Listener, err error) error {
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve viewers on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown accepts no more viewers, answers at once what waits for media, lets
// answers that are being sent finish until ctx ends, and then cuts them off.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close(errClosing)
	// Side by side: a viewer of net/http's who takes long must not have the others cut
	// off without a word.
	shut := make(chan error, 1)
	go func() { shut <- s.express.shut(ctx) }()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if err := errors.Join(err, <-shut); err != nil {
		return fmt.Errorf("shut down playback: %w", err)
	}
	return nil
}
