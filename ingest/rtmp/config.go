package rtmp

import (
	"net"
	"time"

	"ladderd/ingest/rtmp/wire"
)

// Config bounds what publishers may take up. Zero values stand for the defaults.
type Config struct {
	HandshakeTimeout time.Duration // from accept to the handshake's end; 10 s
	PublishTimeout   time.Duration // from accept to an accepted publish; 20 s
	IdleTimeout      time.Duration // silence of a publisher (guide: 30 s ends the session); 30 s
	WriteTimeout     time.Duration // for the publisher to take a reply; 5 s
	LingerTimeout    time.Duration // for the publisher to read why it is cut off; 2 s
	MaxMessage       int           // bytes of the longest access unit; 8 MiB
	// MaxWaiting is how many connections may stand open that have not published:
	// each takes up to about 0.3 MB. One more, and the oldest is closed; 256.
	MaxWaiting int
	// Failed is told of each address that published with a key that no channel has;
	// see package door. Nil tells nobody.
	Failed func(net.Addr)
}

func (c Config) withDefaults() Config {
	c.HandshakeTimeout = orDefault(c.HandshakeTimeout, 10*time.Second)
	c.PublishTimeout = orDefault(c.PublishTimeout, 20*time.Second)
	c.IdleTimeout = orDefault(c.IdleTimeout, 30*time.Second)
	c.WriteTimeout = orDefault(c.WriteTimeout, 5*time.Second)
	c.LingerTimeout = orDefault(c.LingerTimeout, 2*time.Second)
	c.MaxMessage = orDefault(c.MaxMessage, 8<<20)
	c.MaxWaiting = orDefault(c.MaxWaiting, 256)
	if c.Failed == nil {
		c.Failed = func(net.Addr) {}
	}
	return c
}

func orDefault[T comparable](value, standard T) T {
	var zero T
	if value == zero {
		return standard
	}
	return value
}

func (c Config) wire() wire.Config {
	return wire.Config{
		HandshakeTimeout: c.HandshakeTimeout, PublishTimeout: c.PublishTimeout, IdleTimeout: c.IdleTimeout,
		WriteTimeout: c.WriteTimeout, LingerTimeout: c.LingerTimeout, MaxMessage: c.MaxMessage,
	}
}
