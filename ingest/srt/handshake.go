package srt

import (
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	// handshakeTimeout is how soon whom the gate let in has to be there: libsrt is done
	// with a handshake at once.
	handshakeTimeout = 3 * time.Second
	// mostHandshakes is how many are watched; of further ones the log does not tell.
	mostHandshakes = 1024
)

// handshakes watches those whom the gate let in until they are accepted. libsrt refuses
// a passphrase that does not fit after the gate and tells only the publisher, so without
// this the log would have nothing of it.
type handshakes struct {
	log *slog.Logger

	mu      sync.Mutex
	pending map[string]*time.Timer // by the publisher's address
	closed  bool
}

func newHandshakes(log *slog.Logger) *handshakes {
	return &handshakes{log: log, pending: map[string]*time.Timer{}}
}

// begin waits for addr, of which encrypted says that its channel has a passphrase.
func (h *handshakes) begin(addr *net.UDPAddr, encrypted bool) {
	reason := "it encrypts, and the channel has no srt_passphrase"
	if encrypted {
		reason = "its passphrase is missing, or is not the channel's srt_passphrase"
	}
	remote := addr.String()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.pending[remote] != nil || len(h.pending) >= mostHandshakes {
		return
	}
	h.pending[remote] = time.AfterFunc(handshakeTimeout, func() {
		if h.end(remote) {
			h.log.Warn("srt publisher refused", "remote", remote, "reason", reason)
		}
	})
}

// end says whether remote was waited for, and no longer waits for it.
func (h *handshakes) end(remote string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	timer := h.pending[remote]
	if timer == nil {
		return false
	}
	timer.Stop()
	delete(h.pending, remote)
	return true
}

func (h *handshakes) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for remote, timer := range h.pending {
		timer.Stop()
		delete(h.pending, remote)
	}
}
