package worker

import (
	"fmt"

	"ladderd/media"
)

// decodeVideo is the goroutine between the source's packets and the pictures.
func (g *graph) decodeVideo() error {
	defer close(g.pictures)
	whole := func(d decoded) error {
		if err := send(g, g.pictures, d); err != nil {
			d.frame.Free()
			return err
		}
		return nil
	}
	put := func(d decoded) error {
		g.counts.framesDecoded.Add(1)
		return g.fields.put(d, whole)
	}
	for {
		p, ok := receive(g, g.video)
		if !ok {
			break
		}
		if err := g.decoder.decode(p, put); err != nil {
			return err
		}
	}
	if g.ctx.Err() != nil || g.decoder == nil {
		return nil
	}
	if err := g.decoder.flush(put); err != nil {
		return err
	}
	return g.fields.flush(whole)
}

// split is the goroutine that decides about each picture once, for all renditions.
func (g *graph) split() error {
	defer func() {
		for _, r := range g.cascade.rungs {
			close(r.queue)
		}
	}()
	for {
		d, ok := receive(g, g.pictures)
		if !ok {
			return nil
		}
		err := g.place(d)
		d.frame.Free()
		if err != nil {
			return err
		}
	}
}

// place puts a picture into every rendition that it belongs to.
func (g *graph) place(d decoded) error {
	use, gridPoint := g.pacer.Step(d.pts, d.key, d.lost)
	if !use {
		return nil
	}
	user := takeUserData(d.frame)
	on := sourceSurface(d.frame)
	if g.source.width != 0 && (g.source.width != on.width || g.source.height != on.height) {
		return hopeless(fmt.Errorf("the source's picture size changed from %d×%d to %d×%d in mid-stream",
			g.source.width, g.source.height, on.width, on.height))
	}
	g.source = on
	if gridPoint {
		if err := g.reshape(d.pts); err != nil {
			return err
		}
	}
	return g.cascade.put(picture{d.frame, d.pts, gridPoint, on}, user)
}

// reshape has what was ordered be shed from a grid point on, before any encoder has it. A
// device may have no session for what comes back until those that go are closed.
func (g *graph) reshape(at media.Ticks) error {
	ordered := g.shed.Swap(nil)
	if ordered == nil {
		return nil
	}
	g.weave.change(at, *ordered)
	gone, back := g.cascade.shed(*ordered)
	var stopping []order
	for _, r := range gone {
		o := order{before: at, stopped: make(chan struct{})}
		if err := send(g, r.queue, o); err != nil {
			return err
		}
		stopping = append(stopping, o)
	}
	if !back {
		return nil
	}
	for _, o := range stopping {
		receive(g, o.stopped) // it is closed, and nothing comes
		if g.ctx.Err() != nil {
			return g.failed()
		}
	}
	return nil
}

// hand gives a picture to a rendition's encoder.
func (g *graph) hand(r *rung, p picture, u userData) error {
	if err := send(g, r.queue, order{picture: p, data: u}); err != nil {
		p.frame.Free()
		return err
	}
	return nil
}

// encodeVideo is the goroutine of one rendition.
func (g *graph) encodeVideo(e *encoder, queue <-chan order) error {
	for {
		o, ok := receive(g, queue)
		if !ok {
			break
		}
		if err := g.obey(e, o); err != nil {
			return err
		}
	}
	if g.ctx.Err() != nil {
		return nil
	}
	return e.flush()
}

// obey has an encoder do what it is ordered to. One that is to stop before its first picture
// is never opened, and the worker is ready without it.
func (g *graph) obey(e *encoder, o order) error {
	if o.stopped == nil {
		return e.encode(o)
	}
	if err := e.stop(); err != nil {
		return err
	}
	close(o.stopped)
	e.tell()
	return g.weave.stopped(e.index, o.before)
}

// transcodeAudio is the goroutine of all audio.
func (g *graph) transcodeAudio() error {
	for {
		p, ok := receive(g, g.audio)
		if !ok {
			break
		}
		if err := g.sound.transcode(p); err != nil {
			return err
		}
	}
	if g.ctx.Err() != nil || g.sound == nil {
		return nil
	}
	return g.sound.flush()
}
