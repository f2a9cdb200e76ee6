package stream

import "context"

// Stop ends a channel's stream at once, also where it waits for its publisher or for a
// device, and has its publisher, and whoever is about to take its place, cut off with
// ingest.ErrStopped. It returns when somebody may publish to the channel again, as many
// encoders try at once, or with ctx's error: to keep them out, take their key from the channel
// first. ErrNotLive says that there was no stream.
func (h *Hub) Stop(ctx context.Context, channel string) error {
	h.mu.Lock()
	l := h.onAir[channel]
	if l != nil && !l.desk.closed {
		l.desk.closed = true
		close(l.halt)
	}
	h.mu.Unlock()
	if l == nil {
		return ErrNotLive
	}
	select {
	case <-l.retired:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// OnAir says whether a channel has a stream, also one that has not started or that waits for
// its publisher.
func (h *Hub) OnAir(channel string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.onAir[channel] != nil
}
