package playback

import (
	"sync"
	"sync/atomic"
	"time"

	"ladderd/packager"
)

const (
	// forgetStream is how long after its last answer a stream that is gone is forgotten here,
	// forgetChannel a channel without streams. An answer takes seconds.
	forgetStream  = time.Minute
	forgetChannel = time.Hour
)

// Delivered is what a channel's viewers have been sent since it was first watched, up to the
// kernel's buffers.
type Delivered struct {
	Channel string
	Bytes   int64 // of media: parts, segments and init sections
	// Media is how long the media last of which all that was asked for has been sent; of
	// a range it is its share.
	Media time.Duration
}

// deliveries counts what is sent, by channel. A request finds its stream's counters without a
// lock and adds to them.
type deliveries struct {
	streams sync.Map // *delivery by stream id

	mu       sync.Mutex // guards channels, and who is put into streams
	channels map[string]*delivery
}

// delivery is a channel's; its streams have the same one.
type delivery struct {
	bytes atomic.Int64
	media atomic.Int64 // ns
	last  atomic.Int64 // when something was sent, in Unix ns
}

func newDeliveries() *deliveries { return &deliveries{channels: make(map[string]*delivery)} }

// of is where to count what is sent of a stream that there is.
func (d *deliveries) of(stream string, live Live) *delivery {
	if known, ok := d.streams.Load(stream); ok {
		return known.(*delivery)
	}
	channel := live.ChannelOf(stream)
	if channel == "" {
		return &delivery{} // it has gone just now
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.channels[channel]
	if one == nil {
		one = &delivery{}
		one.last.Store(time.Now().UnixNano())
		d.channels[channel] = one
	}
	d.streams.Store(stream, one)
	return one
}

// add counts an answer: so many bytes of what was asked for.
func (d *delivery) add(sent, asked int64, res packager.Resource) {
	if sent == 0 {
		return
	}
	d.bytes.Add(sent)
	d.last.Store(time.Now().UnixNano())
	if sent == asked && res.Size > 0 {
		d.media.Add(int64(float64(res.Duration) * float64(asked) / float64(res.Size)))
	}
}

// all is what each channel's viewers have been sent. It forgets streams that are gone, and
// channels of which there has been none for long: these begin anew at 0.
func (d *deliveries) all(live Live, now time.Time) []Delivered {
	d.mu.Lock()
	defer d.mu.Unlock()
	quiet := func(one *delivery, least time.Duration) bool { return now.UnixNano()-one.last.Load() >= int64(least) }
	watched := make(map[*delivery]bool, len(d.channels))
	d.streams.Range(func(id, value any) bool {
		one := value.(*delivery)
		if quiet(one, forgetStream) {
			if _, err := live.Stream(id.(string)); err != nil {
				d.streams.Delete(id)
				return true
			}
		}
		watched[one] = true
		return true
	})
	list := make([]Delivered, 0, len(d.channels))
	for channel, one := range d.channels {
		if !watched[one] && quiet(one, forgetChannel) {
			delete(d.channels, channel)
			continue
		}
		list = append(list, Delivered{Channel: channel, Bytes: one.bytes.Load(), Media: time.Duration(one.media.Load())})
	}
	return list
}
