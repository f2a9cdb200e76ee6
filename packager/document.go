package packager

import (
	"errors"
	"os"
	"time"
)

var (
	// ErrNotReady says that there is no playlist yet.
	ErrNotReady = errors.New("the stream has no media yet")
	// ErrQuery refuses a part number without a media sequence number (400:
	// rfc8216bis, 6.2.5.2).
	ErrQuery = errors.New("_HLS_part needs _HLS_msn")
	// ErrTooFarAhead refuses to wait for what lies more than two segments ahead
	// (400: rfc8216bis, 6.2.5.2).
	ErrTooFarAhead = errors.New("the requested media sequence number is too far ahead")
	// ErrUnmet says that what was waited for did not come within three target
	// durations (503: rfc8216bis, 6.2.5.2).
	ErrUnmet = errors.New("the requested media did not arrive in time")
	// ErrNotFound is for names that are no part, segment or init section of this
	// rendition, or not any more (404).
	ErrNotFound = errors.New("no such part or segment")
)

// Query holds a playlist request's delivery directives; −1 where one is absent.
type Query struct {
	MSN  int64 // _HLS_msn
	Part int64 // _HLS_part
	// Skip is _HLS_skip=YES or v2, which are one here: there are no date ranges.
	Skip bool
}

// Plain is the query of a request without delivery directives.
var Plain = Query{MSN: -1, Part: -1}

// Document is a rendered playlist. Its bytes are shared by all readers: they are
// not to be written to.
type Document struct {
	Body []byte
	Gzip []byte // Body, compressed; nil where it is not worth it
	// Blocking is true where the playlist answers a query with a media sequence
	// number: the same query may be answered with the same document from a cache.
	Blocking bool
	// Final is true once the stream has ended: the document will not change.
	Final bool
	// MaxAge is how long a cache may hand the document out for the same URL
	// (rfc8216bis, appendix B.1: six target durations for blocking requests).
	MaxAge time.Duration
}

// TypePlaylist is the content type of all playlists.
const TypePlaylist = "application/vnd.apple.mpegurl"

// Resource is a part, a segment or an init section. All are immutable under
// their names for the life of the stream: cache them for as long as you like. Its
// bytes are in memory, or where File is set, on disk. Close it when they are sent.
type Resource struct {
	// Chunks are the resource's bytes, in order: a segment is its parts. They are
	// shared by all readers and not to be written to.
	Chunks [][]byte
	// File holds the bytes from Offset on. It is this reader's alone, and stays
	// readable when the segment is removed.
	File   *os.File
	Offset int64
	Size   int64 // in bytes
	// Duration is how long the media last; 0 for an init section.
	Duration time.Duration
	Type     string
}

// Close releases what the resource holds open.
func (r Resource) Close() error {
	if r.File == nil {
		return nil
	}
	return r.File.Close()
}
