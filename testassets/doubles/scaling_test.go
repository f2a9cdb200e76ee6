package doubles_test

import (
	"fmt"
	"strconv"

	"github.com/asticode/go-astiav"
)

// scaling is scale_cuda.
type scaling struct {
	graph *astiav.FilterGraph
	in    *astiav.BuffersrcFilterContext
	out   *astiav.BuffersinkFilterContext
}

func newScaling(frames *astiav.HardwareFramesContext, e encoding) (*scaling, error) {
	s := &scaling{graph: astiav.AllocFilterGraph()}
	var err error
	if s.in, err = s.graph.NewBuffersrcFilterContext(astiav.FindFilterByName("buffer"), "in"); err != nil {
		return nil, err
	}
	p := astiav.AllocBuffersrcFilterContextParameters()
	defer p.Free()
	p.SetWidth(2 * e.Width)
	p.SetHeight(2 * e.Height)
	p.SetPixelFormat(astiav.PixelFormatCuda)
	p.SetTimeBase(astiav.NewRational(1, 30))
	p.SetHardwareFramesContext(frames)
	if err := s.in.SetParameters(p); err != nil {
		return nil, err
	}
	if err := s.in.Initialize(nil); err != nil {
		return nil, err
	}
	if s.out, err = s.graph.NewBuffersinkFilterContext(astiav.FindFilterByName("buffersink"), "out"); err != nil {
		return nil, err
	}
	outs, ins := astiav.AllocFilterInOut(), astiav.AllocFilterInOut()
	outs.SetName("in")
	outs.SetFilterContext(s.in.FilterContext())
	ins.SetName("out")
	ins.SetFilterContext(s.out.FilterContext())
	text := "scale_cuda=w=" + strconv.Itoa(e.Width) + ":h=" + strconv.Itoa(e.Height) + ":interp_algo=bilinear"
	if err := s.graph.Parse(text, ins, outs); err != nil {
		return nil, err
	}
	if err := s.graph.Configure(); err != nil {
		return nil, fmt.Errorf("scale_cuda: %w", err)
	}
	return s, nil
}

func (s *scaling) one(f *astiav.Frame) (*astiav.Frame, error) {
	if err := s.in.AddFrame(f, astiav.NewBuffersrcFlags()); err != nil {
		return nil, fmt.Errorf("scale_cuda: %w", err)
	}
	down := astiav.AllocFrame()
	if err := s.out.GetFrame(down, astiav.NewBuffersinkFlags()); err != nil {
		return nil, fmt.Errorf("scale_cuda: %w", err)
	}
	return down, nil
}
