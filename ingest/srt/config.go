package srt

import (
	"net"
	"time"

	"ladderd/ingest"
)

// Config bounds what publishers may take up. Zero values stand for the defaults.
type Config struct {
	// Latency is how long packets are held back, so that lost ones can come again; a
	// publisher that asks for more gets more; 120 ms, as SRT has it.
	Latency     time.Duration
	IdleTimeout time.Duration // silence of a publisher (guide: 30 s ends the session); 30 s
	// Door bounds what comes from one address; nil lets everybody in.
	Door Door
}

// Door bounds what comes from one address. Its methods answer at once.
type Door interface {
	// Enter counts a connection until leave is called; false where the address has
	// too many or has tried too many keys.
	Enter(net.Addr) (leave func(), ok bool)
	// Failed tells of a stream key that does not exist.
	Failed(net.Addr)
}

// Keyring knows how a channel's publishers encrypt.
type Keyring interface {
	// Passphrase is that of the channel with the request's stream key; empty where
	// it takes what is not encrypted. It answers at once: libsrt waits for it with all
	// connections. An error refuses the publisher, for what the Acceptor would refuse
	// it for or because the channel takes neither (ingest.ErrInsecure). It logs its
	// refusals, as the Acceptor does. The request has no Secure, Link and Close yet.
	Passphrase(ingest.Request) (string, error)
}

func (c Config) withDefaults() Config {
	if c.Latency == 0 {
		c.Latency = 120 * time.Millisecond
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 30 * time.Second
	}
	if c.Door == nil {
		c.Door = openDoor{}
	}
	return c
}

type openDoor struct{}

func (openDoor) Enter(net.Addr) (func(), bool) { return func() {}, true }
func (openDoor) Failed(net.Addr)               {}
