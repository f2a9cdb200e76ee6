package ingest

import (
	"errors"
	"net/url"

	"ladderd/media"
)

var (
	// ErrUnknownKey refuses a stream key that belongs to no channel.
	ErrUnknownKey = errors.New("unknown stream key")
	// ErrLive refuses a second publisher while a channel is live.
	ErrLive = errors.New("the channel is already live")
	// ErrInsecure refuses a protocol without encryption on a channel that has not
	// allowed it.
	ErrInsecure = errors.New("the channel does not take unencrypted ingest")
	// ErrDraining refuses publishers while the daemon shuts down.
	ErrDraining = errors.New("the server is shutting down")
	// ErrFull refuses a publisher because as many channels are live as may be.
	ErrFull = errors.New("too many channels are live")
	// ErrCapacity refuses a publisher, or ends one that was let in, since its stream cannot be
	// encoded now: what that takes is in use.
	ErrCapacity = errors.New("transcode capacity exceeded")
	// ErrAddress refuses an address that has too many connections open, or that has
	// tried too many keys that do not exist.
	ErrAddress = errors.New("too much comes from this address")

	// ErrCodec refuses a codec that is not taken.
	ErrCodec = errors.New("this channel takes H.264 and AAC only")

	// ErrTakenOver ends a publisher whose stream another one has taken over.
	ErrTakenOver = errors.New("another encoder has taken over the stream")
	// ErrStopped ends a publisher whose stream the operator has stopped, and refuses others
	// for the moment that this takes.
	ErrStopped = errors.New("the stream was stopped by the operator")
	// ErrPriority, ErrMismatch and ErrTakeovers refuse a takeover (guide, line 7663:
	// StreamTakeoverInvalidPriority, …MediaMismatch, …LimitBreached).
	ErrPriority  = errors.New("the takeover's priority is not higher than the running stream's")
	ErrMismatch  = errors.New("the takeover's media are not like the running stream's")
	ErrTakeovers = errors.New("the stream has been taken over too often")
)

// Refusal is the cause of a Session's Close where the publisher was let in and then
// sent what is not taken, as another codec. Its text is the reason's.
type Refusal struct{ Reason error }

func (r Refusal) Error() string { return r.Reason.Error() }

// Unwrap is the reason.
func (r Refusal) Unwrap() error { return r.Reason }

// Request is what a publisher asks for when it begins to publish.
type Request struct {
	Protocol string     // "rtmp", "rtmps" or "srt"
	Secure   bool       // it came encrypted (RTMPS, SRT with a passphrase)
	Remote   string     // host:port of the publisher
	Key      string     // the stream key: a secret, never to be logged
	Query    url.Values // what stood with the key: see ReadParameters
	// Link tells how the connection does; nil where the protocol does not know. It
	// may be called from any goroutine, also after the connection's end.
	Link func() Link
	// Close ends the publisher's connection and tells it why in its protocol's
	// words. It may be called from any goroutine and more than once, does not
	// wait, and the Session's Close still follows.
	Close func(reason error)
}

// Acceptor decides who may publish. Accept answers at once, and logs whom it refuses,
// since it knows the channel; an error that wraps
// one of this package's sentinels is told to the publisher in its protocol's
// words.
type Acceptor interface {
	Accept(Request) (Session, error)
}

// Session takes one publisher's media.
type Session interface {
	// Announce hands on what the encoder says of itself. It may come before the
	// media, again later, or never.
	Announce(Metadata)
	// Write takes one packet, with the source's own timestamps. An error ends the
	// connection; its text is for the publisher.
	Write(media.Packet) error
	// Message takes what came beside the media. It waits as Write does, and its order
	// among the packets is kept.
	Message(Message) error
	// Close says that no more will come: cause is nil where the publisher ended
	// its broadcast in its protocol's words, a Refusal where its media were not
	// taken, else what broke.
	Close(cause error)
}

// Metadata is what an encoder announces: zero values are what it did not tell.
// None of it is to be trusted where the media themselves say otherwise.
type Metadata struct {
	Encoder       string
	Width, Height int     // pixels
	FrameRate     float64 // frames per second
	VideoBitrate  int     // bits per second
	AudioBitrate  int     // bits per second
	HasAudio      bool    // an audio codec was named
	SampleRate    int     // Hz
	Channels      int
}
