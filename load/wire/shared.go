package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Shared asks over HTTP/2, on one connection to each origin that any number of
// requests share, as browsers do over TLS. Origins without HTTP/2, as that of media
// may be beside that of playlists, are asked over HTTP/1.1. All of it is for any
// goroutine.
type Shared struct {
	tls     *tls.Config
	closing context.Context
	close   context.CancelFunc

	mu      sync.Mutex // held while a connection is opened
	conns   map[Origin]*h2conn
	singles map[Origin]*singles // of origins without HTTP/2
	retired []*h2conn           // that take no more requests, and may have some to finish
}

// NewShared makes connections for later.
func NewShared(t *tls.Config) *Shared {
	s := &Shared{tls: t, conns: map[Origin]*h2conn{}, singles: map[Origin]*singles{}}
	s.closing, s.close = context.WithCancel(context.Background())
	return s
}

// Close ends the connections, and requests that wait on them, and waits for their
// goroutines.
func (s *Shared) Close() {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		s.retired = append(s.retired, c)
	}
	for _, c := range s.retired {
		c.fail(net.ErrClosed)
		<-c.done
	}
	for _, own := range s.singles {
		for _, c := range own.all {
			c.Close()
		}
	}
}

// Get is like that of Conn. The body that is kept is the caller's.
func (s *Shared) Get(t Target, keepBody bool, timeout time.Duration) (Reply, error) {
	deadline := time.Now().Add(timeout)
	for {
		c, used, err := s.conn(t.Origin, deadline)
		if errors.Is(err, errNoHTTP2) {
			return s.single(t, keepBody, deadline)
		}
		if err != nil {
			return Reply{}, err
		}
		r, err := c.get(t, keepBody, deadline)
		// A connection that has been idle may be closed just when the next request
		// is on its way; players ask again on another one.
		if !used || !errors.Is(err, errUnanswered) {
			return r, err
		}
	}
}

// conn is the connection to an origin; used says that it has been there before. An
// origin that has none gets its singles, and the error is errNoHTTP2.
func (s *Shared) conn(o Origin, deadline time.Time) (c *h2conn, used bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.closing.Err(); err != nil {
		return nil, false, fmt.Errorf("connect: %w", net.ErrClosed)
	}
	if s.singles[o] != nil {
		return nil, false, errNoHTTP2
	}
	if o.Scheme != "https" {
		s.singles[o] = &singles{}
		return nil, false, errNoHTTP2
	}
	if c := s.conns[o]; c != nil {
		if c.usable() {
			return c, true, nil
		}
		delete(s.conns, o)
		s.retire(c)
	}
	ctx, cancel := context.WithDeadline(s.closing, deadline)
	defer cancel()
	conn, err := dialTLS(ctx, o, s.tls, "h2")
	if errors.Is(err, errNoHTTP2) {
		s.singles[o] = &singles{}
	}
	if err != nil {
		return nil, false, err
	}
	if c, err = newH2Conn(conn, o, deadline); err != nil {
		return nil, false, err
	}
	s.conns[o] = c
	return c, false, nil
}

// retire puts a connection away, and forgets those that have ended.
func (s *Shared) retire(c *h2conn) {
	s.retired = slices.DeleteFunc(append(s.retired, c), func(c *h2conn) bool {
		select {
		case <-c.done:
			return true
		default:
			return false
		}
	})
}

// errNoHTTP2 is for a server that does not offer HTTP/2.
var errNoHTTP2 = errors.New("the server has no HTTP/2")

// HasHTTP2 says whether the server at an origin offers HTTP/2.
func HasHTTP2(ctx context.Context, o Origin, t *tls.Config) (bool, error) {
	if o.Scheme != "https" {
		return false, nil
	}
	conn, err := dialTLS(ctx, o, t, "h2")
	if errors.Is(err, errNoHTTP2) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, conn.Close()
}

// dialTLS connects with one protocol.
func dialTLS(ctx context.Context, o Origin, t *tls.Config, protocol string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", o.address())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	config := &tls.Config{}
	if t != nil {
		config = t.Clone()
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(o.address())
	}
	config.NextProtos = []string{"http/1.1"}
	if protocol == "h2" {
		// The other one besides, for servers that refuse who shares no protocol.
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	if got := secure.ConnectionState().NegotiatedProtocol; protocol == "h2" && got != "h2" {
		secure.Close()
		return nil, fmt.Errorf("connect: %w", errNoHTTP2)
	}
	return secure, nil
}
