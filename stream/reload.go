package stream

import (
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

// Reload has these channels of the configuration file, and these terms, hold for streams
// that begin from now on. Those that run keep their channel and terms: one whose channel is
// gone goes on until its publisher ends it, and whoever comes back to it after its connection
// broke needs a key that there still is. What Put has brought stays.
func (h *Hub) Reload(channels []Channel, t Terms) {
	file := h.channels.layerOf(channels)
	h.change(func() { h.channels.file, h.terms = file, t })
}

// Put has a channel hold for streams that begin from now on, beside those of the
// configuration file, in place of the one that was put with its id. A running stream of it
// goes on, as at a Reload. Where the file has a channel with that id or key, the file's is the
// one that counts as long as it is there.
func (h *Hub) Put(c Channel) { h.change(func() { h.channels.insert(c) }) }

// Remove takes away the channel that was put with that id. A running stream of it goes on, as
// at a Reload: see Stop.
func (h *Hub) Remove(id string) { h.change(func() { h.channels.remove(id) }) }

// change alters the register, and logs what that means to streams that run.
func (h *Hub) change(alter func()) {
	h.mu.Lock()
	before := make(map[*live]Channel, len(h.onAir))
	for id, l := range h.onAir {
		before[l], _ = h.channels.channel(id)
	}
	alter()
	var removed, altered []*live
	for l, was := range before {
		switch is, known := h.channels.channel(l.channel.ID); {
		case is == was:
		case !known:
			removed = append(removed, l)
		case is != l.channel:
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
