package pace

import (
	"ladderd/media"
	"ladderd/pipeline"
)

// Pacer decides once, before the split, which decoded pictures go on and which
// are grid points. All renditions follow it, so their IDRs cannot differ.
type Pacer struct {
	grid    pipeline.Grid
	after   media.Ticks // nothing up to here goes on
	waiting bool        // nothing goes on before the next grid point
	last    media.Ticks // PTS of the picture before
	started bool        // last is set
	point   int64       // the last grid point passed, in periods from the origin
}

// NewPacer begins at the first grid point past job.After.
func NewPacer(grid pipeline.Grid, after media.Ticks) *Pacer {
	p := &Pacer{grid: grid, after: after, waiting: true, point: -1}
	if grid.Period > 0 && after >= grid.Origin {
		p.point = int64((after - grid.Origin) / grid.Period)
	}
	return p
}

// Step takes the next picture in order of display. key says that it is the
// source's IDR, lost that an IDR before it could not be decoded.
//
// Where the source's IDRs are the grid and one is lost, the pictures that follow
// have nothing to hang on to: all renditions pause until the next one rather than
// go on in a segment that has no IDR.
func (p *Pacer) Step(pts media.Ticks, key, lost bool) (use, gridPoint bool) {
	if p.started && pts <= p.last {
		return false, false
	}
	p.last, p.started = pts, true
	if pts <= p.after {
		return false, false
	}
	gridPoint = p.onGrid(pts, key)
	if lost && p.grid.Period == 0 {
		p.waiting = true
	}
	if gridPoint {
		p.waiting = false
	}
	return !p.waiting, gridPoint
}

// onGrid says whether pts is the first picture at or past a grid point. After a
// jump over several of them it is one grid point, not several.
func (p *Pacer) onGrid(pts media.Ticks, key bool) bool {
	if p.grid.Period == 0 {
		return key
	}
	if pts < p.grid.Origin {
		return false
	}
	n := int64((pts - p.grid.Origin) / p.grid.Period)
	if n <= p.point {
		return false
	}
	p.point = n
	return true
}

// Cadence thins a source's pictures to a rendition's frame rate by their PTS, so
// that sources with a varying rate keep their timing. Grid points are always kept,
// and the cadence starts anew at each.
type Cadence struct {
	period float64 // ticks from one kept picture to the next; 0 keeps all
	slack  float64 // ticks by which a picture may come early
	due    float64
}

// NewCadence thins source pictures, whose rate may be unknown, to out.
func NewCadence(source, out media.Rate) *Cadence {
	if !out.Known() {
		return &Cadence{}
	}
	c := &Cadence{period: media.Clock / out.Float()}
	// Half a source period decides rightly between two neighbours however the
	// source's timestamps were rounded. A quarter of the output's is the same for
	// a source of twice the rate, and lets one of the same rate jitter by as much.
	c.slack = c.period / 4
	if source.Known() {
		c.slack = min(media.Clock/source.Float(), c.period) / 2
	}
	return c
}

// Keep says whether the picture belongs to the rendition. Over time it lets
// through no more than the rendition's rate.
func (c *Cadence) Keep(pts media.Ticks, gridPoint bool) bool {
	at := float64(pts)
	if gridPoint {
		c.due = at + c.period
		return true
	}
	if at < c.due-c.slack {
		return false
	}
	c.due = max(c.due+c.period, at+c.period-c.slack)
	return true
}
