package stream

import "time"

// Event is something that happened to a stream, under the names of the guide's
// events (lines 7636–8180).
type Event struct {
	Name    string
	Time    time.Time
	Channel string // the id
	Stream  string // the id; empty where no stream came of it
	// Code says why, for those events that have one: a takeover's failure.
	Code string
	// Reason says why in words, for a StreamFailure.
	Reason string
	// Breach is set for limit breaches.
	Breach *Breach
	// Source is set for StreamStart and StreamTakeover: what the stream's publisher, or its new
	// one, sends. It is shared; nobody alters it.
	Source *Source
}

// Names of events.
const (
	SessionCreated       = "Session Created"
	SessionEnded         = "Session Ended"
	StreamStart          = "Stream Start"
	StreamEnd            = "Stream End"
	StreamFailure        = "Stream Failure"
	StreamTakeover       = "Stream Takeover"
	TakeoverFailure      = "Stream Takeover Failure"
	StarvationStart      = "Starvation Start"
	StarvationEnd        = "Starvation End"
	IngestBitrate        = "Ingest Bitrate"
	IngestResolution     = "Ingest Resolution"
	ConcurrentBroadcasts = "Concurrent Broadcasts"
	ConcurrentViewers    = "Concurrent Viewers"
)

// Codes of a TakeoverFailure (guide, line 7663).
const (
	TakeoverMediaMismatch   = "StreamTakeoverMediaMismatch"
	TakeoverInvalidPriority = "StreamTakeoverInvalidPriority"
	TakeoverLimitBreached   = "StreamTakeoverLimitBreached"
)

// capacityExceeded is the reason of a StreamFailure (guide, line 7808).
const capacityExceeded = "Transcode capacity exceeded. Please try again."

// Breach is a limit that was exceeded (guide, lines 7910–8060). The event's name
// is the limit's.
type Breach struct {
	Limit      int    // the most that is allowed
	ExceededBy int    // how much more it was
	Unit       string // "bits per second", "total pixels", "pixels per edge", "active streams", "viewers"
}
