package wire

import (
	"fmt"
	"net"
	"slices"
	"time"
)

// singles are the connections of HTTP/1.1 to an origin without HTTP/2: as many as
// there are requests at once. Shared's lock is over them.
type singles struct {
	all, idle []*Conn
}

// single asks an origin that has no HTTP/2.
func (s *Shared) single(t Target, keepBody bool, deadline time.Time) (Reply, error) {
	c, err := s.borrow(t.Origin)
	if err != nil {
		return Reply{}, err
	}
	r, err := c.Get(t, keepBody, time.Until(deadline))
	r.Body = slices.Clone(r.Body) // the next request is another caller's
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.singles[t.Origin]
	own.idle = append(own.idle, c)
	return r, err
}

func (s *Shared) borrow(o Origin) (*Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return nil, fmt.Errorf("connect: %w", net.ErrClosed)
	}
	own := s.singles[o]
	if n := len(own.idle); n > 0 {
		c := own.idle[n-1]
		own.idle = own.idle[:n-1]
		return c, nil
	}
	c := NewConn(s.tls)
	own.all = append(own.all, c)
	return c, nil
}
