package worker

import (
	"errors"
	"fmt"

	"github.com/asticode/go-astiav"

	"ladderd/media"
)

// filter is a libavfilter graph with one way in and one way out. It belongs to one
// goroutine.
type filter struct {
	graph *astiav.FilterGraph
	in    *astiav.BuffersrcFilterContext
	out   *astiav.BuffersinkFilterContext
}

// openFilter makes a filter of pictures like p. what is in libavfilter's syntax.
func openFilter(what string, p picture) (*filter, error) {
	f := &filter{graph: astiav.AllocFilterGraph()}
	if err := f.open(what, p); err != nil {
		f.free()
		return nil, fmt.Errorf("open filter %s of pictures of %dx%d %s: %w", what, p.on.width, p.on.height, p.on.format, err)
	}
	return f, nil
}

func (f *filter) open(what string, p picture) (err error) {
	f.graph.SetThreadCount(1)
	source, sink := astiav.FindFilterByName("buffer"), astiav.FindFilterByName("buffersink")
	if source == nil || sink == nil {
		return errors.New("this build's libavfilter has no buffers")
	}
	if f.in, err = f.graph.NewBuffersrcFilterContext(source, "in"); err != nil {
		return err
	}
	if err := f.describe(p); err != nil {
		return err
	}
	if f.out, err = f.graph.NewBuffersinkFilterContext(sink, "out"); err != nil {
		return err
	}
	// libav's ends are seen from the graph: its output is where our pictures go in.
	from, to := astiav.AllocFilterInOut(), astiav.AllocFilterInOut()
	defer from.Free()
	defer to.Free()
	from.SetName("in")
	from.SetFilterContext(f.in.FilterContext())
	to.SetName("out")
	to.SetFilterContext(f.out.FilterContext())
	if err := f.graph.Parse(what, to, from); err != nil {
		return err
	}
	return f.graph.Configure()
}

// describe tells the graph's beginning what comes.
func (f *filter) describe(p picture) error {
	params := astiav.AllocBuffersrcFilterContextParameters()
	defer params.Free()
	params.SetWidth(p.on.width)
	params.SetHeight(p.on.height)
	params.SetPixelFormat(p.frame.PixelFormat())
	params.SetTimeBase(astiav.NewRational(1, media.Clock))
	params.SetColorSpace(p.on.space)
	params.SetColorRange(p.on.rang)
	if p.on.sarNum > 0 && p.on.sarDen > 0 {
		params.SetSampleAspectRatio(astiav.NewRational(p.on.sarNum, p.on.sarDen))
	}
	if p.on.place == onDevice {
		params.SetHardwareFramesContext(p.frame.HardwareFramesContext())
	}
	if err := f.in.SetParameters(params); err != nil {
		return err
	}
	return f.in.Initialize(nil)
}

// put fills the empty dst from src, which stays the caller's, where the filters make one
// picture of each at once.
func (f *filter) put(dst, src *astiav.Frame) error {
	if err := f.give(src); err != nil {
		return err
	}
	return f.out.GetFrame(dst, astiav.NewBuffersinkFlags())
}

// give hands src in, which stays the caller's; nil says that nothing follows.
func (f *filter) give(src *astiav.Frame) error {
	return f.in.AddFrame(src, astiav.NewBuffersrcFlags(astiav.BuffersrcFlagKeepRef))
}

// take fills the empty dst with the next picture, false where more has to be given first
// or none is left.
func (f *filter) take(dst *astiav.Frame) (bool, error) {
	err := f.out.GetFrame(dst, astiav.NewBuffersinkFlags())
	if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
		return false, nil
	}
	return err == nil, err
}

// time is when a picture that was taken is shown. Some filters count in fields.
func (f *filter) time(taken *astiav.Frame) media.Ticks {
	base := f.out.TimeBase()
	return media.Ticks(taken.Pts() * int64(base.Num()) * media.Clock / int64(base.Den()))
}

func (f *filter) free() { f.graph.Free() }
