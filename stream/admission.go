package stream

import (
	"errors"
	"fmt"
	"time"

	"ladderd/event"
	"ladderd/ingest"
)

// Accept lets a publisher in whose key belongs to a channel: as the publisher of a
// new stream, or as the candidate for the running one, which it takes over or
// carries on.
func (h *Hub) Accept(r ingest.Request) (ingest.Session, error) {
	channel, known := h.byKey(r.Key)
	p := newPublisher(h, channel, r)
	p.parameters, p.wrong = ingest.ReadParameters(r.Query)
	var a admission
	switch {
	case !known:
		a.err = ingest.ErrUnknownKey
	case !r.Secure && !channel.Insecure:
		a.err = fmt.Errorf("%w: set insecure_ingest to allow it", ingest.ErrInsecure)
	default:
		a = h.admit(p)
	}
	if a.err != nil {
		h.refuse(channel, r, a)
		return nil, a.err
	}
	if a.ousted != nil {
		a.ousted.refuse(fmt.Errorf("%w: another encoder wants it too, with priority %d", ingest.ErrPriority, p.parameters.Priority))
	}
	return p, nil
}

// refuse logs that nothing came of a request and tells of the events that this is. The
// channel's id is empty where the key is unknown.
func (h *Hub) refuse(c Channel, r ingest.Request, a admission) {
	h.options.Log.Warn("publisher refused", "channel", c.ID, "protocol", r.Protocol, "remote", r.Remote, "reason", a.err)
	for _, e := range a.events {
		h.emit(e)
	}
}

// admission is what came of a request, to be told once the lock is free.
type admission struct {
	err    error
	ousted *publisher // the candidate that had to give way
	events []Event    // of a refusal
}

// admit finds p its place.
func (h *Hub) admit(p *publisher) admission {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.renew(p) { // the key has just been taken away, and a Stop that follows on that is to be the end
		return admission{err: ingest.ErrUnknownKey}
	}
	if a := h.barred(p.channel, p.parameters, p.wrong); a.err != nil {
		return a
	}
	if l := h.onAir[p.channel.ID]; l != nil {
		return h.queueUp(l, p)
	}
	h.launch(p)
	return admission{}
}

// renew has p's channel be as it is now; false where p's key is its key no more. The hub's
// lock is held.
func (h *Hub) renew(p *publisher) bool {
	key := p.request.Key
	c, known := h.channels.keyed(key, h.channels.digest(key))
	if !known || c.ID != p.channel.ID {
		return false
	}
	p.channel = c
	return true
}

// barred says why nobody with these parameters may publish to the channel now; without
// an error somebody may. It changes nothing. The hub's lock is held.
func (h *Hub) barred(c Channel, p ingest.Parameters, wrong error) admission {
	l := h.onAir[c.ID]
	switch {
	case errors.Is(wrong, ingest.ErrPriority):
		return refusal(l, wrong)
	case h.closed || h.draining && l == nil:
		return admission{err: ingest.ErrDraining}
	case l != nil:
		if err := l.desk.admit(p.Priority, l.terms.Takeovers, time.Now()); err != nil {
			return refusal(l, err)
		}
	case h.terms.Streams > 0 && len(h.onAir) >= h.terms.Streams:
		excess := event.Excess{Limit: h.terms.Streams, By: len(h.onAir) + 1 - h.terms.Streams}
		return admission{
			err:    fmt.Errorf("%w: %d", ingest.ErrFull, len(h.onAir)),
			events: []Event{{Event: event.ConcurrentBroadcasts(c.about(), time.Now(), excess)}},
		}
	}
	return admission{}
}

// queueUp makes p the candidate of a stream that runs.
func (h *Hub) queueUp(l *live, p *publisher) admission {
	ousted := l.desk.candidate
	l.desk.candidate = p
	select {
	case l.knock <- struct{}{}:
	default: // it has not looked since the last one
	}
	return admission{ousted: ousted}
}

// refusal is a failed takeover where a stream runs and the guide has a code for
// the reason.
func refusal(l *live, reason error) admission {
	a := admission{err: reason}
	if code := failureCode(reason); l != nil && code != "" {
		a.events = []Event{l.notTaken(code)}
	}
	return a
}

// notTaken is a takeover that failed.
func (l *live) notTaken(code event.TakeoverCode) Event {
	return Event{Event: event.TakeoverFailure(l.about(), time.Now(), code)}
}

// launch starts a stream with p as its publisher. The hub's lock is held.
func (h *Hub) launch(p *publisher) {
	l := h.newLive(p)
	l.desk.seat(p)
	h.onAir[l.channel.ID], h.streams[l.id] = l, l
	h.running.Go(func() { l.run(h.context) })
}

// leave takes note that a publisher has gone, at once: who publishes next is not to
// be told that the channel is live. The stream is over with a goodbye, and where it
// never began; else it may be carried on.
func (h *Hub) leave(p *publisher, cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.onAir[p.channel.ID]
	if l == nil || l.desk.current != p {
		return // it was a candidate, or has been cut off
	}
	l.desk.current = nil
	l.desk.ending = cause == nil || l.terms.ReconnectWindow <= 0 || l.packager.Load() == nil
	h.closeIfOver(l)
}

// closeIfOver frees the channel of a stream that nobody carries on. The hub's lock
// is held.
func (h *Hub) closeIfOver(l *live) {
	if d := &l.desk; d.current == nil && d.candidate == nil && d.ending && h.onAir[l.channel.ID] == l {
		delete(h.onAir, l.channel.ID)
	}
}

// waits says whether a stream without a publisher is to go on. late says that it
// has waited long enough.
func (h *Hub) waits(l *live, late bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.desk.ending = l.desk.ending || late
	h.closeIfOver(l)
	return h.onAir[l.channel.ID] == l
}

// dismiss takes a candidate off the desk, where it may have given way to another
// one already.
func (h *Hub) dismiss(l *live, p *publisher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.desk.candidate == p {
		l.desk.candidate = nil
	}
}

// seat makes the candidate the stream's publisher; false where it has given way to
// another one.
func (h *Hub) seat(l *live, p *publisher) (taken, seated bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.desk.candidate != p {
		return false, false
	}
	return l.desk.seat(p), true
}

// candidate is who wants to follow on the stream's publisher.
func (h *Hub) candidate(l *live) *publisher {
	h.mu.Lock()
	defer h.mu.Unlock()
	return l.desk.candidate
}

// retire takes a stream off the air. Its candidate goes on with a stream of its
// own, to which it takes what it has sent; it is given back where there can be none, with
// the reason.
func (h *Hub) retire(l *live) (left *publisher, why error) {
	defer close(l.retired)
	h.mu.Lock()
	defer h.mu.Unlock()
	next := l.desk.candidate
	l.desk.current, l.desk.candidate = nil, nil
	if h.onAir[l.channel.ID] == l {
		delete(h.onAir, l.channel.ID)
	}
	switch {
	case next == nil:
	case l.desk.closed:
		return next, ingest.ErrStopped
	case h.closed || h.draining:
		return next, ingest.ErrDraining
	case !h.renew(next):
		return next, ingest.ErrUnknownKey
	default:
		h.launch(next)
	}
	return nil, nil
}
