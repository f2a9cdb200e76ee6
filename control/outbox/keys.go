package outbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ladderd/event"
)

// Keys of the store. A node's events are numbered in the order in which they were written,
// without a gap, so that keys are in that order too.
const (
	kept    = "event/"         // node/number: a Record
	numbers = "event-last/"    // node: the last number
	waiting = "event-pending/" // node/receiver/channel/number: a Record
	dead    = "event-dead/"    // node/receiver/number: a Letter
)

// Record is an event as it is kept and sent.
type Record struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Time    time.Time `json:"time"`
	Channel string    `json:"channel,omitempty"` // its id; empty for the account's
	// Replayed is when a dead letter was sent again; zero for all others.
	Replayed time.Time       `json:"replayed,omitzero"`
	Envelope json.RawMessage `json:"envelope"`
}

// Letter is an event that was given up.
type Letter struct {
	Record
	Receiver string    `json:"receiver"`
	Attempts int       `json:"attempts"` // of the process that gave it up
	Reason   string    `json:"reason"`   // why the last one failed
	GivenUp  time.Time `json:"given_up"`
}

func record(e event.Event, a event.Account) Record {
	r := Record{ID: e.ID(), Name: e.Name(), Time: e.Time().UTC(), Envelope: e.Envelope(a)}
	if !e.OfAccount() {
		r.Channel = e.Channel().ID
	}
	return r
}

// age is how long a receiver has failed to take it.
func (r Record) age(now time.Time) time.Duration {
	if r.Replayed.IsZero() {
		return now.Sub(r.Time)
	}
	return now.Sub(r.Replayed)
}

func numbered(n uint64) string { return fmt.Sprintf("%016x", n) }

// number is a key's last part.
func number(key string) (uint64, error) {
	n, err := strconv.ParseUint(key[strings.LastIndexByte(key, '/')+1:], 16, 64)
	if err != nil {
		return 0, fmt.Errorf("the key %q has no number at its end", key)
	}
	return n, nil
}

func (o *Outbox) keptKey(n uint64) string { return o.keptPrefix() + numbered(n) }
func (o *Outbox) keptPrefix() string      { return kept + o.options.Node + "/" }
func (o *Outbox) numberKey() string       { return numbers + o.options.Node }

func (o *Outbox) waitingPrefix(receiver string) string {
	return waiting + o.options.Node + "/" + receiver + "/"
}

func (o *Outbox) lanePrefix(receiver, channel string) string {
	return o.waitingPrefix(receiver) + channel + "/"
}

func (o *Outbox) deadPrefix(receiver string) string {
	return dead + o.options.Node + "/" + receiver + "/"
}
