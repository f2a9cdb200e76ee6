package srt

import (
	"log/slog"
	"net"

	"github.com/haivision/srtgo"

	"ladderd/ingest"
)

// gate decides in the handshake who comes in, and with which passphrase.
type gate struct {
	keyring    Keyring
	door       Door
	handshakes *handshakes
	log        *slog.Logger
}

// check is libsrt's listen callback. A panic in it would end the process.
func (g *gate) check(s *srtgo.SrtSocket, _ int, addr *net.UDPAddr, id string) (let bool) {
	defer func() {
		if r := recover(); r != nil {
			g.log.Error("panic in an srt handshake", "panic", r)
			let = false
		}
	}()
	passphrase, err := g.admit(addr, id)
	if err == nil && passphrase != "" {
		if err = s.SetSockOptString(srtgo.SRTO_PASSPHRASE, passphrase); err != nil {
			g.log.Error("srt passphrase not set", "reason", err)
		}
	}
	if err == nil {
		g.handshakes.begin(addr, passphrase != "")
		return true
	}
	_ = s.SetRejectReason(rejectCode(err)) // else the publisher gets a code without meaning
	return false
}

// admit finds the passphrase of whoever sends the stream id; empty for none. The Door
// and the Keyring log their own refusals, the Door now and then and not for each of what
// may be an attack.
func (g *gate) admit(addr *net.UDPAddr, id string) (string, error) {
	leave, ok := g.door.Enter(addr)
	if !ok {
		return "", ingest.ErrAddress
	}
	leave() // what counts is the connection, which there may never be
	key, query, err := streamKey(id)
	if err != nil {
		g.log.Warn("srt publisher refused", "remote", addr.String(), "reason", err)
		return "", err
	}
	passphrase, err := g.keyring.Passphrase(ingest.Request{Protocol: "srt", Remote: addr.String(), Key: key, Query: query})
	if rejectCode(err) == rejectUnauthorized {
		g.door.Failed(addr)
	}
	return passphrase, err
}
