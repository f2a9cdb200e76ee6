// Package stream owns one live stream's life, from the moment a publisher shows
// a channel's key until the last viewer could have read the end of the playlist.
// It joins ingest, pipeline and packager, which do not know each other.
//
//	ingest.Session            one goroutine per live stream (live.run)
//	 Announce, Write ──in──►  opening ─► timeline ─► soundtrack ─┬─ passthrough ──► packager
//	 (connection's             (which      (one       (no gaps)  │
//	  goroutine)                tracks?)    clock)               └─► Transcoder.Write
//	                                                                     │ worker process
//	                          packager ◄────────── Transcoder.Outputs ◄──┘
//
// Who may block whom: Write waits for room in the stream's queue, which slows
// down that publisher's socket only. The stream's goroutine itself never waits
// for anything but its own channels: the packager works in memory and the
// transcoder's Write does not block.
//
// The pure parts are opening, framerate, timeline, soundtrack and checkup: values
// in, values out, no clock of their own. Hub keeps the channels, lets publishers
// in, and finds streams for viewers. Nothing here knows RTMP, HTTP or libav.
package stream
