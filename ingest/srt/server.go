package srt

import (
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/haivision/srtgo"

	"ladderd/ingest"
)

// acceptRetry is how long accepting pauses after a failure that may pass.
const acceptRetry = 100 * time.Millisecond

// Server takes in publishers on one UDP port.
type Server struct {
	// listening is a copy for Serve, since Close writes to the original.
	socket    *srtgo.SrtSocket
	listening srtgo.SrtSocket
	at        *net.UDPAddr
	acceptor  ingest.Acceptor
	log       *slog.Logger
	config    Config
	// handshakes are those whom the gate let in and who are not accepted yet.
	handshakes *handshakes

	wg   sync.WaitGroup // one for each of publishers
	done chan struct{}  // closed by Close

	mu         sync.Mutex
	publishers map[*publisher]struct{}
	closed     bool
}

// New opens the port. keyring is asked in each handshake, acceptor after it.
func New(listen string, acceptor ingest.Acceptor, keyring Keyring, log *slog.Logger, config Config) (*Server, error) {
	s := &Server{
		acceptor: acceptor, log: log, config: config.withDefaults(),
		done: make(chan struct{}), publishers: map[*publisher]struct{}{}, handshakes: newHandshakes(log),
	}
	g := &gate{keyring: keyring, door: s.config.Door, handshakes: s.handshakes, log: log}
	var err error
	if s.socket, s.at, err = open(listen, s.config.Latency, g.check); err != nil {
		return nil, err
	}
	s.listening = *s.socket
	return s, nil
}

// Addr is where the server listens, with the port that it has got.
func (s *Server) Addr() net.Addr { return s.at }

// Serve accepts connections until Close, and then gives nil.
func (s *Server) Serve() error {
	for {
		accepted, addr, err := s.listening.Accept()
		if err == nil {
			s.add(accepted, addr)
			continue
		}
		if s.isClosed() {
			return nil
		}
		s.log.Warn("srt connection not accepted", "error", err)
		if !s.pause() {
			return nil
		}
	}
}

// add runs a publisher's connection.
func (s *Server) add(socket *srtgo.SrtSocket, addr *net.UDPAddr) {
	s.handshakes.end(addr.String())
	leave, ok := s.config.Door.Enter(addr)
	if !ok { // which the Door logs
		socket.Close()
		return
	}
	p := newPublisher(s, socket, addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		socket.Close()
		leave()
		return
	}
	s.publishers[p] = struct{}{}
	s.wg.Go(func() {
		defer leave()
		defer s.remove(p)
		p.run()
	})
}

func (s *Server) remove(p *publisher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.publishers, p)
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// pause waits a little; false where the server is closed.
func (s *Server) pause() bool {
	retry := time.NewTimer(acceptRetry)
	defer retry.Stop()
	select {
	case <-retry.C:
		return true
	case <-s.done:
		return false
	}
}

// Close stops accepting, ends the publishers' connections, and waits until all
// sessions are closed. It relies on Session.Write not blocking for ever.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	for p := range s.publishers {
		p.disconnect(ingest.ErrDraining)
	}
	s.mu.Unlock()
	s.socket.Close()
	s.handshakes.close()
	s.wg.Wait()
	return nil
}
