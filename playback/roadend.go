package playback

import (
	"io"
	"net"
	"time"

	"golang.org/x/net/http2"
)

// tick is called where nothing has come until the deadline, which it moves; it returns
// why there is to be no further one.
func (m *road) tick(now time.Time) error {
	if !m.greeted {
		return errQuiet
	}
	if m.express.closing.Load() {
		m.leave(http2.ErrCodeNo)
	}
	if now.Sub(m.heard) >= pingAfter {
		if !m.pinging {
			m.pinging, m.pinged = true, now
			if err := m.write(appendPing(nil, 0, [8]byte{})); err != nil {
				return err
			}
		} else if now.Sub(m.pinged) >= pingTimeout {
			return errQuiet
		}
	}
	next := m.heard.Add(pingAfter)
	if m.pinging {
		next = m.pinged.Add(pingTimeout)
	}
	return m.sleep(now, next)
}

// sleep sets the deadline, unless all is done.
func (m *road) sleep(now, next time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answering == 0 {
		idle := m.rested.Add(idleTimeout)
		if m.leaving || m.express.closing.Load() || !now.Before(idle) {
			return errDone
		}
		if idle.Before(next) {
			next = idle
		}
	}
	if m.express.closing.Load() && !m.leaving {
		next = past // shut has come since tick looked
	}
	return m.socket.SetReadDeadline(next)
}

// leave tells the viewer that no more requests are taken; run ends with the last
// answer.
func (m *road) leave(code http2.ErrCode) {
	m.mu.Lock()
	told := m.leaving
	m.leaving = true
	m.mu.Unlock()
	if !told {
		m.goAway(code)
	}
}

func (m *road) goAway(code http2.ErrCode) {
	var frames []byte
	if !m.greeted {
		frames = appendSettings(frames) // they come first in any case (RFC 9113, 3.4)
	}
	if !m.parted {
		m.parted, m.final = true, m.newest
	}
	_ = m.write(appendGoAway(frames, m.final, code))
}

// linger lets the viewer read what it was sent last: closing a connection on which
// something has come that nobody reads takes back what is under way.
func (m *road) linger() {
	m.fall() // or what is being answered would move the deadline
	_ = m.socket.SetDeadline(time.Now().Add(lingerTime))
	_ = m.conn.CloseWrite()
	if half, ok := m.socket.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		_, _ = io.Copy(io.Discard, m.socket)
	}
}

// fall ends all that answers.
func (m *road) fall() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.exchanges {
		x.stop(net.ErrClosed)
	}
	m.exchanges = nil
	m.stir()
}

// bother counts what costs us and brings a viewer nothing: resets, pings, settings,
// empty frames. Players send a few in a minute.
type bother struct {
	since time.Time
	count int
}

func (b *bother) add() error {
	if b.count++; b.count <= botherMost {
		return nil
	}
	if now := time.Now(); now.Sub(b.since) > botherPeriod {
		b.since, b.count = now, 0
		return nil
	}
	return errFlood
}
