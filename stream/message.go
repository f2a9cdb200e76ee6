package stream

import (
	"errors"
	"sync/atomic"
	"time"

	"ladderd/ingest"
	"ladderd/media"
)

// Metadata is what a publisher, or an operator (Hub.Metadata), says to the viewers at a
// moment of the stream.
type Metadata struct {
	Name string      // as the protocol has it: "onTextData"
	PTS  media.Ticks // on the stream's clock, Start or later
	Time time.Time   // the wall clock there, as in EXT-X-PROGRAM-DATE-TIME
	Data []byte      // a JSON array of the message's values; an operator's is as it was given
}

// ErrBusy says that more is said to a stream's viewers than it gets to.
var ErrBusy = errors.New("too many messages wait for the stream")

// sayings is how many messages of operators wait for the stream's goroutine, which takes one
// within milliseconds. One more is refused.
const sayings = 64

// Metadata says something to the viewers of a channel's stream: Options.Metadata gets m with
// its Name and Data, and with the time of the newest picture, after what was said before. It
// does not wait. ErrNotLive says that there is no stream that viewers can play, ErrBusy that
// too much waits already.
func (h *Hub) Metadata(channel string, m Metadata) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.onAir[channel]
	if l == nil || !l.status.Load().Started {
		return ErrNotLive
	}
	select {
	case l.said <- m:
		return nil
	default:
		return ErrBusy
	}
}

// say tells the viewers what an operator has for them.
func (l *live) say(m Metadata) {
	l.tell(m, l.timeline.newest())
}

// sayRest takes what came until the stream was off the air.
func (l *live) sayRest() error {
	for {
		select {
		case m := <-l.said:
			l.say(m)
		default:
			return nil
		}
	}
}

// tell hands on what is said at the time at.
func (l *live) tell(m Metadata, at media.Ticks) {
	if l.hub.options.Metadata == nil {
		return
	}
	m.PTS, m.Time = at, l.wallClock(at)
	l.hub.options.Metadata(l.channel.ID, l.id, m)
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
	l.tell(Metadata{Name: m.Name, Data: m.Data}, max(at, l.timeline.begins))
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
