package door

import (
	"net"
	"net/netip"
	"sync"
)

// Guard is ln behind the door.
func (d *Door) Guard(ln net.Listener) net.Listener { return &guarded{ln, d} }

type guarded struct {
	net.Listener
	door *Door
}

func (g *guarded) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := hostOf(c.RemoteAddr())
		if !g.door.enter(host) {
			_ = c.Close()
			continue
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			return &visitor{TCPConn: tcp, door: g.door, host: host}, nil
		}
		return &stranger{Conn: c, door: g.door, host: host}, nil
	}
}

// visitor is a connection that tells the door when it leaves. It is a TCPConn
// still, so that files can be sent without being read.
type visitor struct {
	*net.TCPConn
	door *Door
	host netip.Prefix
	gone sync.Once
}

func (v *visitor) Close() error {
	v.gone.Do(func() { v.door.leave(v.host) })
	return v.TCPConn.Close()
}

// stranger is a connection of another network.
type stranger struct {
	net.Conn
	door *Door
	host netip.Prefix
	gone sync.Once
}

func (s *stranger) Close() error {
	s.gone.Do(func() { s.door.leave(s.host) })
	return s.Conn.Close()
}
