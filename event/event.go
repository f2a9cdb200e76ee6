// Package event has what happens to channels and streams, under the names of the guide's
// events (lines 7636–8180), and as EventBridge has it. There is one function per kind, so that
// an event without what its kind needs, or with what it cannot have, does not compile.
package event

import (
	"time"

	"github.com/google/uuid"
)

// Event is something that happened. It is made by the function of its kind, and changes no
// more.
type Event struct {
	kind   *kind
	id     string
	at     time.Time
	of     Stream
	code   string
	reason string
	breach Breach
}

// Channel is whose an event is.
type Channel struct {
	ID   string // last part of its ARN
	Name string // "" where it has none
}

// Stream is which stream of a channel an event is of.
type Stream struct {
	Channel Channel
	ID      string // "st-…"
}

// Breach is a limit that was exceeded (guide, lines 7910–8060).
type Breach struct {
	Excess
	Unit string // "bits per second", "total pixels", "pixels per edge", "active streams", "viewers"
}

// Excess is by how much.
type Excess struct {
	Limit int // the most that is allowed
	By    int // how much more it was
}

// ID is unique: whoever gets an event twice knows by it.
func (e Event) ID() string { return e.id }

// Name is the guide's: "Stream Start".
func (e Event) Name() string { return e.kind.name }

// Type is the guide's for events of this kind: "IVS Stream State Change".
func (e Event) Type() string { return e.kind.group }

// Fault says that it is a breach of a limit or a failure, which ListStreamSessions tells of
// (hasErrorEvent).
func (e Event) Fault() bool { return e.kind.fault }

// OfAccount says that it is told of no channel, but of all together.
func (e Event) OfAccount() bool { return e.kind.account }

// Time is when it happened.
func (e Event) Time() time.Time { return e.at }

// Channel is whose it is; the zero value where it is the account's.
func (e Event) Channel() Channel { return e.of.Channel }

// Stream is the stream's id, "" where no stream came of it.
func (e Event) Stream() string { return e.of.ID }

// Code says why, for those kinds that have one.
func (e Event) Code() string { return e.code }

// Reason says why in words, for a StreamFailure.
func (e Event) Reason() string { return e.reason }

// Breach is the limit that was exceeded, where that is what happened.
func (e Event) Breach() (Breach, bool) { return e.breach, e.breach.Unit != "" }

func happened(k *kind, of Stream, at time.Time) Event {
	return Event{kind: k, id: uuid.NewString(), of: of, at: at}
}

func breached(k *kind, of Stream, at time.Time, by Excess, unit string) Event {
	e := happened(k, of, at)
	e.breach = Breach{by, unit}
	return e
}
