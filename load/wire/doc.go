// Package wire is the HTTP of thousands of viewers in one process: it asks, takes
// times, and throws away what nobody looks at. net/http's client would cost more
// than many a server under load.
//
//	Conn    HTTP/1.1, one connection, one request at a time, no goroutine of its own
//	Shared  HTTP/2, one connection to an origin, any number of requests; a goroutine
//	        of its own reads it
//
// A body is either kept, up to a limit, or read into a buffer that all share. The
// caller blocks until the last byte has come, the time is up, or the client is
// closed.
package wire
