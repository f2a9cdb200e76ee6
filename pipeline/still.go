package pipeline

import (
	"fmt"
	"time"
)

// A worker that does nothing at all although it has work is not waited for as long as one
// that is slow: it is replaced within a second. That it does nothing is taken from two
// sides. What it says: an encoder has pictures waiting and makes nothing of them, or none of
// its figures changes, or it says nothing. And what the kernel says: it uses no CPU, and none
// of its threads waits for one. On a loaded machine a healthy worker stands as still by the
// first, but never by the second; a driver that spins, and all that the kernel does not
// tell of, is given HeartbeatTimeout.

// Ticks of the watch. A worker that has not moved for standing is looked at, once a tick, and
// is hung where it then is idle for idling more: 0.8 s by default, in all.
const (
	standing = 4
	idling   = 8
)

// chance is how many idle looks one is worth at which a thread was seen to be busy: a worker
// that hangs is met, now and then, just as it says that it makes no progress.
const chance = 2

// noise is how much CPU a worker that hangs may use in that time: it still tells that it
// makes no progress.
const noise = 3 * clockTick

// stillness is for how long a worker has stood still.
type stillness struct {
	last  Progress
	ticks int           // since it moved
	lane  bool          // an encoder of it has pictures waiting
	idle  int           // looks at which it was idle, less those at which it was not
	cpu   time.Duration // that it had used at the first
}

// moved takes the worker's word.
func (s *stillness) moved(p Progress) {
	last := s.last
	s.last, s.lane = p, false
	some := p.PacketsIn != last.PacketsIn || p.FramesDecoded != last.FramesDecoded
	for i, n := range p.FramesOut {
		if i < len(last.FramesOut) && n == last.FramesOut[i] {
			s.lane = s.lane || i < len(p.Queued) && p.Queued[i] > 0
		} else {
			some = true
		}
	}
	if some && !s.lane {
		s.ticks = 0
	}
}

// hung counts a tick. fed says that the worker is given input, or has some to be given.
func (s *stillness) hung(k *process, fed bool) bool {
	if !fed && !s.lane {
		s.ticks = 0
	}
	if s.ticks++; s.ticks <= standing {
		s.idle = 0
		return false
	}
	v, ok := k.vitals()
	switch {
	case !ok || s.idle == 0 || v.cpu-s.cpu > noise:
		s.idle, s.cpu = 1, v.cpu
	case k.busy():
		s.idle = max(s.idle-chance, 1)
	default:
		s.idle++
	}
	return ok && s.idle > idling
}

// memoryOf is how much memory a job's worker may hold, in bytes: several times what any
// was seen to need. What a driver reserves without using it does not count.
func memoryOf(job Job) int64 {
	const (
		base     = 1536 << 20 // code, drivers, audio, buffers
		pictures = 100        // that a decoder, an encoder and their queues hold of each size
	)
	pixels := job.Video.Width * job.Video.Height
	for _, v := range job.Videos {
		pixels += v.Width * v.Height
	}
	return base + int64(pixels)*3/2*pictures
}

// weigh ends a worker that holds too much memory, before the machine has none left.
func (w *owner) weigh() {
	v, ok := w.worker.vitals()
	if most := memoryOf(w.job); ok && v.memory > most {
		w.worker.leaks = true
		w.worker.kill(fmt.Sprintf("holds %d MiB of memory, of which its job can need %d at most", v.memory>>20, most>>20))
	}
}
