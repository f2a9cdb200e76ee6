package srt

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/haivision/srtgo"

	"ladderd/ingest"
)

// gate decides in the handshake who comes in, and with which passphrase.
type gate struct {
	keyring Keyring
	door    Door
	log     *slog.Logger
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
		err = s.SetSockOptString(srtgo.SRTO_PASSPHRASE, passphrase)
	}
	if err == nil {
		return true
	}
	refused(g.log, addr, err)
	_ = s.SetRejectReason(rejectCode(err)) // else the publisher gets a code without meaning
	return false
}

// admit finds the passphrase of whoever sends the stream id; empty for none.
func (g *gate) admit(addr *net.UDPAddr, id string) (string, error) {
	leave, ok := g.door.Enter(addr)
	if !ok {
		return "", ingest.ErrAddress
	}
	leave() // what counts is the connection, which there may never be
	key, _, err := streamKey(id)
	if err != nil {
		return "", err
	}
	passphrase, err := g.keyring.Passphrase(key)
	if rejectCode(err) == rejectUnauthorized {
		g.door.Failed(addr)
	}
	return passphrase, err
}

// refused logs a refusal. The Door tells of its own, now and then and not for each of
// what may be an attack.
func refused(log *slog.Logger, addr *net.UDPAddr, reason error) {
	level := slog.LevelWarn
	if errors.Is(reason, ingest.ErrAddress) {
		level = slog.LevelDebug
	}
	log.Log(context.Background(), level, "srt publisher refused", "remote", addr.String(), "reason", reason)
}
