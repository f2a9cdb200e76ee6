package event

import "time"

// Names of events.
const (
	NameSessionCreated       = "Session Created"
	NameSessionEnded         = "Session Ended"
	NameStreamStart          = "Stream Start"
	NameStreamEnd            = "Stream End"
	NameStreamFailure        = "Stream Failure"
	NameStreamTakeover       = "Stream Takeover"
	NameTakeoverFailure      = "Stream Takeover Failure"
	NameStarvationStart      = "Starvation Start"
	NameStarvationEnd        = "Starvation End"
	NameIngestBitrate        = "Ingest Bitrate"
	NameIngestResolution     = "Ingest Resolution"
	NameConcurrentBroadcasts = "Concurrent Broadcasts"
	NameConcurrentViewers    = "Concurrent Viewers"
)

// Types of events.
const (
	TypeState  = "IVS Stream State Change"
	TypeHealth = "IVS Stream Health Change"
	TypeLimit  = "IVS Limit Breach"
)

// kind is what the guide says of an event (lines 7652–7700).
type kind struct {
	name, group string
	fault       bool
	// account marks what is told of no channel: the envelope names none.
	account bool
}

var (
	sessionCreated  = &kind{name: NameSessionCreated, group: TypeState}
	sessionEnded    = &kind{name: NameSessionEnded, group: TypeState}
	streamStart     = &kind{name: NameStreamStart, group: TypeState}
	streamEnd       = &kind{name: NameStreamEnd, group: TypeState}
	streamFailure   = &kind{name: NameStreamFailure, group: TypeState, fault: true}
	streamTakeover  = &kind{name: NameStreamTakeover, group: TypeState}
	takeoverFailure = &kind{name: NameTakeoverFailure, group: TypeState, fault: true}

	starvationStart = &kind{name: NameStarvationStart, group: TypeHealth}
	starvationEnd   = &kind{name: NameStarvationEnd, group: TypeHealth}

	ingestBitrate        = &kind{name: NameIngestBitrate, group: TypeLimit, fault: true}
	ingestResolution     = &kind{name: NameIngestResolution, group: TypeLimit, fault: true}
	concurrentBroadcasts = &kind{name: NameConcurrentBroadcasts, group: TypeLimit, fault: true, account: true}
	concurrentViewers    = &kind{name: NameConcurrentViewers, group: TypeLimit, fault: true, account: true}
)

// SessionCreated is told when a publisher was let in, before anything can be watched.
func SessionCreated(of Stream, at time.Time) Event { return happened(sessionCreated, of, at) }

// SessionEnded is told when a publisher has gone.
func SessionEnded(of Stream, at time.Time) Event { return happened(sessionEnded, of, at) }

// StreamStart is told when viewers can play the stream.
func StreamStart(of Stream, at time.Time) Event { return happened(streamStart, of, at) }

// StreamEnd is told when nothing more will come for viewers.
func StreamEnd(of Stream, at time.Time) Event { return happened(streamEnd, of, at) }

// StreamFailure is told when there is no room for the stream.
func StreamFailure(of Stream, at time.Time) Event {
	e := happened(streamFailure, of, at)
	e.reason = "Transcode capacity exceeded. Please try again." // guide, line 7808
	return e
}

// StreamTakeover is told when another publisher has taken a stream's place.
func StreamTakeover(of Stream, at time.Time) Event { return happened(streamTakeover, of, at) }

// TakeoverCode says why a takeover failed (guide, line 7663).
type TakeoverCode string

// The codes of failed takeovers.
const (
	MediaMismatch   TakeoverCode = "StreamTakeoverMediaMismatch"
	InvalidPriority TakeoverCode = "StreamTakeoverInvalidPriority"
	LimitBreached   TakeoverCode = "StreamTakeoverLimitBreached"
)

// TakeoverFailure is told when another publisher was not let in a stream's place.
func TakeoverFailure(of Stream, at time.Time, code TakeoverCode) Event {
	e := happened(takeoverFailure, of, at)
	e.code = string(code)
	return e
}

// StarvationStart is told when too little comes from a publisher.
func StarvationStart(of Stream, at time.Time) Event { return happened(starvationStart, of, at) }

// StarvationEnd is told when enough comes again.
func StarvationEnd(of Stream, at time.Time) Event { return happened(starvationEnd, of, at) }

// IngestBitrate is told when a publisher sends more bits per second than may be.
func IngestBitrate(of Stream, at time.Time, by Excess) Event {
	return breached(ingestBitrate, of, at, by, "bits per second")
}

// Pixels says of what a picture has too many.
type Pixels string

// What pictures may have too many of (guide, lines 7955–8011).
const (
	TotalPixels   Pixels = "total pixels"
	PixelsPerEdge Pixels = "pixels per edge"
)

// IngestResolution is told when a publisher's pictures are larger than may be.
func IngestResolution(of Stream, at time.Time, by Excess, unit Pixels) Event {
	return breached(ingestResolution, of, at, by, string(unit))
}

// ConcurrentBroadcasts is told when as many channels as may be are live. refused is the one
// that found no room: logs name it, envelopes do not.
func ConcurrentBroadcasts(refused Channel, at time.Time, by Excess) Event {
	return breached(concurrentBroadcasts, Stream{Channel: refused}, at, by, "active streams")
}

// ConcurrentViewers is told when as many watch as may.
func ConcurrentViewers(at time.Time, by Excess) Event {
	return breached(concurrentViewers, Stream{}, at, by, "viewers")
}
