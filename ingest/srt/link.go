package srt

import (
	"sync/atomic"
	"time"

	"github.com/haivision/srtgo"

	"ladderd/ingest"
)

// linkInterval is how often the statistics are read.
const linkInterval = time.Second

// link keeps a connection's statistics. The connection's goroutine is their only
// reader: to read them clears what libsrt counts between two readings.
type link struct {
	socket  srtgo.SrtSocket
	read    time.Time
	heard   time.Time // when packets were last seen to have come
	again   int64     // packets that came again, of which libsrt keeps no total
	damaged atomic.Int64
	last    atomic.Pointer[ingest.Link]
}

// update reads the statistics if it is time. Of a connection that is over there are
// none: the last ones stay.
func (l *link) update(now time.Time) {
	if now.Sub(l.read) < linkInterval {
		return
	}
	l.read = now
	s, err := l.socket.Stats()
	if err != nil {
		return
	}
	l.again += int64(s.PktRcvRetrans)
	if before := l.last.Load(); before == nil || before.Packets != s.PktRecvTotal {
		l.heard = now
	}
	l.last.Store(&ingest.Link{
		RTT:     time.Duration(s.MsRTT * float64(time.Millisecond)),
		Packets: s.PktRecvTotal, Lost: int64(s.PktRcvLossTotal), Retransmitted: l.again,
		Dropped:   int64(s.PktRcvDropTotal + s.PktRcvUndecryptTotal),
		Bandwidth: int64(s.MbpsBandwidth * 1e6),
		Delay:     time.Duration(s.MsRcvTsbPdDelay) * time.Millisecond,
	})
}

// snapshot is what was read last. It may be called from any goroutine.
func (l *link) snapshot() ingest.Link {
	s := l.last.Load()
	if s == nil {
		return ingest.Link{}
	}
	now := *s
	now.Damaged = l.damaged.Load()
	return now
}
