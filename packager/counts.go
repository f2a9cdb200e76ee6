package packager

import (
	"sync/atomic"
	"time"

	"ladderd/media"
)

// Written is what a rendition has got so far.
type Written struct {
	Rendition string
	Pictures  int64
	Bytes     int64 // of pictures and sound
}

// written counts what one has got. It is read on any goroutine.
type written struct{ pictures, bytes atomic.Int64 }

func (w *written) add(p media.Packet) {
	if p.Kind == media.Video {
		w.pictures.Add(1)
	}
	w.bytes.Add(int64(len(p.Data)))
}

// Written is what the renditions have got, in their order.
func (s *Stream) Written() []Written {
	list := make([]Written, len(s.writers))
	for i, w := range s.writers {
		list[i] = Written{w.spec.Name, w.written.pictures.Load(), w.written.bytes.Load()}
	}
	return list
}

// DelayBounds are the upper bounds of Delays.Within, in seconds.
var DelayBounds = [...]float64{0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10}

// Delays is how long after its last picture had come from the publisher each part was ready, over
// all renditions with pictures.
type Delays struct {
	Count  int64
	Sum    time.Duration
	Within [len(DelayBounds)]int64 // parts of at most so many seconds
}

// delays measures them. observe and arrived are for the goroutine that writes.
type delays struct {
	marks [marks]arrival
	next  int
	began time.Time // what arrivals count from; zero before the first

	count, sum atomic.Int64 // parts, ns
	within     [len(DelayBounds)]atomic.Int64
}

// marks is how many pictures are remembered: more than a worker is behind.
const marks = 1024

type arrival struct {
	pts media.Ticks
	at  time.Duration // since delays.began; 0 where none is remembered
}

// Arrived says when a picture of the source came. Of those that are not told no delay is known.
func (s *Stream) Arrived(pts media.Ticks, at time.Time) {
	d := s.delays
	if d.began.IsZero() {
		d.began = at.Add(-1)
	}
	d.marks[d.next] = arrival{pts, at.Sub(d.began)}
	d.next = (d.next + 1) % marks
}

// observe counts a part that is ready now.
func (d *delays) observe(start, end media.Ticks, now time.Time) {
	last := time.Duration(0)
	for i := range d.marks {
		if m := &d.marks[i]; m.pts >= start && m.pts < end {
			last = max(last, m.at)
		}
	}
	if last == 0 {
		return
	}
	took := max(now.Sub(d.began)-last, 0)
	d.count.Add(1)
	d.sum.Add(int64(took))
	for i, bound := range DelayBounds {
		if took.Seconds() <= bound {
			d.within[i].Add(1)
		}
	}
}

// Delays are those so far.
func (s *Stream) Delays() (d Delays) {
	for i := range d.Within { // the rest first: no more may be within a bound than there are
		d.Within[i] = s.delays.within[i].Load()
	}
	d.Sum, d.Count = time.Duration(s.delays.sum.Load()), s.delays.count.Load()
	return d
}
