package metrics

import (
	"context"
	"sync"
	"time"
)

const (
	// stale is how old what a stream has counted may be: a stream counts each second.
	stale = 2500 * time.Millisecond
	// quietAfter is after how many seconds without a sample a channel is forgotten here.
	quietAfter = int64(600)
)

// Stream is a stream as it is measured.
type Stream struct {
	ID, Channel string
	Live        bool   // viewers can play it
	Health      string // HEALTHY, STARVING or UNKNOWN
	Views       int
	// At is the end of the last second that was counted. Total is what had come by then.
	At    time.Time
	Total Total
	// KeyframeInterval is the last that was seen; 0 where there was none yet.
	KeyframeInterval time.Duration
}

// Total is what came from a stream's publishers since its start.
type Total struct {
	Bits      int64 // all
	VideoBits int64
	AudioBits int64
	Frames    int64
	Media     time.Duration // of video
}

// Delivered is how long the media last that a channel's viewers were sent so far.
type Delivered struct {
	Channel string
	Media   time.Duration
}

// Source is what is measured. Both are asked once a second and must cost little.
type Source interface {
	Streams() []Stream // those that are on the air
	// Delivered is of all channels that are watched. One that is not there any more, or has
	// less than before, begins anew at 0.
	Delivered() []Delivered
}

// Collector measures once a second, and puts what it finds into a store.
//
// Sums are differences of totals: over a stream's life they add up to it, whatever a second
// missed. Rates are those of the stream's own seconds, which begin at other moments than ours:
// each of our seconds has a point, of what came since the point before it; where the stream has
// not counted another second meanwhile, that point stands for one more. A keyframe interval is
// what was last seen, in each second in which frames came: so a long one weighs by its time.
type Collector struct {
	store  *Store
	source Source
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	ended []Stream // since the last second

	// Only the goroutine's.
	last      int64 // the second that was measured last
	streams   map[string]*intake
	channels  map[string]*gauges
	account   *gauges
	delivered map[string]time.Duration // by channel
}

// intake is what is known of a stream.
type intake struct {
	at    time.Time // of total
	total Total
	rate  *rate // nil until two of its seconds are known
	// counted is the input time that is in the store.
	counted time.Duration
}

// rate is what comes in a second.
type rate struct{ bits, video, audio, frames float64 }

// Collect begins. Close ends it; the store is closed after that.
func Collect(store *Store, source Source) *Collector {
	c := newCollector(store, source)
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.done.Go(func() { c.run(ctx) })
	return c
}

func newCollector(store *Store, source Source) *Collector {
	c := &Collector{
		store: store, source: source, streams: make(map[string]*intake), channels: make(map[string]*gauges),
		delivered: make(map[string]time.Duration),
	}
	c.account = newGauges(store, "")
	return c
}

// run measures at the end of each second.
func (c *Collector) run(ctx context.Context) {
	timer := time.NewTimer(toNext(c.store.now()))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			c.measure(c.store.now())
			timer.Reset(toNext(c.store.now()))
		case <-ctx.Done():
			return
		}
	}
}

// toNext is how long the second still lasts.
func toNext(now time.Time) time.Duration { return now.Truncate(time.Second).Add(time.Second).Sub(now) }

// Ended takes the last status of a stream that is off the air: what came in its last moment
// is measured too. It does not wait.
func (c *Collector) Ended(s Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = append(c.ended, s)
}

// Close measures once more. There are no streams any more, and nobody watches.
func (c *Collector) Close() {
	c.stop()
	c.done.Wait()
	c.measure(c.store.now().Add(time.Second))
}

// measure is of the second that has ended. Who wakes twice within a second, as a timer may, or
// not for some, leaves what came to the next time.
func (c *Collector) measure(now time.Time) {
	second := now.Unix() - 1
	if second == c.last {
		return
	}
	c.last = second
	streams := c.source.Streams() // before those that have ended: whoever is in both is on its way out
	c.mu.Lock()
	ended := c.ended
	c.ended = nil
	c.mu.Unlock()
	delivered := c.source.Delivered()

	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	r := &round{Collector: c, now: now, at: second, health: map[string]int{"HEALTHY": 0, "STARVING": 0, "UNKNOWN": 0}}
	for _, s := range streams {
		r.stream(s)
	}
	for _, s := range ended {
		r.end(s)
	}
	r.deliveries(delivered)
	r.sum()
	c.forget(streams)
}

// forget drops what is long over.
func (c *Collector) forget(streams []Stream) {
	for id, g := range c.channels {
		if c.last-g.last > quietAfter {
			delete(c.channels, id)
		}
	}
	if len(c.streams) <= len(streams) {
		return
	}
	there := make(map[string]bool, len(streams))
	for _, s := range streams {
		there[s.ID] = true
	}
	for id, in := range c.streams {
		// Its end is told a moment after it has left the air, at most.
		if !there[id] && time.Unix(c.last, 0).Sub(in.at) > time.Duration(quietAfter)*time.Second {
			delete(c.streams, id)
		}
	}
}
