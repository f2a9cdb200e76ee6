// Package happened makes events by their names, for tests that have tables of these.
package happened

import (
	"time"

	"ladderd/event"
)

// byName are all kinds; what a kind needs besides is something.
var byName = map[string]func(event.Stream, time.Time) event.Event{
	event.NameSessionCreated:  event.SessionCreated,
	event.NameSessionEnded:    event.SessionEnded,
	event.NameStreamStart:     event.StreamStart,
	event.NameStreamEnd:       event.StreamEnd,
	event.NameStreamFailure:   event.StreamFailure,
	event.NameStreamTakeover:  event.StreamTakeover,
	event.NameStarvationStart: event.StarvationStart,
	event.NameStarvationEnd:   event.StarvationEnd,
	event.NameTakeoverFailure: func(of event.Stream, at time.Time) event.Event {
		return event.TakeoverFailure(of, at, event.InvalidPriority)
	},
	event.NameIngestBitrate: func(of event.Stream, at time.Time) event.Event {
		return event.IngestBitrate(of, at, event.Excess{Limit: 2, By: 1})
	},
	event.NameIngestResolution: func(of event.Stream, at time.Time) event.Event {
		return event.IngestResolution(of, at, event.Excess{Limit: 2, By: 1}, event.TotalPixels)
	},
	event.NameConcurrentBroadcasts: func(of event.Stream, at time.Time) event.Event {
		return event.ConcurrentBroadcasts(of.Channel, at, event.Excess{Limit: 2, By: 1})
	},
	event.NameConcurrentViewers: func(_ event.Stream, at time.Time) event.Event {
		return event.ConcurrentViewers(at, event.Excess{Limit: 2, By: 1})
	},
}

// Event is one of that name, which must be one of the guide's.
func Event(name, channel, stream string, at time.Time) event.Event {
	return byName[name](event.Stream{Channel: event.Channel{ID: channel}, ID: stream}, at)
}

// Names are those of all kinds, in no order.
func Names() (names []string) {
	for name := range byName {
		names = append(names, name)
	}
	return names
}
