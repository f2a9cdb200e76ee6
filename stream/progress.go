package stream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// stall is after what time a stream counts as standing still: its goroutine looks at the
	// clock each beat, and its supervisor several times a second.
	stall = 10 * time.Second
	// endingMost is how much longer a stream's end may take: its encoders have 10 s
	// (pipeline.Options.DrainTimeout), a worker that does not die some more, and an older stream's
	// files are deleted.
	endingMost = time.Minute
)

// started is what pulses count from: a clock that nobody sets.
var started = time.Now()

// pulse is by when a stream's goroutine is to be heard of again.
type pulse struct{ due atomic.Int64 } // since started; 0 where nothing is expected

func (p *pulse) next(within time.Duration) { p.due.Store(int64(time.Since(started) + within)) }

func (p *pulse) stop() { p.due.Store(0) }

// late is for how long it has been overdue.
func (p *pulse) late() time.Duration {
	due := time.Duration(p.due.Load())
	if due == 0 {
		return 0
	}
	return max(time.Since(started)-due, 0)
}

// Progress says which streams stand still, where any do: not those whose worker hangs, which is
// replaced, but those that the daemon itself does not carry on any more. It takes the
// hub's lock, and so hangs where somebody holds that for good.
func (h *Hub) Progress() error {
	h.mu.Lock()
	list := make([]*live, 0, len(h.streams))
	for _, l := range h.streams {
		list = append(list, l)
	}
	h.mu.Unlock()
	slices.SortFunc(list, func(a, b *live) int { return strings.Compare(a.channel.ID, b.channel.ID) })
	var all error
	for _, l := range list {
		if err := l.progress(); err != nil {
			all = errors.Join(all, fmt.Errorf("stream %s of channel %s: %w", l.id, l.channel.ID, err))
		}
	}
	return all
}

var (
	errStands     = errors.New("it does not look at its inputs")
	errUnattended = errors.New("nobody looks after its worker")
)

// progress says why the stream stands still.
func (l *live) progress() error {
	if l.pulse.late() > 0 {
		return errStands
	}
	t := l.status.Load().transcoder
	if t == nil || l.pulse.due.Load() == 0 || l.ending.Load() {
		return nil
	}
	if at := t.Snapshot().At; !at.IsZero() && time.Since(at) > stall {
		return errUnattended
	}
	return nil
}
