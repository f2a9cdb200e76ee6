package rtmp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"

	gortmp "github.com/yutopp/go-rtmp"
	"github.com/yutopp/go-rtmp/message"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/flv"
	"ladderd/ingest/rtmp/wire"
	"ladderd/media"
)

const (
	// maxLibraryChunkStreams is more than wire.Conn uses, maxMessageStreams what
	// it lets through.
	maxLibraryChunkStreams = 16
	maxMessageStreams      = wire.MaxStreams
	// peerWindow is the window that publishers are told, in bytes: the usual one.
	peerWindow = 2_500_000
	// maxKey is longer than any stream key, in bytes.
	maxKey = 1024
	// keptScratch is the largest buffer that is kept for the next tag, in bytes.
	keptScratch = 1 << 20
)

var (
	// errHungUp is a connection that ended without FCUnpublish or the like.
	errHungUp  = errors.New("the publisher hung up without ending the broadcast")
	errPlay    = errors.New("this port takes publishers; viewers watch over HLS")
	errCrowded = errors.New("it had not published, and too many connections were open")
	errTwice   = errors.New("a second publish on the same connection")
)

// publisher is one connection: go-rtmp's handler, and the net.Conn that it
// accepted. Its methods run in the connection's goroutine, but for disconnect.
type publisher struct {
	gortmp.DefaultHandler
	net.Conn
	server *Server
	log    *slog.Logger
	front  *wire.Conn
	number uint64       // in the order in which they came
	live   bool         // guarded by server.mu
	ousted bool         // likewise: it had to make room
	conn   *gortmp.Conn // after the handshake

	session ingest.Session // nil while nothing is published
	demuxer flv.Demuxer
	clock   clock
	// captionsNoted says that the log has told of captions that cannot be read.
	captionsNoted bool
	// broadcasts counts those that are over.
	broadcasts atomic.Int64

	mu     sync.Mutex
	reason error // of the first disconnect
	gone   bool  // the connection is closed: nothing may be started for it
}

func newPublisher(nc net.Conn, s *Server) *publisher {
	log := s.log.With("remote", nc.RemoteAddr().String())
	return &publisher{Conn: nc, server: s, log: log, front: wire.NewConn(nc, s.config.wire(), log)}
}

// OnServe is called after the handshake.
func (p *publisher) OnServe(conn *gortmp.Conn) { p.conn = conn }

// OnPublish asks whether the publisher may go live.
func (p *publisher) OnPublish(_ *gortmp.StreamContext, _ uint32, cmd *message.NetStreamPublish) (err error) {
	defer p.caught(&err)
	if p.session != nil {
		return p.refuse(errTwice)
	}
	connect := p.front.Connect()
	key, query := streamKey(connect.App, cmd.PublishingName)
	if len(key) > maxKey {
		return p.refuse(fmt.Errorf("%w: it is longer than %d bytes", ingest.ErrUnknownKey, maxKey))
	}
	protocol, encrypted := p.protocol()
	session, err := p.server.acceptor.Accept(ingest.Request{
		Protocol: protocol, Secure: encrypted, Remote: p.RemoteAddr().String(), Key: key, Query: query, Close: p.closer(),
	})
	if err != nil {
		return p.refused(err)
	}
	p.session, p.demuxer, p.clock, p.captionsNoted = session, flv.Demuxer{}, clock{}, false
	p.server.setLive(p, true)
	p.front.SetPublishing(true)
	p.log.Debug("rtmp publisher accepted", "encoder", connect.FlashVersion)
	return nil
}

func (p *publisher) protocol() (name string, encrypted bool) {
	if _, encrypted = p.Conn.(*tls.Conn); encrypted {
		return "rtmps", true
	}
	return "rtmp", false
}

// OnPlay refuses viewers.
func (p *publisher) OnPlay(*gortmp.StreamContext, uint32, *message.NetStreamPlay) error {
	return p.refuse(errPlay)
}

func (p *publisher) refuse(reason error) error {
	p.log.Warn("rtmp publisher refused", "reason", reason)
	return p.refused(reason)
}

// refused ends the connection of a publisher whose refusal is in the log.
func (p *publisher) refused(reason error) error {
	if errors.Is(reason, ingest.ErrUnknownKey) {
		p.server.config.Failed(p.RemoteAddr())
	}
	return p.end(reason)
}

// OnVideo takes a video tag.
func (p *publisher) OnVideo(timestamp uint32, payload io.Reader) error {
	return p.write(timestamp, payload, p.demuxer.Video)
}

// OnAudio takes an audio tag.
func (p *publisher) OnAudio(timestamp uint32, payload io.Reader) error {
	return p.write(timestamp, payload, p.demuxer.Audio)
}

func (p *publisher) write(timestamp uint32, payload io.Reader, read func(int64, []byte) (*media.Packet, error)) (err error) {
	defer p.caught(&err)
	tag, err := readTag(payload)
	if err != nil || p.session == nil {
		return err
	}
	packet, err := read(p.clock.unwrap(timestamp), tag)
	if err != nil {
		return p.end(ingest.Refusal{Reason: err})
	}
	if packet == nil {
		return nil
	}
	packet.Arrived, packet.Received = p.front.Arrived(), len(tag)
	if err := p.session.Write(*packet); err != nil {
		return p.end(err)
	}
	return nil
}

