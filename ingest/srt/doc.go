// Package srt takes in publishers over SRT: a transport stream of H.264 and AAC-LC in
// live mode, encrypted where the channel has a passphrase.
//
//	UDP ─► libsrt ─┬─ handshake ─► gate (stream id, Door, Keyring) ─► refused with a code
//	               └─ Accept ─► Server ─► publisher ─► ts.Demuxer ─► ingest.Session
//
// libsrt (by srtgo, and native.go where srtgo lacks something) has threads of its own
// for the socket and for each connection. The gate runs in one of them and holds up
// all connections, so it only looks things up. Each publisher is a goroutine, in
// which everything about it happens: looking for messages, the Acceptor's answer, the
// Session's methods, the statistics. Session.Write may block; then libsrt drops what
// comes too late, of this connection and no other.
//
// After the handshake SRT has no words for why a connection ends: reasons are logged,
// and the socket is closed. The package does not know channels, ladders or HLS.
package srt
