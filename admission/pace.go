package admission

import "time"

// pulse is how far behind its source one stream is, over time.
type pulse struct {
	restarts int
	begun    time.Time // the present worker's readiness
	least    time.Duration
	looks    []look // of the last second, oldest first
	meter    meter
}

type look struct {
	at          time.Time
	behind, out time.Duration
}

const (
	// settling is how long a worker that has just started may be behind: it replays what
	// the one before had, or what came while it started. It may be no further behind
	// than tooLate even then.
	settling = 3 * time.Second
	tooLate  = 4 * time.Second
	// slope is over what time a stream's falling behind is measured. grid is how long it
	// takes at most until a rendition is gone that is to go: that happens at an IDR.
	slope = time.Second
	grid  = 2 * time.Second
	// noise is how much a stream may be behind its best for no reason: pictures come in
	// bursts, and encoders take them as they come.
	noise = 60 * time.Millisecond
	// keepsUp is a speed at which a stream is real time: a second has a picture more or less.
	keepsUp = 0.98
)

// restarted says that r is of another worker than the figures before.
func (p *pulse) restarted(r Running) bool { return !p.begun.IsZero() && r.Restarts != p.restarts }

// add takes a stream's present figure.
func (p *pulse) add(r Running, now time.Time) {
	if p.begun.IsZero() || r.Restarts != p.restarts {
		*p = pulse{restarts: r.Restarts, begun: now, least: r.Behind}
	}
	p.least = min(p.least, r.Behind)
	p.looks = append(p.looks, look{now, r.Behind, r.Out})
	for now.Sub(p.looks[0].at) > slope {
		p.looks = p.looks[1:]
	}
}

// late says that a stream is falling behind, and will be behind by more than a part before
// anything that is done now helps; speed is how fast it runs, 1 being real time. What came
// in a burst, as after a stall of the network, is behind too, and runs faster than that.
func (p *pulse) late(part time.Duration, now time.Time) (speed float64, late bool) {
	first, last := p.looks[0], p.looks[len(p.looks)-1]
	span := last.at.Sub(first.at)
	if span < slope/2 {
		return 1, false
	}
	growth := float64(last.behind-first.behind) / float64(span)
	speed = float64(last.out-first.out) / float64(span)
	if speed >= keepsUp || growth <= 0 {
		return 1, false
	}
	if now.Sub(p.begun) < settling {
		return speed, last.behind > tooLate
	}
	excess := last.behind - p.least
	expected := excess + time.Duration(growth*float64(grid))
	return speed, excess > noise && expected > part
}

// pace is how a device does with all of its streams.
type pace struct {
	lowered   time.Time // when the plan was lowered last
	raised    time.Time // when it grew last, or could have
	replayed  time.Time // when a worker was replaced last, which catches up
	grown     time.Time // when a rendition came back last
	calm      time.Time // since when no stream has been late
	patience  time.Duration
	complains bool // the log knows that it is too slow
}

const (
	// replan is how often a plan is changed, and renditions are shed: what was done has to
	// show first.
	replan = 3 * time.Second
	// regrow is after what calm a rendition comes back. It doubles each time that this
	// turns out to be too much within relapse, up to regrowMost.
	regrow     = 10 * time.Second
	regrowMost = 5 * time.Minute
	relapse    = 30 * time.Second
	// tooSlow is the speed of a device that a stream has left for being slow.
	tooSlow = 0.8
	// replaying is for how long a worker that replaces another may take from the others of its
	// device.
	replaying = 5 * time.Second
	// trusted is after what calm a device's failures are forgiven: the next one is its first.
	trusted = 5 * time.Minute
)

// strained notes that a stream is late.
func (p *pace) strained(now time.Time) {
	if !p.grown.IsZero() && now.Sub(p.grown) < relapse {
		p.patience = min(max(p.patience, regrow)*2, regrowMost)
		p.grown = time.Time{}
	}
	p.calm = now
}

// mayGrow says whether it has been calm for long enough.
func (p *pace) mayGrow(now time.Time) bool {
	return now.Sub(p.calm) >= max(p.patience, regrow)
}
