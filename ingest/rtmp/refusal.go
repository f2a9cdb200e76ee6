package rtmp

import (
	"errors"
	"strings"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/wire"
)

// Codes of onStatus. BadName is what encoders know for a stream key that is
// wrong or taken; there is no other for a broadcast that is cut off that all of
// them show.
const (
	codeBadName    = "NetStream.Publish.BadName"
	codeRejected   = "NetStream.Publish.Rejected"
	codePlayFailed = "NetStream.Play.Failed"
)

// lastWords are what the publisher is told when its connection ends for reason.
func lastWords(reason error) wire.Status {
	switch {
	case errors.Is(reason, ingest.ErrUnknownKey):
		return wire.Status{Code: codeBadName, Description: "Unknown stream key. Check the stream key in the encoder's settings."}
	case errors.Is(reason, ingest.ErrLive):
		return wire.Status{Code: codeBadName, Description: "Refused: " + reason.Error() + ". Another encoder publishes with this stream key; ?priority=N behind the key takes its stream over."}
	case errors.Is(reason, ingest.ErrPriority):
		return wire.Status{Code: codeBadName, Description: "Refused: " + reason.Error() + ". Put ?priority=N behind the stream key, with a greater N."}
	case errors.Is(reason, ingest.ErrTakeovers), errors.Is(reason, ingest.ErrMismatch), errors.Is(reason, ingest.ErrFull):
		return wire.Status{Code: codeBadName, Description: "Refused: " + reason.Error() + "."}
	case errors.Is(reason, ingest.ErrCapacity):
		return wire.Status{Code: codeBadName, Description: "Transcode capacity exceeded. Please try again."} // the guide's words, line 7808
	case errors.Is(reason, ingest.ErrInsecure):
		return wire.Status{Code: codeRejected, Description: "This channel takes encrypted ingest only. Publish by rtmps://, or set insecure_ingest for the channel."}
	case errors.Is(reason, errPlay):
		return wire.Status{Code: codePlayFailed, Description: sentence(reason)}
	}
	return wire.Status{Code: codeRejected, Description: sentence(reason)}
}

// sentence is an error's text as the publisher reads it.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "rtmp: ")
	if text == "" {
		return "The connection is closed."
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
