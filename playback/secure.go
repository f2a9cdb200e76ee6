package playback

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"
)

// secureFront is front for connections by TLS: the handshake comes first, and what
// the viewer chose there (ALPN) decides between a lane and a road.
func (e *express) secureFront(ln net.Listener, config *tls.Config) net.Listener {
	return e.newFront(ln, func(c net.Conn, f *front) {
		secure, err := e.handshake(c, config)
		if err != nil {
			e.log.Debug("TLS handshake with a viewer failed", slog.Any("from", c.RemoteAddr()), slog.Any("error", err))
			_ = c.Close()
			return
		}
		state := secure.ConnectionState()
		if state.NegotiatedProtocol == "h2" {
			e.serveRoad(secure, c, &state)
			return
		}
		e.serveLane(secure, &state, f)
	})
}

// greeting is a connection that is not a viewer's yet.
type greeting struct{ net.Conn }

func (g greeting) hurry() { _ = g.SetDeadline(past) }
func (g greeting) cut()   { _ = g.Close() }

func (e *express) handshake(c net.Conn, config *tls.Config) (*tls.Conn, error) {
	g := greeting{c}
	_ = c.SetDeadline(time.Now().Add(headerTimeout))
	defer e.enter(g)()
	if e.closing.Load() {
		return nil, errClosing
	}
	secure := tls.Server(c, config)
	err := secure.Handshake()
	var no tls.RecordHeaderError
	if errors.As(err, &no) && no.Conn != nil && likeHTTP(no.RecordHeader) {
		_, _ = io.WriteString(no.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
	if err != nil {
		return nil, err
	}
	return secure, c.SetDeadline(time.Time{})
}

// likeHTTP says whether a viewer has taken this for the plain listener.
func likeHTTP(begin [5]byte) bool {
	switch string(begin[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

// secureReplay is replay for TLS: net/http asks it for what the viewer agreed on.
type secureReplay struct {
	replay
	state *tls.ConnectionState
}

func (r *secureReplay) ConnectionState() tls.ConnectionState { return *r.state }
