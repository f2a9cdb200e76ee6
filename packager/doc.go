// Package packager turns the packets of one live stream into low-latency or plain
// HLS: muxed parts and segments in fMP4 or MPEG-TS, and the playlists that list them
// (draft-pantos-hls-rfc8216bis). It knows neither HTTP nor who may watch.
//
//	Write(rendition, packet)                            one goroutine: the stream's
//	   │
//	   ├─ video ──► cutter ──spans──┐                   one cutter a rendition
//	   │              ▲             ├─► writer ──part──► window ──► snapshot
//	   ├─ audio ──► audioQueue ─────┘   (muxer)                       │ atomic pointer
//	   │              │                                               ▼
//	   └───────────► clock: PTS → media sequence number      Rendition, Multivariant
//	                 (one, shared by all renditions)         any goroutine: readers
//
//	window ──save, discard──► shelf ──► Disk: a few goroutines    a queue each, with a bound
//
// The clock decides where segments begin, once, by PTS, for all renditions; so
// equal media have equal media sequence numbers and equal program date-times in
// every rendition, however late one comes or however often its worker dies. A
// cutter lays a rendition's samples on the clock and divides its segments into
// spans of at most PART-TARGET. A writer waits until the audio has come as far,
// has the span rendered, and publishes a new snapshot (state) of the playlist and the
// parts, all immutable.
//
// A window keeps what can be fetched. The lines of a complete segment are written
// once (transcript), and the document that readers get is put together from them by
// the first who asks for it in a state, for all: the playlist, and the delta update.
// Segments are handed to the disk when they end and leave memory some seconds later.
// Bytes that the disk does not take stay in memory up to a bound, and then the
// playlist begins later: a broken disk costs the window, never the live edge.
//
// What differs by container is in its format: names, content types, and the muxer
// that renders a rendition's parts (fragmenter, tsMuxer). In plain HLS a part is a
// whole segment, which no playlist lists as a part, and snapshots come with
// segments; all else is the same.
//
// A worker that dies leaves a hole in its renditions up to the grid point at which
// the next one begins. When that one's IDR comes, the time in between is put out
// with a picture that stands, under the audio: the last one in the segment in which
// the worker died, and in segments of which nothing came the last IDR once more, at
// the segment's beginning, where the other renditions have theirs (still). So each
// sequence number is there and its length is the clock's. Where no picture would
// decode the time is listed as a gap.
//
// Parameters that change begin a segment, and where that is a new one on the clock,
// a discontinuity in all renditions. A rendition that comes behind the others
// cannot change what they have published: its new parameters bring a new EXT-X-MAP
// alone.
//
// A stream ends in two steps: Finish lists the last parts, and End, a moment later, ends
// the playlists, which then list segments alone.
//
// Write never blocks, for readers as little as for the disk. Readers block only for
// what they ask for (a part or playlist that is not there yet), until it is there, the
// stream ends, their context is done, or three target durations have passed; they
// take no lock that a writer takes. What is on disk they read from its file.
package packager
