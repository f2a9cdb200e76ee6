package stream

import (
	"time"

	"ladderd/event"
)

// Event is something that happened to a stream, or kept one from beginning.
type Event struct {
	event.Event
	// Source is set for a StreamStart and a StreamTakeover: what the stream's publisher, or its
	// new one, sends. It is shared; nobody alters it.
	Source *Source
}

// emit tells of something that has just happened to the stream.
func (l *live) emit(kind func(event.Stream, time.Time) event.Event) {
	l.hub.emit(Event{Event: kind(l.about(), time.Now())})
}

// emitSource tells of it together with what the publisher sends from now on.
func (l *live) emitSource(kind func(event.Stream, time.Time) event.Event) {
	l.hub.emit(Event{Event: kind(l.about(), time.Now()), Source: l.described})
}

// about is whom the stream's events are of.
func (l *live) about() event.Stream {
	return event.Stream{Channel: l.channel.about(), ID: l.id}
}

func (c Channel) about() event.Channel { return event.Channel{ID: c.ID, Name: c.Name} }
