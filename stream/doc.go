// Package stream owns one live stream's life, from the moment a publisher shows
// a channel's key until the last viewer could have read the end of the playlist.
// It joins ingest, pipeline and packager, which do not know each other.
//
//	ingest.Session            one goroutine per live stream (live.run)
//	 Announce, Write ──in──►  opening ─► timeline ─► soundtrack ─┬─ passthrough ──► packager
//	 (a publisher's           (which      (one       (no gaps)  │
//	  connection)              tracks?)    clock)               └─► Transcoder.Write
//	 Announce, Write ──in──►  opening                                   │ worker process
//	 (a candidate's)           └ in its place, once complete             │
//	                          packager ◄────────── Transcoder.Outputs ◄──┘
//
// A stream has one publisher after another. Who comes is decided in Hub.Accept
// (admission) by the stream's desk, under the hub's lock: the first publisher of a
// stream, or a candidate for a running one. The stream's goroutine works off the
// candidate's opening beside the running publisher, and at its first IDR exchanges the two
// (takeover), maps the new clock to the timeline, and drops what the old one still
// sends. The same carries on a stream whose publisher's connection broke. Where the media
// do not match, and nobody else publishes, the candidate begins a stream of its own with all
// that it has sent.
//
// Between a source that is known and the stream's start, a stream that is to be encoded is
// placed: it is told what makes its renditions (placing). The publisher is read on
// meanwhile, and all else that may happen to it is looked at afterwards.
//
// Who may block whom: Write waits for room in that publisher's queue, which slows
// down that publisher's socket only. The stream's goroutine itself never waits
// for anything but its own channels: the packager works in memory and the
// transcoder's Write does not block.
//
// Messages beside the media (Message) take the same queue: captions are written into
// the pictures that they belong to before these go their ways, so that every rendition
// has them; all else goes to Options.Metadata with its time on the timeline. What operators
// say (Hub.Metadata) has a short queue of its own, and is refused where that is full.
//
// The pure parts are desk, opening, framerate, timeline, captions, soundtrack, checkup, and
// what looks at the publisher as it sends (intake: statistics, bitrate, starvation): values
// in, values out, no clock of their own. So is register, the channels that there are. Hub
// lets publishers in, stops streams, and finds them for viewers. Nothing here knows RTMP, HTTP or libav.
package stream
