package worker

import (
	"fmt"
	"slices"

	"github.com/asticode/go-astiav"

	"ladderd/pipeline"
	"ladderd/pipeline/pace"
)

// cascade scales a picture down the ladder: each rung from the next larger one
// that keeps this picture, which is cheaper than each from the source.
type cascade struct {
	backend backend
	rungs   []*rung // largest first
	source  surface // what the scalers were opened for
	// hand gives a rung's picture to its encoder, who frees it from then on.
	hand func(r *rung, p picture, u userData) error
}

// rung is one video rendition on this side of its encoder.
type rung struct {
	index   int // into Job.Videos
	out     pipeline.VideoOutput
	cadence *pace.Cadence
	scalers map[surface]scaler // by what they scale from
	owed    userData           // of pictures that the rendition does not keep
	queue   chan order
}

func newCascade(job pipeline.Job, b backend) *cascade {
	c := &cascade{backend: b}
	for i, out := range job.Videos {
		c.rungs = append(c.rungs, &rung{
			index: i, out: out, cadence: pace.NewCadence(job.Rate, out.Rate),
			scalers: map[surface]scaler{}, queue: make(chan order, encoderQueue),
		})
	}
	slices.SortStableFunc(c.rungs, func(a, b *rung) int {
		return b.out.Width*b.out.Height - a.out.Width*a.out.Height
	})
	return c
}

// put hands the source picture to every rung that keeps it. The caller keeps src.
func (c *cascade) put(src picture, u userData) error {
	if src.on != c.source {
		c.close()
		c.source = src.on
	}
	from := src
	defer func() {
		if from.frame != src.frame {
			from.frame.Free()
		}
	}()
	for _, r := range c.rungs {
		r.owed.owe(u)
		if !r.cadence.Keep(src.pts, src.grid) {
			continue
		}
		p, err := c.fit(r, from)
		if err != nil {
			return err
		}
		// The encoder frees its reference while the next rung still scales from ours.
		kept := p.frame.Clone()
		if from.frame != src.frame {
			from.frame.Free()
		}
		from = picture{kept, p.pts, p.grid, p.on}
		if err := c.hand(r, p, r.owed.pay()); err != nil {
			return err
		}
	}
	return nil
}

// fit makes r's picture of from.
func (c *cascade) fit(r *rung, from picture) (picture, error) {
	to := c.backend.encoded(from.on, r.out)
	if to == from.on {
		return picture{from.frame.Clone(), from.pts, from.grid, to}, nil
	}
	s, ok := r.scalers[from.on]
	if !ok {
		var err error
		if s, err = c.backend.openScaler(from.on, to); err != nil {
			return picture{}, err
		}
		r.scalers[from.on] = s
	}
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
}
