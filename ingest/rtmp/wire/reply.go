package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Write takes go-rtmp's side of the handshake, then its replies. go-rtmp flushes
// its buffer, which is longer than any reply, after each chunk, and its chunks
// are as long as any message: so p is one message. A failed write is not told to
// go-rtmp, which would wait for seconds for its own writer: it closes the
// connection, and reading ends.
func (c *Conn) Write(p []byte) (int, error) {
	if c.greeted < handshakeSize {
		return c.greetBack(p)
	}
	c.replies.r.Reset(bytes.NewReader(p))
	m, err := c.replies.Next()
	if err != nil {
		c.log.Error("reply of the rtmp library cannot be read", "error", err)
		return len(p), c.nc.Close()
	}
	if m, ok := c.amend(m); ok {
		c.send(m)
	}
	return len(p), nil
}

func (c *Conn) greetBack(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.config.WriteTimeout))
	n, err := c.nc.Write(p)
	c.greeted += n
	c.canSpeak = c.greeted >= handshakeSize
	return n, err
}

// send writes one message unless the last word has been said.
func (c *Conn) send(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.canSpeak && !c.ended {
		c.writeLocked(m)
	}
}

func (c *Conn) writeLocked(m Message) {
	if c.broken != nil {
		return
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.config.WriteTimeout))
	err := c.writer.Write(m)
	if err == nil {
		return
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("rtmp: the publisher took no reply within %s", c.config.WriteTimeout)
	}
	c.broken = err
	_ = c.nc.Close()
}

// acknowledge tells how many bytes came, once in a window (section 5.4.3). It is
// not done unasked: FFmpeg seldom reads while it publishes, and if it hangs up
// with unread input, its system drops what it has not sent yet.
func (c *Conn) acknowledge() {
	if c.window == 0 || c.received-c.acked < c.window {
		return
	}
	c.acked = c.received
	c.send(Message{
		Type: typeAck, ChunkStream: chunkStreamControl,
		Payload: binary.BigEndian.AppendUint32(nil, uint32(c.received)),
	})
}

func (c *Conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

func (c *Conn) writeError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// End tells the publisher why its connection ends: the last word, after which
// nothing is written and Read gives io.EOF. It may be called from any goroutine,
// and takes at most twice WriteTimeout.
func (c *Conn) End(s Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	if c.canSpeak {
		c.writeLocked(s.message(c.publishOn))
		c.said = c.broken == nil
	}
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // wakes Read, for go-rtmp to close
}

// Close is called by go-rtmp at the end. After a last word it first reads on for
// LingerTimeout or until the publisher hangs up: a socket closed with unread
// input is reset, and the publisher's system throws the last word away.
func (c *Conn) Close() error {
	c.mu.Lock()
	said := c.said
	c.mu.Unlock()
	if said {
		_ = c.nc.SetReadDeadline(time.Now().Add(c.config.LingerTimeout))
		_, _ = io.Copy(io.Discard, c.nc)
	}
	return c.nc.Close()
}
