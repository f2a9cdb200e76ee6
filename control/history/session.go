package history

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"ladderd/event"
)

// Session is one stream of a channel.
type Session struct {
	ID      string    `json:"id"`
	Channel string    `json:"channel"` // its id
	Name    string    `json:"channel_name,omitempty"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end,omitzero"` // zero while it is live
	// Failed says that there was an event that is an error (kinds).
	Failed bool `json:"failed,omitempty"`
	// Snapshot and Recording are the channel, and its recording configuration, as they were
	// when the session began; Recording is empty where there was none.
	Snapshot  json.RawMessage `json:"snapshot,omitempty"`
	Recording json.RawMessage `json:"recording,omitempty"`
	// Ingest is what the publisher sends, or sent last; nil until viewers could play it.
	Ingest *Ingest `json:"ingest,omitempty"`

	Started bool  `json:"started,omitempty"` // there was a Stream Start, and no Stream End
	Events  int64 `json:"events"`            // that there were, those that are not kept included
}

// Ingest is a publisher's tracks.
type Ingest struct {
	Videos []Video `json:"videos"`
	Audios []Audio `json:"audios,omitempty"`
}

// Video is a video track.
type Video struct {
	Encoder       string  `json:"encoder,omitempty"`
	Codec         string  `json:"codec"`   // RFC 6381
	Profile       string  `json:"profile"` // "High"
	Level         string  `json:"level"`   // "4.0"
	Width         int     `json:"width"`   // pixels
	Height        int     `json:"height"`
	FrameRate     float64 `json:"frame_rate"`
	TargetBitrate int     `json:"target_bitrate,omitempty"` // bits per second; 0 where the encoder told none
}

// Audio is an audio track.
type Audio struct {
	Codec         string `json:"codec"`                    // RFC 6381
	TargetBitrate int    `json:"target_bitrate,omitempty"` // bits per second; 0 where the encoder told none
	SampleRate    int    `json:"sample_rate"`              // Hz
	Channels      int    `json:"channels"`
}

// Event is something that happened to a session.
type Event struct {
	event.Event
	Ingest *Ingest // what is sent from now on, where the event tells it
}

// essential says that a session begins or ends with it, or what viewers could watch of it.
func (e Event) essential() bool {
	switch e.Name() {
	case event.NameSessionCreated, event.NameSessionEnded, event.NameStreamStart, event.NameStreamEnd:
		return true
	}
	return false
}

// Entry is an event as it is kept.
type Entry struct {
	Name string    `json:"name"`
	Type string    `json:"type"`
	Code string    `json:"code,omitempty"`
	Time time.Time `json:"time"`
}

// Keys of the store. A channel's sessions are in the order of their start, the newest first,
// and a session's events the last one first, so that a page is read from its beginning.
const (
	sessions = "session/"       // channel/start-id: a Session
	byID     = "session-id/"    // id: the key of its session
	entries  = "session-event/" // id/number: an Entry
	unended  = "session-open/"  // node/id: the key of a session that has not ended
	byEnd    = "session-end/"   // end-id: the key of a session that has
	alive    = "session-alive/" // node: when it lived last
)

// backwards writes a number so that larger ones come first.
func backwards(n int64) string { return fmt.Sprintf("%016x", math.MaxInt64-n) }

func sessionsOf(channel string) string { return sessions + channel + "/" }

func (s *Session) key() string {
	return sessionsOf(s.Channel) + backwards(s.Start.UnixNano()) + "-" + s.ID
}

func entriesOf(id string) string { return entries + id + "/" }

func entryKey(id string, number int64) string { return entriesOf(id) + backwards(number) }

func endKey(end time.Time, id string) string {
	return byEnd + fmt.Sprintf("%016x", end.UnixNano()) + "-" + id
}

// endOf reads what endKey wrote.
func endOf(key string) (nanos int64, id string, ok bool) {
	at, id, ok := strings.Cut(strings.TrimPrefix(key, byEnd), "-")
	if !ok {
		return 0, "", false
	}
	_, err := fmt.Sscanf(at, "%x", &nanos)
	return nanos, id, err == nil
}
