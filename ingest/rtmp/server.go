package rtmp

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	gortmp "github.com/yutopp/go-rtmp"
	"github.com/yutopp/go-rtmp/message"

	"ladderd/ingest"
)

// acceptRetry is how long accepting pauses after a failure that may pass, such
// as too many open files.
const acceptRetry = 100 * time.Millisecond

// Server takes in publishers from one listener.
type Server struct {
	listener net.Listener
	acceptor ingest.Acceptor
	log      *slog.Logger
	config   Config
	library  *gortmp.Server
	silence  *logrus.Logger

	wg   sync.WaitGroup // one for each of publishers, and for their last words
	done chan struct{}  // closed by Close

	mu         sync.Mutex
	publishers map[*publisher]struct{}
	accepted   uint64 // connections in all
	waiting    int    // of publishers, those that have not published
	crowded    bool   // logged that there are too many of those
	closed     bool
	failure    error // why accepting ended by itself
}

// New makes a server for the connections of ln, which it closes in the end.
func New(ln net.Listener, acceptor ingest.Acceptor, log *slog.Logger, config Config) *Server {
	s := &Server{
		listener: ln, acceptor: acceptor, log: log, config: config.withDefaults(),
		silence: logrus.New(), done: make(chan struct{}), publishers: map[*publisher]struct{}{},
	}
	// go-rtmp logs stream keys, and nothing that is not logged here as well.
	s.silence.SetOutput(io.Discard)
	s.silence.SetLevel(logrus.PanicLevel)
	s.library = gortmp.NewServer(&gortmp.ServerConfig{OnConnect: s.onConnect})
	return s
}

// Serve accepts connections until Close, and then gives nil; or until the
// listener fails.
func (s *Server) Serve() error {
	err := s.library.Serve(acceptLoop{s})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return fmt.Errorf("accept rtmp connections on %s: %w", s.listener.Addr(), s.failure)
	}
	if errors.Is(err, gortmp.ErrClosed) {
		return nil
	}
	return err
}

// Close stops accepting, tells the publishers that the server shuts down, and
// waits until all connections and sessions are closed. It relies on Session.Write
// not blocking for ever.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	open := make([]*publisher, 0, len(s.publishers))
	for p := range s.publishers {
		open = append(open, p)
	}
	s.mu.Unlock()
	err := s.library.Close()
	if errClose := s.listener.Close(); err == nil && !errors.Is(errClose, net.ErrClosed) {
		err = errClose
	}
	for _, p := range open {
		p.disconnect(ingest.ErrDraining)
	}
	s.wg.Wait()
	return err
}

// onConnect is called by go-rtmp in a new connection's goroutine.
func (s *Server) onConnect(nc net.Conn) (io.ReadWriteCloser, *gortmp.ConnConfig) {
	p := nc.(*publisher)
	return p.transport(), &gortmp.ConnConfig{
		Handler:                                 p,
		Logger:                                  s.silence,
		SkipHandshakeVerification:               true, // some encoders do not echo what they must
		IgnoreMessagesOnNotExistStream:          true,
		IgnoreMessagesOnNotExistStreamThreshold: 1<<32 - 1,
		ControlState:                            libraryLimits,
	}
}

// add takes up a connection; false where the server is closed.
func (s *Server) add(p *publisher) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	switch {
	case s.waiting >= s.config.MaxWaiting:
		s.makeRoom()
	case s.waiting < s.config.MaxWaiting/2:
		s.crowded = false
	}
	s.accepted++
	p.number = s.accepted
	s.publishers[p] = struct{}{}
	s.waiting++
	s.wg.Add(1)
	return true
}

// makeRoom closes the oldest of the connections that have not published: an
// encoder publishes within a second, so that whoever only holds places cannot
// keep it out.
func (s *Server) makeRoom() {
	if !s.crowded {
		s.log.Warn("rtmp connections are closed: too many are open that have not published", "limit", s.config.MaxWaiting)
	}
	s.crowded = true
	var oldest *publisher
	for p := range s.publishers {
		if !p.live && !p.ousted && (oldest == nil || p.number < oldest.number) {
			oldest = p
		}
	}
	oldest.ousted = true
	s.waiting--
	oldest.abort(errCrowded)
}

// remove gives up a connection that is closed.
func (s *Server) remove(p *publisher) {
	s.mu.Lock()
	delete(s.publishers, p)
	if !p.live && !p.ousted {
		s.waiting--
	}
	s.mu.Unlock()
	s.wg.Done()
}

// setLive counts p among those that have published, or no longer.
func (s *Server) setLive(p *publisher, live bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.live == live || p.ousted {
		return
	}
	p.live = live
	if live {
		s.waiting--
	} else {
		s.waiting++
	}
}

// acceptLoop is the listener that go-rtmp accepts from. go-rtmp takes any error
// of Accept as a reason to try again at once, so none may come out of it before
// the library's server is closed.
type acceptLoop struct{ *Server }

func (l acceptLoop) Accept() (net.Conn, error) {
	for {
		nc, err := l.listener.Accept()
		if err != nil {
			if l.pause(err) {
				continue
			}
			_ = l.library.Close()
			return nil, err
		}
		p := newPublisher(nc, l.Server)
		if l.add(p) {
			return p, nil
		}
		_ = nc.Close()
	}
}

// pause waits after a failure that may pass; false where none of it will.
func (l acceptLoop) pause(err error) bool {
	if errors.Is(err, net.ErrClosed) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.closed {
			l.failure = err
		}
		return false
	}
	l.log.Warn("rtmp connection not accepted", "error", err)
	retry := time.NewTimer(acceptRetry)
	defer retry.Stop()
	select {
	case <-retry.C:
		return true
	case <-l.done:
		return false
	}
}

func (l acceptLoop) Close() error   { return l.listener.Close() }
func (l acceptLoop) Addr() net.Addr { return l.listener.Addr() }

// libraryLimits fit what wire.Conn makes of the publisher's messages: a chunk
// holds any message, both ways.
var libraryLimits = gortmp.StreamControlStateConfig{
	DefaultChunkSize:           gortmp.MaxChunkSize,
	MaxChunkSize:               gortmp.MaxChunkSize,
	MaxChunkStreams:            maxLibraryChunkStreams,
	MaxMessageStreams:          maxMessageStreams,
	DefaultAckWindowSize:       peerWindow,
	DefaultBandwidthWindowSize: peerWindow,
	DefaultBandwidthLimitType:  message.LimitTypeDynamic,
}
