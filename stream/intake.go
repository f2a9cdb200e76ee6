package stream

import (
	"errors"
	"time"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
)

// Values of Status.IngestHealth: the API's stream health (guide, "Filter Streams by
// Health").
const (
	Healthy  = "HEALTHY"
	Starving = "STARVING"
)

// intake measures what comes from the publisher, and judges it. It has no clock of
// its own: it is told of each input and of each second.
type intake struct {
	meter      meter
	limit      bitrateLimit
	starvation starvation
	last       Statistics // of the last second
}

func newIntake(kind ladder.Type, began time.Time) *intake {
	return &intake{meter: meter{began: began}, limit: newBitrateLimit(kind, began)}
}

// sized makes known how large the picture is, which the limit depends on.
func (in *intake) sized(most int) { in.limit.limit = most }

// renewed says that another publisher's inputs follow.
func (in *intake) renewed(m ingest.Metadata) { in.starvation.renewed(m.VideoBitrate) }

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

// second ends a second. The event is StarvationStart or StarvationEnd, or empty.
func (in *intake) second(now time.Time) (event string) {
	var came arrivals
	came, in.last = in.meter.second(now)
	switch {
	case !in.starvation.take(came):
		return ""
	case in.starvation.starving:
		return StarvationStart
	}
	return StarvationEnd
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

// breachOf is the limit that a stream's end is owed to: nil where it is none.
func breachOf(err error) (event string, b *Breach) {
	var size *ladder.LimitError
	var rate *bitrateError
	switch {
	case errors.As(err, &size):
		return IngestResolution, &Breach{Limit: size.Limit, ExceededBy: size.By, Unit: size.Unit}
	case errors.As(err, &rate):
		return IngestBitrate, &Breach{Limit: rate.limit, ExceededBy: rate.measured - rate.limit, Unit: "bits per second"}
	}
	return "", nil
}

// second looks at what came from the publisher in the second that has passed.
func (l *live) second(now time.Time) {
	switch event := l.intake.second(now); event {
	case StarvationStart:
		l.log.Warn("the stream is starving: too little comes from the publisher", "bitrate", l.intake.last.Bitrate, "fps", l.intake.last.FrameRate)
		l.emit(event, "")
	case StarvationEnd:
		l.log.Info("the stream is starving no more")
		l.emit(event, "")
	}
	l.report()
}

// breached tells of the limit that the stream's end is owed to, if it is one.
func (l *live) breached(reason error) {
	if errors.Is(reason, ingest.ErrCapacity) {
		l.hub.emit(Event{Name: StreamFailure, Channel: l.channel.ID, Stream: l.id, Reason: capacityExceeded})
	}
	if event, breach := breachOf(reason); breach != nil {
		l.hub.emit(Event{Name: event, Channel: l.channel.ID, Stream: l.id, Breach: breach})
	}
}
