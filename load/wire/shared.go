package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"
)

// Shared asks over one connection that any number of requests share: HTTP/2 where
// the server has it, as browsers do over TLS. All of it is for any goroutine.
type Shared struct {
	transport *http.Transport
	closing   context.Context
	close     context.CancelFunc
}

// NewShared makes a connection for later.
func NewShared(t *tls.Config) *Shared {
	s := &Shared{transport: &http.Transport{
		TLSClientConfig: t.Clone(), ForceAttemptHTTP2: true, DisableCompression: true,
		// Smaller than the defaults: there is one transport per viewer.
		ReadBufferSize: readBuffer, WriteBufferSize: readBuffer / 4,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
	}}
	s.closing, s.close = context.WithCancel(context.Background())
	return s
}

// Close ends the connection, and requests that wait on it.
func (s *Shared) Close() {
	s.close()
	s.transport.CloseIdleConnections()
}

// Get is like that of Conn.
func (s *Shared) Get(t Target, keepBody bool, timeout time.Duration) (Reply, error) {
	ctx, cancel := context.WithTimeout(s.closing, timeout)
	defer cancel()
	var r Reply
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.String(), nil)
	if err != nil {
		return r, fmt.Errorf("ask: %w", err)
	}
	req.Header = http.Header{"User-Agent": {userAgent}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip"}}
	if t.Range != "" {
		req.Header["Range"] = []string{t.Range}
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return r, fmt.Errorf("ask: %w", err)
	}
	defer resp.Body.Close()
	r.First = time.Now()
	r.Status, r.Gzip = resp.StatusCode, resp.Header.Get("Content-Encoding") == "gzip"
	if keepBody {
		r.Body, err = keep(nil, resp.Body)
		r.Size = int64(len(r.Body))
	} else {
		r.Size, err = discard(resp.Body)
	}
	if err != nil {
		return r, fmt.Errorf("read the body: %w", err)
	}
	r.Last = time.Now()
	return r, nil
}
