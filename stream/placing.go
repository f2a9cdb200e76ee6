package stream

import (
	"context"
	"time"
)

// placing is what a stream does between knowing its source and its start: it waits to
// be told what makes its renditions, which takes time only at a box's first start, while
// its devices are being tried. Its publisher is read on meanwhile, as far as openingMost
// goes, and its place is nobody else's: who comes is looked at afterwards.
type placing struct {
	publisher *publisher
	answer    chan placement
	cancel    context.CancelFunc
	since     time.Time
	told      bool // the log knows that it waits
	ended     bool // the publisher has handed over its last
}

// placement says what makes the renditions, or why nothing does.
type placement struct {
	grant Grant
	err   error
}

// slowPlacing is after what time the log tells that a stream waits.
const slowPlacing = time.Second

// place asks what makes the renditions of p's stream.
func (l *live) place(p *publisher) {
	ctx, cancel := context.WithCancel(context.Background())
	w := &placing{publisher: p, answer: make(chan placement, 1), cancel: cancel, since: time.Now()}
	l.placing = w
	wish := Wish{Stream: l.id, Channel: l.channel.ID, Job: l.plan.Job, Shed: l.plan.Sheddable(l.plan.renditions)}
	l.asking.Go(func() {
		var found placement
		found.err = l.guarded(func() (err error) {
			found.grant, err = l.hub.options.Devices.Place(ctx, wish)
			return err
		})
		w.answer <- found
	})
	l.report()
}

// placed starts the stream on what has been found for it.
func (l *live) placed(found placement) error {
	p := l.placing.publisher
	l.placing.cancel()
	l.asking.Wait()
	l.placing = nil
	if found.err != nil {
		return ownFault{found.err}
	}
	l.leased = true
	l.plan.Job.Backend, l.plan.Job.Shed = found.grant.Backend, found.grant.Shed
	return l.open(p)
}

// unplace waits for no answer any more, and gives back what the stream has. Its worker
// has gone.
func (l *live) unplace() {
	if l.placing != nil {
		l.placing.cancel()
		l.leased = (<-l.placing.answer).err == nil
		l.asking.Wait()
		l.placing = nil
	}
	if l.leased {
		l.leased = false
		l.hub.options.Devices.Release(l.id)
	}
}

// answers is nil where the stream waits for none.
func (w *placing) answers() <-chan placement {
	if w == nil {
		return nil
	}
	return w.answer
}

// hears says whether the publisher is to be read. What exceeds openingMost is left in
// its connection.
func (w *placing) hears() bool {
	return w == nil || !w.ended && w.publisher.opening.bytes < openingMost
}

// hold keeps what comes meanwhile.
func (w *placing) hold(i input) {
	switch o := &w.publisher.opening; {
	case i.meta != nil:
		w.publisher.announced(*i.meta)
	case i.message != nil:
		o.messages = append(o.messages, *i.message)
		o.bytes += sizeOfMessage(*i.message)
	default:
		o.held = append(o.held, i.packet)
		o.bytes += sizeOfPacket(i.packet)
	}
}

// watchPlacing logs, once, that the stream waits.
func (l *live) watchPlacing(now time.Time) {
	if w := l.placing; w != nil && !w.told && now.Sub(w.since) >= slowPlacing {
		w.told = true
		l.log.Info("the stream waits to start: what its renditions are made on is not decided yet, the devices are being tried")
	}
}
