// Package rtmp takes in publishers over RTMP, or over RTMPS where it is given a
// TLS listener.
//
//	net.Listener ─► Server ─► wire.Conn ─► go-rtmp ─► publisher ─► ingest.Session
//	                          (chunks,     (state      (keys, flv,
//	                           limits)      machine)    last words)
//
// Server owns the listener and a goroutine for each connection, which go-rtmp
// starts and in which everything about that connection happens: reading, the
// Acceptor's answer, the Session's methods. Session.Write may block; that stops
// this connection's reading and nothing else. The stream key comes out of the
// publish command, from any application name; it is never logged.
//
// The package knows RTMP's words for a refusal, and the time and memory that a
// stranger may take up. It does not know channels, ladders or HLS.
package rtmp
