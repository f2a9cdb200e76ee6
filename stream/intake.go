package stream

import (
	"errors"
	"time"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
)

// Values of Status.IngestHealth: the API's stream health (guide, "Filter Streams by
// Health").
const (
	Healthy  = "HEALTHY"
	Starving = "STARVING"
	Unknown  = "UNKNOWN" // there is no publisher, or it is not known yet what it sends
)

// intake measures what comes from the publisher, and judges it. It has no clock of
// its own: it is told of each input and of each second.
type intake struct {
	meter      meter
	limit      bitrateLimit
	starvation starvation
	came       arrivals   // in the last second
	last       Statistics // of it
}

func newIntake(kind ladder.Type, began time.Time) *intake {
	return &intake{meter: meter{began: began}, limit: newBitrateLimit(kind, began)}
}

// sized makes known how large the picture is, which the limit depends on.
func (in *intake) sized(most int) { in.limit.limit = most }

// renewed says that another publisher's inputs follow on those that it has sent while it
// was none. They are counted now, and were held to the opening's limits.
func (in *intake) renewed(o *opening) {
	in.starvation.renewed(o.meta.VideoBitrate)
	in.meter.renewed()
	for _, p := range o.held {
		in.meter.take(input{packet: p})
	}
	for _, m := range o.messages {
		in.meter.take(input{message: &m})
	}
}

// take counts an input that came by now, or heeds what the encoder says of itself. The
// error, a bitrateError, says that it is too much.
func (in *intake) take(i input, now time.Time) error {
	if i.meta != nil {
		in.starvation.announced = i.meta.VideoBitrate
		return nil
	}
	if at := i.packet.Arrived; !at.IsZero() {
		now = at
	}
	in.meter.take(i)
	return in.limit.take(i.bits(), now, i.packet.Kind == media.Video, i.packet.DTS)
}

// second ends a second. It says whether starvation began or ended with it.
func (in *intake) second(now time.Time) (changed bool) {
	in.came, in.last = in.meter.second(now)
	return in.starvation.take(in.came)
}

// health is for the status.
func (in *intake) health() string {
	if in.starvation.starving {
		return Starving
	}
	return Healthy
}

// bits is how much came in for an input, an encoder's padding included.
func (i input) bits() int {
	n := max(len(i.packet.Data), i.packet.Received)
	if i.message != nil {
		n = len(i.message.Name) + len(i.message.Captions) + len(i.message.Data)
	}
	return 8 * n
}

// breachOf is the limit that a stream's end is owed to: false where it is none.
func breachOf(err error, of event.Stream, at time.Time) (event.Event, bool) {
	var size *ladder.LimitError
	var rate *bitrateError
	switch {
	case errors.As(err, &size):
		return event.IngestResolution(of, at, event.Excess{Limit: size.Limit, By: size.By}, event.Pixels(size.Unit)), true
	case errors.As(err, &rate):
		return event.IngestBitrate(of, at, event.Excess{Limit: rate.limit, By: rate.measured - rate.limit}), true
	}
	return event.Event{}, false
}

// second looks at what came from the publisher in the second that has passed.
func (l *live) second(now time.Time) {
	changed := l.intake.second(now)
	l.note(l.checkup.second(l.intake, l.connection())...)
	switch {
	case changed && l.intake.starvation.starving:
		l.emit(event.StarvationStart)
	case changed:
		l.emit(event.StarvationEnd)
	}
	l.report()
}

// connection is how the current publisher's does; nil where nothing is known of it.
func (l *live) connection() *ingest.Link {
	if l.current == nil || l.request.Link == nil {
		return nil
	}
	k := l.request.Link()
	return &k
}

// renewed says that p publishes from now on, and not who did before.
func (l *live) renewed(p *publisher) {
	l.intake.renewed(&p.opening)
	l.note(l.checkup.renewed()...)
}

// breached tells of the limit that the stream's end is owed to, if it is one.
func (l *live) breached(reason error) {
	if errors.Is(reason, ingest.ErrCapacity) {
		l.emit(event.StreamFailure)
	}
	if e, ok := breachOf(reason, l.about(), time.Now()); ok {
		l.hub.emit(Event{Event: e})
	}
}
