// Package wire is the front of the RTMP server: it stands between the network
// and go-rtmp, and speaks the chunk protocol with the publisher itself (RTMP
// specification 1.0, section 5).
//
//	publisher ──chunks──► Reader ─► clean ─► one plain chunk a message ──► go-rtmp
//	publisher ◄──chunks── Writer ◄─ filter ◄─ one plain chunk a message ── go-rtmp
//	                        ▲ acknowledgements, pongs, answers, last words
//
// go-rtmp is a state machine for connect, createStream and publish; one packet
// from a stranger can kill it. So nothing reaches it as it came: Reader takes
// chunks under limits and deadlines, clean reads each message, splits aggregates,
// turns AMF3 into AMF0, writes commands anew with the few arguments that go-rtmp
// reads, and drops what it would choke on. On the way back go-rtmp's replies are
// chunked anew, so that answers which it does not know can stand between them.
//
// Conn is what go-rtmp gets for a connection. Read is called by go-rtmp's reader
// only and does all of the above in that goroutine: while a callback of go-rtmp
// blocks, nothing is read from the socket and no deadline runs. Write is called
// by go-rtmp's writer. All else may be called from anywhere. Nothing here knows
// of stream keys or of codecs.
package wire
