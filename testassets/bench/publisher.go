package main

import (
	"context"
	"fmt"
	"time"

	"ladderd/media"
	"ladderd/testassets/publish"
)

// publisher broadcasts a clip in real time and remembers when it sent what. Its
// fields hold once broadcast has returned.
type publisher struct {
	began time.Time                 // the connection's first byte
	idr   time.Time                 // the first IDR
	sent  map[media.Ticks]time.Time // each picture, by its PTS on the stream's timeline
	shift media.Ticks               // from the clip's times to the stream's
}

// broadcast returns when all tags have been sent. A picture's time is taken before
// it is written to the socket.
func (p *publisher) broadcast(ctx context.Context, url string, tags []publish.Tag) error {
	p.sent = map[media.Ticks]time.Time{}
	if err := publish.Paced(ctx, url, tags, func(t time.Time) { p.began = t }, p.note); err != nil {
		return err
	}
	if p.idr.IsZero() {
		return fmt.Errorf("broadcast to %s: the clip has no IDR", url)
	}
	return nil
}

// note hears of each tag. The stream's timeline has its first IDR at 1 s.
func (p *publisher) note(s publish.Sent) {
	if s.Tag.Type != publish.TagVideo || s.Tag.Config() || len(s.Tag.Body) < 5 {
		return
	}
	at := media.FromMillis(shownAt(s.Tag))
	if p.idr.IsZero() && s.Tag.Key() {
		p.idr, p.shift = s.At, media.Clock-at
	}
	p.sent[at+p.shift] = s.At
}
