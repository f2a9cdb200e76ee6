package stream

import (
	"sync/atomic"
	"time"

	"ladderd/ingest"
	"ladderd/media"
)

// Metadata is what a publisher says to its viewers at a moment of the stream.
type Metadata struct {
	Name string      // as the protocol has it: "onTextData"
	PTS  media.Ticks // on the stream's clock, Start or later
	Time time.Time   // the wall clock there, as in EXT-X-PROGRAM-DATE-TIME
	Data []byte      // a JSON array of the message's values
}

// inBand counts what came in messages. It is shared: the stream's goroutine writes,
// operators read.
type inBand struct {
	captions, lostCaptions, metadata atomic.Int64
}

// message takes in-band data of the publisher. Before the stream's start it is kept
// with the packets.
func (l *live) message(m ingest.Message) error {
	if l.source == nil {
		return l.current.opening.hear(m)
	}
	l.hear(m, l.timeline.at(m.PTS))
	return nil
}

// recall works off the messages that an opening kept. Captions from before the first
// picture have none to go with.
func (l *live) recall(o *opening) {
	for _, m := range o.messages {
		if at := l.timeline.at(m.PTS); m.Captions == nil || at >= l.timeline.begins {
			l.hear(m, at)
		}
	}
	o.messages = nil
}

// hear takes a message of the stream's time at.
func (l *live) hear(m ingest.Message, at media.Ticks) {
	if m.Captions != nil {
		l.inBand.lostCaptions.Add(int64(l.captions.wait(at, m.Captions)))
		return
	}
	l.inBand.metadata.Add(1)
	if l.hub.options.Metadata == nil {
		return
	}
	at = max(at, l.timeline.begins)
	l.hub.options.Metadata(l.channel.ID, l.id, Metadata{Name: m.Name, PTS: at, Time: l.wallClock(at), Data: m.Data})
}

// wallClock is the program date-time of at.
func (l *live) wallClock(at media.Ticks) time.Time {
	return l.began.Add((at - Start).Duration())
}

// caption puts into a picture what was said for it.
func (l *live) caption(p *media.Packet) {
	put, conflict := l.captions.into(p)
	l.inBand.captions.Add(int64(put))
	if conflict {
		l.log.Warn("the encoder sends captions both in its pictures and in messages: those in messages are left out")
	}
}
