package stream

import (
	"slices"
	"time"

	"ladderd/pipeline"
)

// Terms are what streams are let in on. A stream keeps those with which it began; Streams
// alone is looked at anew for each one.
type Terms struct {
	// ReconnectWindow is how long a stream waits for its publisher after the last data,
	// where the connection broke; 0 ends it at once.
	ReconnectWindow time.Duration
	// Longest is how long a stream may last, and Streams how many may be on air at
	// once; 0 is no limit. Takeovers is how many a stream may have.
	Longest            time.Duration
	Streams, Takeovers int
	Interlaced         pipeline.Interlaced // what is done with sources that are, where they are encoded
}

// Reload has these channels and terms hold for streams that begin from now on. Those that
// run keep their channel and terms: one whose channel is gone goes on until its publisher
// ends it, and whoever comes back to it after its connection broke needs a key that there
// still is. The caller gives the slice away.
func (h *Hub) Reload(channels []Channel, t Terms) {
	h.mu.Lock()
	h.channels, h.terms = channels, t
	var removed, altered []*live
	for id, l := range h.onAir {
		switch {
		case !has(channels, id):
			removed = append(removed, l)
		case !slices.Contains(channels, l.channel):
			altered = append(altered, l)
		}
	}
	h.mu.Unlock()
	for _, l := range removed {
		l.log.Warn("the channel is removed while it is live: its stream goes on until its publisher ends, and nobody can publish to it anew")
	}
	for _, l := range altered {
		l.log.Info("the channel is altered while it is live: its stream goes on as it began")
	}
}

func has(channels []Channel, id string) bool {
	return slices.ContainsFunc(channels, func(c Channel) bool { return c.ID == id })
}
