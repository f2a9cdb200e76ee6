// Package ingest says what a publisher is, whatever protocol it speaks.
//
// A protocol's package (ingest/rtmp, ingest/srt) runs its listener, reads
// the publisher's stream key, and asks an Acceptor whether that publisher may go
// live. The Session that it gets takes the media:
//
//	listener ──Request──► Acceptor          (once a publisher)
//	         ◄──Session or a refusal──
//	         ──Announce, Write, Message…, Close──► Session
//
// Session's methods are called from one goroutine, the connection's. Write may
// block while the stream is behind, which slows down that publisher's socket and
// nothing else. Nothing here knows of ladders or of HLS.
package ingest
