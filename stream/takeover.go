package stream

import (
	"cmp"
	"errors"
	"time"

	"ladderd/event"
	"ladderd/ingest"
	"ladderd/media"
)

// heed takes what the current publisher hands over, its end included.
func (l *live) heed(i input, open bool) error {
	if !open && l.placing != nil {
		l.placing.ended = true // its end comes again, when what it sent has been worked off
		return nil
	}
	if !open {
		return l.lost(l.current.cause)
	}
	l.current.hear(time.Now())
	return l.take(i)
}

// lost has the stream wait for another publisher, as long as it may. cause is why the
// one that it had has gone, nil for a goodbye.
func (l *live) lost(cause error) error {
	now := time.Now()
	l.hub.leave(l.current, cause) // once more: who left as a candidate, just before it was seated, was not missed
	l.until = now.Add(l.terms.ReconnectWindow - l.current.silence(now))
	l.current = nil
	var refused ingest.Refusal
	switch {
	case errors.As(cause, &refused):
		l.log.Warn("publisher refused", "remote", l.request.Remote, "reason", cause)
	case cause != nil:
		l.log.Warn("publisher's connection ended without a goodbye", "reason", cause)
	}
	if err := l.wait(now); err != nil {
		return err
	}
	l.log.Info("the stream waits for its publisher", "until", l.until)
	l.report()
	return nil
}

// hangUp cuts off a publisher that has sent nothing for too long. What it left is to be
// carried on as if its connection had broken.
func (l *live) hangUp() error {
	p := l.current
	p.refuse(errSilent)
	return l.lost(errSilent)
}

// passed looks at what time has brought.
func (l *live) passed(now time.Time) error {
	if l.placing.hears() { // else what does not come is not the publisher's fault
		l.second(now)
	}
	l.watchPlacing(now)
	if most := l.terms.Longest; most > 0 && now.Sub(l.since) >= most {
		return errLongest
	}
	if l.placing != nil { // who is there waits for the stream, not the stream for them
		if c := l.candidate; c != nil && len(c.in) > 0 {
			c.hear(now)
		}
		return nil
	}
	if c := l.candidate; c != nil {
		if err := c.overdue(now); err != nil {
			return l.reject(err)
		}
	}
	if l.current == nil {
		return l.wait(now)
	}
	err := l.current.overdue(now)
	if errors.Is(err, errSilent) {
		return l.hangUp()
	}
	return err
}

// wait ends a stream without a publisher when its time is up, or when it only went
// on for a candidate that came to nothing.
func (l *live) wait(now time.Time) error {
	if l.current == nil && !l.hub.waits(l, !now.Before(l.until)) {
		return errOver
	}
	return nil
}

// welcome looks at the desk for the candidate there. One that was before it has been
// told by whoever put this one there.
func (l *live) welcome() {
	c := l.hub.candidate(l)
	if c == nil || c == l.candidate {
		return
	}
	l.candidate = c
	l.log.Info("another publisher wants the stream", "protocol", c.request.Protocol, "remote", c.request.Remote,
		"priority", c.parameters.Priority)
}

// audition works off the candidate's opening.
func (l *live) audition(i input, open bool) error {
	c := l.candidate
	if !open {
		l.log.Info("the other publisher has gone again", "remote", c.request.Remote, "reason", c.cause)
		return l.drop()
	}
	c.hear(time.Now())
	if i.meta != nil {
		c.announced(*i.meta)
	}
	if i.meta != nil {
		return nil
	}
	if i.message != nil {
		if err := c.opening.hear(*i.message); err != nil {
			return l.reject(err)
		}
		return nil
	}
	src, err := c.opening.add(i.packet)
	if err != nil {
		return l.reject(err)
	}
	if src == nil {
		return nil
	}
	c.source = src
	return l.decide()
}

// reject tells the candidate why it cannot have the stream, which goes on as it was.
func (l *live) reject(reason error) error {
	l.log.Warn("publisher refused", "remote", l.candidate.request.Remote, "reason", reason)
	l.candidate.refuse(reason)
	if code := failureCode(reason); code != "" {
		l.hub.emit(l.notTaken(code))
	}
	return l.drop()
}

// drop lets go of the candidate. One that has come in its place is at the desk.
func (l *live) drop() error {
	l.hub.dismiss(l, l.candidate)
	l.candidate = nil
	return l.wait(time.Now())
}

// decide has the candidate, whose media are known, take over. Where they differ from
// the stream's it is refused; where nobody else publishes, the stream ends instead, and
// the candidate begins its own.
func (l *live) decide() error {
	c := l.candidate
	if err := l.catchUp(); err != nil { // it may have said goodbye already
		return err
	}
	if l.source != nil {
		if err := l.source.mismatch(c.source); err != nil {
			if l.current != nil {
				return l.reject(err)
			}
			l.log.Info("the stream ends: it cannot be carried on", "reason", err)
			return errOver
		}
	}
	taken, seated := l.hub.seat(l, c)
	if !seated {
		return nil // another one has come in its place and knocks
	}
	old := l.current
	l.current, l.candidate, l.request = c, nil, c.request
	if old != nil {
		old.refuse(ingest.ErrTakenOver)
	}
	return l.follow(c, taken)
}

// catchUp takes what the current publisher has handed over, at most a queue and its end.
func (l *live) catchUp() error {
	for range inputs + 1 {
		if l.current == nil {
			return nil
		}
		select {
		case i, open := <-l.current.in:
			if err := l.heed(i, open); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// follow has the media of a publisher that has been seated come right after those
// that were there.
func (l *live) follow(p *publisher, taken bool) error {
	l.log.Info("publisher accepted in its place", "protocol", p.request.Protocol, "remote", p.request.Remote, "taken over", taken)
	l.introduced(p)
	if taken {
		l.emitSource(event.StreamTakeover)
	}
	l.renewed(p)
	if l.source == nil {
		return l.start(p)
	}
	l.source = p.source
	l.examine(p)
	if err := l.join(p.source.idr); err != nil {
		return err
	}
	l.report()
	return l.workOff(p)
}

// join maps a new source's clock to the stream's, and has the sound reach up to its
// first IDR.
func (l *live) join(idr media.Packet) error {
	l.captions = captions{} // those that wait are the other's
	after := Start
	if l.soundtrack != nil {
		after = l.soundtrack.next
	}
	at := l.timeline.join(idr.PTS, after)
	if l.soundtrack == nil {
		return nil
	}
	return l.sound(l.soundtrack.leadUp(at))
}

// cutOff takes nothing more from anybody: the publisher is told why, if there is a
// reason, and a candidate begins a stream of its own.
func (l *live) cutOff(reason error) {
	next, why := l.hub.retire(l)
	if l.current != nil {
		l.current.release(cmp.Or(told(reason), ingest.ErrDraining)) // of one that has gone nobody reads this
		if reason != nil {
			l.current.request.Close(told(reason))
		}
	}
	if next != nil {
		next.refuse(why)
	}
	if reason != nil {
		l.log.Warn("stream cut off", "reason", reason)
	}
	l.current, l.candidate = nil, nil
}
