package pipeline

import (
	"fmt"
	"time"

	"ladderd/media"
)

// behind is for how long the oldest source picture has been there that is not out in all
// video outputs, by the source's newest picture: while the source pauses nobody falls
// behind, though decoders hold its last pictures back. It is 0 where all are out.
func (w *owner) behind() time.Duration {
	out := w.gate.shown(w.job)
	var oldest, newest time.Time
	for _, p := range w.backlog.packets {
		if p.Kind != media.Video {
			continue
		}
		if oldest.IsZero() && p.PTS >= out {
			oldest = p.Arrived
		}
		newest = p.Arrived
	}
	if oldest.IsZero() {
		return 0
	}
	return max(newest.Sub(oldest), 0)
}

// shown is before what PTS all of the source's pictures are out, or are none of any video
// output's: one of a lower rate than the source's leaves some out. Timestamps may be off by
// an eighth of a picture.
func (g *gate) shown(job Job) media.Ticks {
	shown := g.after + 1
	for i, l := range g.videos {
		next := l.last + 1
		if r := job.Videos[i].Rate; r.Num > 0 && r.Den > 0 {
			next = l.last + media.Ticks(media.Clock*int64(r.Den)*7/8/int64(r.Num))
		}
		shown = min(shown, next)
	}
	return shown
}

// least is the PTS up to which all video outputs are out, or all audio where there is no
// video.
func (g *gate) least() media.Ticks {
	least := g.after
	for _, l := range g.videos {
		least = min(least, l.last)
	}
	return least
}

// A device that is slower than its stream is left long before the backlog is full: where
// a worker is farther behind than slowBehind, and in slowTicks more puts out less than that
// much media. One that catches up after its start, or after its source did, is not slow; and
// where the worker had a CPU's work to do at most moments, the device is not what is slow.
// (x264 gains nothing by another worker: there renditions are shed, or the queue overflows.)
const (
	slowBehind = time.Second
	slowTicks  = 16 // 1 s by default
)

// slowness is a worker's, since it was too far behind.
type slowness struct {
	ticks, busy int
	from        media.Ticks // what was out then
	asked       bool        // there is no other backend for it
}

// lag leaves a device that is too slow.
func (w *owner) lag() {
	k := w.worker
	s := &k.slow
	if k.ready.IsZero() || s.asked || w.job.Backend.Device == (Device{}) || w.snap.Behind <= slowBehind {
		s.ticks = 0
		return
	}
	out := w.gate.shown(w.job)
	if s.ticks == 0 {
		s.from, s.busy = out, 0
	}
	if s.ticks++; k.busy() {
		s.busy++
	}
	if s.ticks <= slowTicks {
		return
	}
	s.ticks = 0
	if out-s.from >= media.FromDuration(slowTicks*w.tick) || s.busy > slowTicks/2 {
		return
	}
	s.asked = true
	why := fmt.Sprintf("its device is slower than the source, and %v behind", w.snap.Behind.Round(100*time.Millisecond))
	if w.moveFor(Failure{Reason: why, Slow: true}, false) {
		w.falls(why)
	}
}

// falls ends the worker for falling behind.
func (w *owner) falls(why string) {
	w.snap.Overflows++
	w.worker.overflow = true
	w.worker.kill(why)
}
