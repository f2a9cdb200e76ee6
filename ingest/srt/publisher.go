package srt

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/haivision/srtgo"

	"ladderd/ingest"
	"ladderd/ingest/srt/ts"
	"ladderd/media"
)

const (
	// receiveTimeout is how soon a publisher without data notices that it is to end.
	receiveTimeout = 300 * time.Millisecond
	// goodbye is the longest time between the last data and a shutdown that was meant.
	// A connection that broke has been silent for 5 s before libsrt says so; data are
	// looked for every linkInterval.
	goodbye = 2500 * time.Millisecond
	// drainInterval is how often a connection that is over is asked for what is due, and
	// drainMargin how long after the last message of the publisher's clock.
	drainInterval = 10 * time.Millisecond
	drainMargin   = 100 * time.Millisecond
	// messagePackets is the most transport packets in a message.
	messagePackets = maxPayload / 188
)

var (
	errLost  = errors.New("the publisher's connection broke")
	errEnded = errors.New("the stream has ended")
)

// publisher is one connection. Its methods run in the connection's goroutine, but for
// disconnect and what the link tells.
type publisher struct {
	server *Server
	socket *srtgo.SrtSocket
	remote *net.UDPAddr
	log    *slog.Logger

	link    link
	demuxer *ts.Demuxer
	session ingest.Session
	// announced says that the session knows which tracks there are.
	announced bool
	arrived   time.Time // of the message that is being read
	sequence  int       // of the last message; -1 before the first
	reason    atomic.Pointer[error]
}

func newPublisher(s *Server, socket *srtgo.SrtSocket, remote *net.UDPAddr) *publisher {
	p := &publisher{
		server: s, socket: socket, remote: remote, log: s.log.With("remote", remote.String()), sequence: -1,
	}
	p.link.socket = *socket
	p.demuxer = ts.NewDemuxer(p.write)
	return p
}

// run is the connection, from the Acceptor's question to the socket's end.
func (p *publisher) run() {
	// srtgo closes sockets that nothing refers to, also in the midst of a call.
	defer runtime.KeepAlive(p.socket)
	defer p.socket.Close()
	if err := p.guarded(p.publish); err != nil {
		// The Acceptor has logged whom it refuses; else the connection has gone already.
		p.log.Debug("srt publisher does not go live", "reason", err)
		return
	}
	p.arrived = time.Now()
	cause := p.guarded(p.read)
	if errors.Is(cause, ingest.ErrCodec) {
		cause = ingest.Refusal{Reason: cause}
	}
	p.tell()
	p.session.Close(cause)
}

// guarded turns a panic into an error that costs this connection alone.
func (p *publisher) guarded(step func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			p.log.Error("panic in an srt connection", "panic", r, "stack", string(debug.Stack()))
			err = errors.New("internal error")
		}
	}()
	return step()
}

// publish asks whether the publisher may go live.
func (p *publisher) publish() error {
	id, err := streamID(*p.socket)
	if err != nil {
		return fmt.Errorf("read the stream id: %w", err)
	}
	key, query, err := streamKey(id)
	if err != nil {
		return err
	}
	state, err := p.socket.GetSockOptInt(optionEncryption)
	if err != nil {
		return fmt.Errorf("read the state of the encryption: %w", err)
	}
	p.link.update(time.Now())
	p.session, err = p.server.acceptor.Accept(ingest.Request{
		Protocol: "srt", Secure: state == secured, Remote: p.remote.String(), Key: key, Query: query,
		Link: p.link.snapshot, Close: p.disconnect,
	})
	if err == nil {
		p.log.Debug("srt publisher accepted", "encrypted", state == secured)
	}
	return err
}

// read hands on what comes until the connection ends, and says why it did: nil where
// the publisher ended its broadcast.
func (p *publisher) read() error {
	r, err := newReader(*p.socket)
	if err != nil {
		return err
	}
	defer r.close()
	for p.reason.Load() == nil {
		messages, err := r.receive(receiveTimeout)
		now := time.Now()
		p.link.update(now)
		switch {
		case err == errTimeout:
			if now.Sub(p.arrived) > p.server.config.IdleTimeout {
				return fmt.Errorf("the publisher has sent nothing for %s", p.server.config.IdleTimeout)
			}
		case err != nil:
			return p.over(now, r)
		default:
			if err := p.take(now, messages); err != nil {
				return err
			}
		}
	}
	return *p.reason.Load()
}

// take reads messages.
func (p *publisher) take(now time.Time, messages iter.Seq[message]) error {
	p.arrived = now
	defer func() { p.link.damaged.Store(p.demuxer.Counts().Damaged) }()
	for m := range messages {
		if p.sequence >= 0 {
			if missing := (m.sequence - p.sequence - 1 + sequences) % sequences; missing > 0 {
				p.demuxer.Missing(missing * messagePackets)
			}
		}
		p.sequence = m.sequence
		if err := p.demuxer.Write(m.data); err != nil {
			return err
		}
	}
	return nil
}

func (p *publisher) write(packet media.Packet) error {
	if !p.announced {
		p.announced = true
		p.session.Announce(ingest.Metadata{HasAudio: p.demuxer.HasAudio()})
	}
	packet.Arrived = p.arrived
	return p.session.Write(packet)
}

// over tells a goodbye from a connection that broke: SRT's shutdown has no other sign
// than that data came until then.
func (p *publisher) over(now time.Time, r *reader) error {
	said := now.Sub(p.link.heard) < goodbye
	if err := p.drain(now, r); err != nil {
		return err
	}
	if said {
		return p.demuxer.End()
	}
	return errLost
}

// drain reads what libsrt holds back of a connection that is over. It gives each message
// when it is due, and says in between, without waiting, that the connection is over.
func (p *publisher) drain(now time.Time, r *reader) error {
	due := now.Add(p.link.snapshot().Delay + drainMargin)
	again := time.NewTicker(drainInterval)
	defer again.Stop()
	for p.reason.Load() == nil && now.Before(due) {
		messages, err := r.due()
		switch {
		case err == errGone:
			return nil
		case err != nil:
			now = <-again.C
		default:
			if err := p.take(time.Now(), messages); err != nil {
				return err
			}
		}
	}
	if reason := p.reason.Load(); reason != nil {
		return *reason
	}
	return nil
}

// disconnect ends the connection, within receiveTimeout. It may be called from any
// goroutine, and more than once.
func (p *publisher) disconnect(reason error) {
	if reason == nil {
		reason = errEnded
	}
	p.reason.CompareAndSwap(nil, &reason)
}

// tell logs what came. The session logs why it ended, since it knows the channel.
func (p *publisher) tell() {
	c, l := p.demuxer.Counts(), p.link.snapshot()
	p.log.Info("srt publisher gone", "packets", l.Packets, "lost", l.Lost, "dropped", l.Dropped,
		"resyncs", c.Resyncs, "damaged", c.Damaged, "ignored", c.Ignored)
}
