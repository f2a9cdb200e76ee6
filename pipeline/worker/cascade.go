package worker

import (
	"fmt"
	"slices"

	"github.com/asticode/go-astiav"

	"ladderd/pipeline"
	"ladderd/pipeline/pace"
)

// cascade scales a picture down the ladder: each rung from the next larger one
// that keeps this picture, which is cheaper than each from the source. Pictures stay
// where scaling works; the source's are moved there once, and each rung's from there
// to where its encoder takes them.
type cascade struct {
	backend *backend
	rungs   []*rung          // largest first
	source  origin           // what the scalers were opened for
	movers  map[origin]mover // by what they move
	// hand gives a rung's picture to its encoder, who frees it from then on.
	hand func(r *rung, p picture, u userData) error
}

// rung is one video rendition on this side of its encoder.
type rung struct {
	index   int // into Job.Videos
	out     pipeline.VideoOutput
	place   place // where its encoder takes pictures
	cadence *pace.Cadence
	scalers map[origin]scaler // by what they scale from
	owed    userData          // of pictures that the rendition does not keep
	queue   chan order
	shed    bool // it is not encoded
}

// mover is an upload or a download, and what its pictures become.
type mover struct {
	scaler
	to surface
}

func newCascade(job pipeline.Job, b *backend) *cascade {
	c := &cascade{backend: b, movers: map[origin]mover{}}
	for i, out := range job.Videos {
		c.rungs = append(c.rungs, &rung{
			index: i, out: out, place: b.encoding(out).place(), cadence: pace.NewCadence(job.Rate, out.Rate),
			scalers: map[origin]scaler{}, queue: make(chan order, encoderQueue),
		})
	}
	slices.SortStableFunc(c.rungs, func(a, b *rung) int {
		return b.out.Width*b.out.Height - a.out.Width*a.out.Height
	})
	return c
}

// shed leaves these outputs out from now on, and no others; gone are those that were not left
// out before, and back says that one that was is not any more.
func (c *cascade) shed(outputs []int) (gone []*rung, back bool) {
	for _, r := range c.rungs {
		was := r.shed
		r.shed = isShed(outputs, r.index)
		back = back || was && !r.shed
		if r.shed && !was {
			r.owed = userData{}
			gone = append(gone, r)
		}
	}
	return gone, back
}

// put hands the source picture to every rung that keeps it. The caller keeps src.
func (c *cascade) put(src picture, u userData) error {
	if at := src.origin(); at != c.source {
		c.close()
		c.source = at
	}
	from := src.share()
	defer func() { from.frame.Free() }()
	for _, r := range c.rungs {
		if r.shed {
			continue
		}
		r.owed.owe(u)
		if !r.cadence.Keep(src.pts, src.grid) {
			continue
		}
		made, err := c.fit(r, from)
		if err != nil {
			return err
		}
		from.frame.Free()
		from = made
		// The encoder frees its reference while the next rung still scales from ours.
		given, err := c.move(made, r.place)
		if err != nil {
			return err
		}
		if err := c.hand(r, given, r.owed.pay()); err != nil {
			return err
		}
	}
	return nil
}

// fit makes r's picture of from, where scaling works.
func (c *cascade) fit(r *rung, from picture) (picture, error) {
	scale := c.backend.scale
	from, err := c.move(from, scale.place())
	if err != nil {
		return picture{}, err
	}
	defer from.frame.Free()
	to := from.on.resized(scale.place(), r.out.Width, r.out.Height, scale.format())
	if to == from.on {
		return from.share(), nil
	}
	s, ok := r.scalers[from.origin()]
	if !ok {
		if s, err = scale.open(from, to); err != nil {
			return picture{}, err
		}
		r.scalers[from.origin()] = s
	}
	return scaled(s, from, to)
}

// move makes a picture at a place of from, which may be there already.
func (c *cascade) move(from picture, at place) (picture, error) {
	if from.on.place == at {
		return from.share(), nil
	}
	m, ok := c.movers[from.origin()]
	if !ok {
		var err error
		if m, err = openMover(c.backend.device, from); err != nil {
			return picture{}, err
		}
		c.movers[from.origin()] = m
	}
	return scaled(m, from, m.to)
}

// scaled is what s makes of from.
func scaled(s scaler, from picture, to surface) (picture, error) {
	dst := astiav.AllocFrame()
	if err := s.scale(dst, from.frame); err != nil {
		dst.Free()
		return picture{}, fmt.Errorf("picture at %d: %w", from.pts, err)
	}
	return picture{dst, from.pts, from.grid, to}, nil
}

// close frees the scalers. Pictures that they made live on.
func (c *cascade) close() {
	for _, r := range c.rungs {
		for _, s := range r.scalers {
			s.free()
		}
		clear(r.scalers)
	}
	for _, m := range c.movers {
		m.free()
	}
	clear(c.movers)
}
