package playback

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// tellEvery is how often the log says that viewers are being turned away.
const tellEvery = 10 * time.Second

// door counts the connections of a server's listeners and closes at once those
// that are too many: a viewer who is turned away at the door can try elsewhere,
// one in a long queue cannot. The limit for one address keeps a single host from
// taking all places; it does not hold for loopback, where a proxy or a benchmark
// is. An IPv6 address is taken with all of its /64, which
// one host may have to itself.
type door struct {
	most, mostFrom int
	log            *slog.Logger

	mu      sync.Mutex
	open    int
	from    map[netip.Prefix]int
	refused int // since it was told last
	told    time.Time
}

func newDoor(most, mostFrom int, log *slog.Logger) *door {
	return &door{most: most, mostFrom: mostFrom, log: log, from: make(map[netip.Prefix]int)}
}

// guard is ln behind the door.
func (d *door) guard(ln net.Listener) net.Listener { return &guarded{ln, d} }

// enter says whether a connection may stay; if so, leave is to be called once.
func (d *door) enter(host netip.Prefix) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	full := d.most > 0 && d.open >= d.most
	if full || d.mostFrom > 0 && d.from[host] >= d.mostFrom && !host.Addr().IsLoopback() {
		d.refuse(host, full)
		return false
	}
	d.open++
	d.from[host]++
	return true
}

func (d *door) leave(host netip.Prefix) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if d.from[host]--; d.from[host] == 0 {
		delete(d.from, host)
	}
}

// refuse logs now and then, not for each of what may be an attack's connections.
func (d *door) refuse(host netip.Prefix, full bool) {
	d.refused++
	if now := time.Now(); now.Sub(d.told) >= tellEvery {
		d.log.Warn("viewers turned away: too many connections", "refused", d.refused, "open", d.open,
			"last_from", host.Addr(), "all_places_taken", full)
		d.refused, d.told = 0, now
	}
}

// hostOf is what counts as one host.
func hostOf(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := tcp.AddrPort().Addr().Unmap()
	bits := ip.BitLen()
	if ip.Is6() && !ip.IsLoopback() {
		bits = 64
	}
	host, err := ip.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return host
}

type guarded struct {
	net.Listener
	door *door
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
	door *door
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
	door *door
	host netip.Prefix
	gone sync.Once
}

func (s *stranger) Close() error {
	s.gone.Do(func() { s.door.leave(s.host) })
	return s.Conn.Close()
}
