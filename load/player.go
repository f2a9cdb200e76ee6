package load

import "time"

// player is what a viewer sees of what was loaded: a clock that runs while there is
// something to play, and stands where there is not. As hls.js by default, it plays
// at the speed of life, never faster to catch up.
type player struct {
	lead     time.Duration // of what was loaded lies before the place to begin at
	buffered time.Duration // ahead of the position, at the time `at`
	at       time.Time
	edge     time.Time // program date-time of the buffer's end; zero where it is not told
	started  bool
	stalled  bool
	stalls   int           // times that the clock stood
	waited   time.Duration // how long it stood in all
}

// begin empties the player. lead is how much of what comes lies before the place at
// which to begin.
func (p *player) begin(lead time.Duration) {
	p.lead, p.buffered, p.started, p.stalled, p.edge = lead, 0, false, false, time.Time{}
}

// advance lets time pass up to now.
func (p *player) advance(now time.Time) {
	passed := max(now.Sub(p.at), 0)
	p.at = now
	switch {
	case !p.started:
	case p.stalled:
		p.waited += passed
	case passed <= p.buffered:
		p.buffered -= passed
	default:
		p.stalled = true
		p.stalls++
		p.waited += passed - p.buffered
		p.buffered = 0
	}
}

// add is media that has come. It says whether playing has begun with it.
func (p *player) add(now time.Time, length time.Duration, edge time.Time) (began bool) {
	p.advance(now)
	p.edge = edge
	before := min(p.lead, length)
	p.lead -= before
	p.buffered += length - before
	if p.buffered <= 0 {
		return false
	}
	p.stalled = false
	began = !p.started
	p.started = true
	return began
}

// latency is how far behind life the position is, by the program date-times; not ok
// while nothing plays or where the playlist tells none.
func (p *player) latency() (behind time.Duration, ok bool) {
	if !p.started || p.edge.IsZero() {
		return 0, false
	}
	return p.at.Sub(p.edge) + p.buffered, true
}

// forget starts counting stalls anew. One that lasts is counted from now on.
func (p *player) forget(now time.Time) {
	p.advance(now)
	p.stalls, p.waited = 0, 0
	if p.stalled {
		p.stalls = 1
	}
}
