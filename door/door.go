package door

import (
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"
)

// tellEvery is how often the log says that connections are being turned away.
const tellEvery = 10 * time.Second

// Options of a Door. A limit of zero is none.
type Options struct {
	Who         string // "viewers", "publishers": what the log calls them
	Connections int    // that may be open at once
	PerAddress  int    // of them from one address
	// FailedKeys is how many unknown keys may come from one address within a minute.
	// With the last of them the address is kept out for a minute.
	FailedKeys int
	Log        *slog.Logger
}

// Door counts the connections of a server's listeners. Its methods may be called
// from any goroutine.
type Door struct {
	options Options

	mu      sync.Mutex
	open    int
	from    map[netip.Prefix]int
	guesses guesses
	refused int // since it was told last
	told    time.Time
	turned  map[string]int64 // all, by the reason
}

// Status is how many connections there are, and how many there were not.
type Status struct {
	Open    int
	Refused map[string]int64 // by the reason
}

// New makes a door that is open.
func New(o Options) *Door {
	return &Door{
		options: o, from: map[netip.Prefix]int{}, guesses: newGuesses(o.FailedKeys), turned: map[string]int64{},
	}
}

// Status is how it is now.
func (d *Door) Status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Status{d.open, maps.Clone(d.turned)}
}

// Limit has the limits of o hold from now on: who is in stays, also where there are more
// than these allow.
func (d *Door) Limit(o Options) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.options.Connections, d.options.PerAddress, d.options.FailedKeys = o.Connections, o.PerAddress, o.FailedKeys
	d.guesses.most = o.FailedKeys
}

// Enter says whether a connection from a may stay; if so, leave is to be called
// once, at its end.
func (d *Door) Enter(a net.Addr) (leave func(), ok bool) {
	host := hostOf(a)
	if !d.enter(host) {
		return nil, false
	}
	return func() { d.leave(host) }, true
}

// Failed counts a key that does not exist against the address that tried it.
// Connections that it has open stay: what they may do is their server's to say.
func (d *Door) Failed(a net.Addr) {
	host := hostOf(a)
	if host.Addr().IsLoopback() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.guesses.add(host, time.Now()) {
		d.options.Log.Warn(d.options.Who+" are turned away for a while: too many unknown keys came from there",
			"from", host, "keys", d.options.FailedKeys, "for", guessTime)
	}
}

func (d *Door) enter(host netip.Prefix) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if reason := d.objection(host); reason != "" {
		d.refuse(host, reason)
		return false
	}
	d.open++
	d.from[host]++
	return true
}

// objection is why host may not come in; empty where it may.
func (d *Door) objection(host netip.Prefix) string {
	o := &d.options
	switch {
	case o.Connections > 0 && d.open >= o.Connections:
		return "all places are taken"
	case host.Addr().IsLoopback():
	case o.PerAddress > 0 && d.from[host] >= o.PerAddress:
		return "too many connections from one address"
	case d.guesses.barred(host, time.Now()):
		return "too many unknown keys from one address"
	}
	return ""
}

func (d *Door) leave(host netip.Prefix) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if d.from[host]--; d.from[host] == 0 {
		delete(d.from, host)
	}
}

// refuse logs now and then, not for each of what may be an attack's connections.
func (d *Door) refuse(host netip.Prefix, reason string) {
	d.refused++
	d.turned[reason]++
	if now := time.Now(); now.Sub(d.told) >= tellEvery {
		d.options.Log.Warn(d.options.Who+" turned away", "reason", reason, "refused", d.refused, "open", d.open, "last_from", host.Addr())
		d.refused, d.told = 0, now
	}
}

// hostOf is what counts as one host.
func hostOf(a net.Addr) netip.Prefix {
	of, ok := a.(interface{ AddrPort() netip.AddrPort }) // TCP and UDP
	if !ok {
		return netip.Prefix{}
	}
	ip := of.AddrPort().Addr().Unmap()
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