// scratches are readTag's buffers, of whichever connection has a message just now.
var scratches = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readTag copies a message's body, whose buffer go-rtmp uses again and does not tell
// the length of.
func readTag(payload io.Reader) ([]byte, error) {
	scratch := scratches.Get().(*bytes.Buffer)
	scratch.Reset()
	_, err := scratch.ReadFrom(payload)
	tag := bytes.Clone(scratch.Bytes())
	if scratch.Cap() <= keptScratch {
		scratches.Put(scratch)
	}
	return tag, err
}

// caught turns a panic into an error that costs this connection alone. go-rtmp
// would swallow it, or let it end the daemon while it shakes hands.
func (p *publisher) caught(err *error) {
	if r := recover(); r != nil {
		p.log.Error("panic in an rtmp connection", "panic", r, "stack", string(debug.Stack()))
		*err = p.end(errors.New("internal error"))
	}
}

// OnDeleteStream, OnFCUnpublish and closeStream end a broadcast, whichever comes
// first.
func (p *publisher) OnDeleteStream(uint32, *message.NetStreamDeleteStream) error {
	p.unpublish()
	return nil
}

// OnFCUnpublish ends the broadcast.
func (p *publisher) OnFCUnpublish(uint32, *message.NetStreamFCUnpublish) error {
	p.unpublish()
	return nil
}

// OnUnknownCommandMessage gets closeStream, among others.
func (p *publisher) OnUnknownCommandMessage(_ uint32, cmd *message.CommandMessage) error {
	if cmd.CommandName == "closeStream" {
		p.unpublish()
	}
	return nil
}

func (p *publisher) unpublish() {
	if p.session == nil {
		return
	}
	p.front.SetPublishing(false)
	p.server.setLive(p, false)
	p.closeSession(nil)
}

// end says the last words for reason, or for an earlier one, and gives it back,
// for go-rtmp to stop.
func (p *publisher) end(reason error) error {
	p.mu.Lock()
	if p.reason == nil {
		p.reason = reason
	}
	reason = p.reason
	p.mu.Unlock()
	p.front.End(lastWords(reason))
	return reason
}

// closer makes the ingest.Request.Close of the broadcast that begins. Once that
// is over the connection may carry another, which is none of its business.
func (p *publisher) closer() func(error) {
	broadcast := p.broadcasts.Load()
	return func(reason error) {
		if p.broadcasts.Load() == broadcast {
			p.disconnect(reason)
		}
	}
}

// disconnect tells the publisher why, without waiting, and has its connection
// closed. It may be called from any goroutine.
func (p *publisher) disconnect(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone || p.reason != nil {
		return
	}
	if reason == nil {
		reason = errors.New("the stream has ended")
	}
	p.reason = reason
	p.server.wg.Add(1) // not yet waited to 0: the connection itself is counted
	go func() {
		defer p.server.wg.Done()
		p.front.End(lastWords(reason))
	}()
}

// abort closes the socket at once, without a word. It does not wait, as TLS's
// goodbye might.
func (p *publisher) abort(reason error) {
	p.mu.Lock()
	if p.reason == nil {
		p.reason = reason
	}
	p.mu.Unlock()
	nc := p.Conn
	if encrypted, ok := nc.(*tls.Conn); ok {
		nc = encrypted.NetConn()
	}
	_ = nc.Close()
}

// OnClose is called by go-rtmp once, however the connection ends.
func (p *publisher) OnClose() {
	cause := p.cause()
	if p.conn != nil && cause != errHungUp {
		p.front.End(lastWords(cause))
	}
	if p.session != nil {
		p.closeSession(cause)
		return
	}
	level := slog.LevelDebug
	if p.front.Err() != nil && cause != errHungUp {
		level = slog.LevelInfo
	}
	p.log.Log(context.Background(), level, "rtmp connection closed", "cause", cause)
}

// cause is why the connection ended.
func (p *publisher) cause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch err := p.front.Err(); {
	case p.reason != nil:
		return p.reason
	case err == nil || err == io.EOF:
		return errHungUp
	default:
		return err
	}
}

func (p *publisher) closeSession(cause error) {
	if n := p.demuxer.FalseKeyframes(); n > 0 {
		p.log.Warn("the encoder marked frames as keyframes at which viewers cannot start", "frames", n)
	}
	// The session logs the cause, since it knows the channel.
	p.log.Debug("rtmp broadcast over", "cause", cause)
	session := p.session
	p.session = nil
	p.broadcasts.Add(1)
	session.Close(cause)
}

// transport is what go-rtmp reads, writes and at last closes.
func (p *publisher) transport() io.ReadWriteCloser { return transport{p.front, p} }

type transport struct {
	*wire.Conn
	publisher *publisher
}

// Read is the wire.Conn's.
func (t transport) Read(b []byte) (n int, err error) {
	defer t.publisher.caught(&err)
	return t.Conn.Read(b)
}

// Close is the last that go-rtmp does with a connection. Its writer goroutine
// has been told to stop by then, and can, once the socket is closed.
func (t transport) Close() error {
	p := t.publisher
	err := t.Conn.Close()
	if p.conn != nil {
		<-p.conn.GetChunkStreamer().Done()
	}
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.server.remove(p)
	return err
}
