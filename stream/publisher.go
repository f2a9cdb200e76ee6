package stream

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"ladderd/ingest"
	"ladderd/media"
)

const (
	// inputs is how many packets of a publisher wait for the stream's goroutine: about
	// two seconds of a 60 fps source. When it is full the publisher's connection waits.
	inputs = 256
	// silenceMost is how long a connected publisher may send nothing (guide,
	// lines 1561 and 9362).
	silenceMost = 30 * time.Second
	// candidateSilence is how long a candidate may send nothing and yet keep its place
	// from another one: a broadcaster's connection often breaks again and again.
	candidateSilence = 5 * time.Second
)

// publisher is one accepted connection: an ingest.Session. It is a stream's, or a
// candidate for one, and may be handed to a new stream with all that it has sent.
type publisher struct {
	channel    Channel // as it was when a stream was looked for; guarded by the hub's lock
	hub        *Hub
	log        *slog.Logger
	request    ingest.Request
	parameters ingest.Parameters
	wrong      error // what its parameters have wrong without being refused for it

	in    chan input // closed by Close
	cause error      // why it has gone; set before in is closed

	released sync.Once
	let      chan struct{} // closed when nothing more is taken from it
	err      error         // why; set before let is closed

	// These belong to the goroutine of the stream whose it is.
	opening opening
	source  *source   // what the opening found; nil before
	since   time.Time // when it was accepted

	heard atomic.Int64 // when its last input was taken, Unix nanoseconds; shared
}

// input is what a publisher's connection hands over: a packet, metadata, or a
// message.
type input struct {
	packet  media.Packet
	meta    *ingest.Metadata
	message *ingest.Message
}

func newPublisher(h *Hub, c Channel, r ingest.Request) *publisher {
	now := time.Now()
	p := &publisher{
		channel: c, hub: h, request: r, log: h.options.Log.With("channel", c.ID, "remote", r.Remote),
		in: make(chan input, inputs), let: make(chan struct{}), since: now,
	}
	p.hear(now)
	return p
}

// Announce is ingest.Session's.
func (p *publisher) Announce(m ingest.Metadata) { _ = p.put(input{meta: &m}) }

// Write is ingest.Session's.
func (p *publisher) Write(packet media.Packet) error { return p.put(input{packet: packet}) }

// Message is ingest.Session's.
func (p *publisher) Message(m ingest.Message) error { return p.put(input{message: &m}) }

// Close is ingest.Session's. It returns at once; what has been taken still reaches
// the viewers.
func (p *publisher) Close(cause error) {
	p.cause = cause
	p.hub.leave(p, cause)
	close(p.in)
}

func (p *publisher) put(i input) error {
	select {
	case <-p.let:
		return p.err
	default:
	}
	select {
	case p.in <- i:
		return nil
	case <-p.let:
		return p.err
	}
}

// release takes nothing more from the publisher: its Write fails with reason.
func (p *publisher) release(reason error) {
	p.released.Do(func() {
		p.err = reason
		close(p.let)
	})
}

// refuse releases the publisher and has its connection closed.
func (p *publisher) refuse(reason error) {
	p.release(reason)
	p.request.Close(reason)
}

// queue is what the publisher hands over; none is for ever empty.
func (p *publisher) queue() <-chan input {
	if p == nil {
		return nil
	}
	return p.in
}

// hear takes note of an input.
func (p *publisher) hear(now time.Time) { p.heard.Store(now.UnixNano()) }

// silence is how long the publisher has sent nothing.
func (p *publisher) silence(now time.Time) time.Duration {
	return time.Duration(now.UnixNano() - p.heard.Load())
}

// overdue says what is wrong with a publisher that sends nothing, or nothing to
// start with.
func (p *publisher) overdue(now time.Time) error {
	switch {
	case p.source == nil && now.Sub(p.since) >= openingPatience:
		return errOverdue
	case p.silence(now) > silenceMost:
		return errSilent
	}
	return nil
}
