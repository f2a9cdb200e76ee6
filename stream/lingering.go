package stream

import (
	"sync"
	"time"
)

const (
	// settleAfter is how long after its end a stream's last seconds stay in memory: the
	// viewers at the live edge fetch them at once, and those on plain HLS are 18 s behind.
	settleAfter = 20 * time.Second
	// lingerMost is how many ended streams a channel has. A publisher who comes and goes
	// every second would otherwise leave hundreds.
	lingerMost = 4
)

// past is a stream that has ended, while viewers may still read its end.
type past struct {
	live *live
	// conclude ends its playlists, once: a moment after the last media.
	conclude func()
	timers   []*time.Timer
}

// over ends the playlists if that has not been done, and stops the timers.
func (p *past) over() {
	for _, t := range p.timers {
		t.Stop()
	}
	p.conclude()
}

// Lingering is what streams take that have ended and can still be watched.
type Lingering struct {
	Streams int   `json:"streams"`
	Memory  int64 `json:"memory_bytes"`
	Index   int64 `json:"index_bytes"` // memory too; see Window
	Disk    int64 `json:"disk_bytes"`
}

// ended keeps the stream's playlists for a while, so that its viewers reach their
// end. One that had none goes at once.
func (h *Hub) ended(l *live) {
	pack := l.packager.Load()
	h.mu.Lock()
	if pack == nil {
		delete(h.streams, l.id)
		h.mu.Unlock()
		return
	}
	p := &past{live: l, conclude: sync.OnceFunc(l.conclude)}
	if h.closed {
		h.mu.Unlock()
		p.conclude()
		return
	}
	p.timers = []*time.Timer{
		time.AfterFunc(pack.EndDelay(), p.conclude),
		time.AfterFunc(settleAfter, pack.Settle),
		time.AfterFunc(h.options.Linger, func() { h.forget(l) }),
	}
	h.past[l.channel.ID] = append(h.past[l.channel.ID], p)
	var oldest *live
	if list := h.past[l.channel.ID]; len(list) > lingerMost {
		oldest = list[0].live
	}
	h.mu.Unlock()
	if oldest != nil {
		h.forget(oldest)
	}
}

// forget drops a stream that has ended, with its files.
func (h *Hub) forget(l *live) {
	h.mu.Lock()
	list := h.past[l.channel.ID]
	kept := make([]*past, 0, len(list))
	for _, p := range list {
		if p.live == l {
			p.over()
		} else {
			kept = append(kept, p)
		}
	}
	if h.past[l.channel.ID] = kept; len(kept) == 0 {
		delete(h.past, l.channel.ID)
	}
	delete(h.streams, l.id)
	h.mu.Unlock()
	l.packager.Load().Close()
}

// Lingering adds up what the streams take that have ended.
func (h *Hub) Lingering() Lingering {
	h.mu.Lock()
	defer h.mu.Unlock()
	var sum Lingering
	for _, list := range h.past {
		for _, p := range list {
			u := p.live.packager.Load().Usage()
			sum.Streams++
			sum.Memory += u.Memory
			sum.Index += u.Index
			sum.Disk += u.Disk
		}
	}
	return sum
}
