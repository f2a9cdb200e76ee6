package density

import (
	"slices"
	"time"
)

const (
	// Part is how much later than at the settled start a packet may come: the longest
	// part that playlists of low latency have here.
	Part = 360 * time.Millisecond
	// settleWindow is over what time an output has to be steady to have settled.
	settleWindow = 2 * time.Second
)

// lane is one output of one channel: when its packets came, and when they were due.
type lane struct {
	name   string
	begun  time.Time     // its first packet came
	newest time.Time     // when the latest source packet was due of which it has put out
	widest time.Duration // between two such times, one after the other, while it settled

	recent  []arrival     // of the last settleWindow, until it has settled
	settled time.Duration // its delay then
	counts  bool          // it has settled, and is measured
	delays  []float32     // measured, in milliseconds
	worst   time.Duration // the most by which one exceeded settled
}

type arrival struct {
	at    time.Time
	delay time.Duration
}

// out takes a packet that came at a time, of a source packet that was due at another.
func (l *lane) out(due, at time.Time) {
	if l.begun.IsZero() {
		l.begun, l.newest = at, due
	}
	delay := at.Sub(due)
	if l.counts {
		l.delays = append(l.delays, float32(delay.Seconds()*1000))
		l.worst = max(l.worst, delay-l.settled)
	} else {
		l.widest = max(l.widest, due.Sub(l.newest))
		l.recent = append(l.recent, arrival{at, delay})
		old := 0
		for at.Sub(l.recent[old].at) > settleWindow {
			old++
		}
		l.recent = l.recent[old:]
	}
	if due.After(l.newest) {
		l.newest = due
	}
}

// steady says whether the output has settled.
func (l *lane) steady(now time.Time) bool {
	if l.begun.IsZero() || now.Sub(l.begun) < settleWindow || now.Sub(l.recent[len(l.recent)-1].at) > Part {
		return false
	}
	least, most := l.recent[0].delay, l.recent[0].delay
	for _, s := range l.recent {
		least, most = min(least, s.delay), max(most, s.delay)
	}
	return most-least < Part
}

// settle begins to measure.
func (l *lane) settle() {
	delays := make([]time.Duration, len(l.recent))
	for i, s := range l.recent {
		delays[i] = s.delay
	}
	slices.Sort(delays)
	l.settled, l.counts, l.recent = delays[len(delays)/2], true, nil
}

// behind is by how much the output's delay has exceeded the settled one at most, with the
// packet that should come next counted as far as it is overdue.
func (l *lane) behind(now time.Time) time.Duration {
	return max(l.worst, now.Sub(l.newest)-l.widest-l.settled)
}
