package doubles_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/asticode/go-astiav"

	"ladderd/testassets/doubles"
)

// filtering is a task: pictures through a filter on the card and through one in main
// memory, which are to make nearly the same of them.
type filtering struct {
	Card, System string
}

// likeness is what came of it: the mean of the samples' differences, in steps of 255.
type likeness struct {
	Pictures int
	Apart    float64
	Error    string
}

func (f filtering) on(t *testing.T, rig *doubles.Rig) likeness {
	t.Helper()
	return result[likeness](t, rig, task{Filter: &f})
}

func (f filtering) run() (l likeness) {
	if err := f.compare(&l); err != nil {
		l.Error = err.Error()
	}
	return l
}

func (f filtering) compare(l *likeness) error {
	astiav.SetLogLevel(astiav.LogLevelQuiet)
	onCard, err := f.through(f.Card, uploaded)
	if err != nil {
		return fmt.Errorf("on the card: %w", err)
	}
	inMemory, err := f.through(f.System, system)
	if err != nil {
		return fmt.Errorf("in main memory: %w", err)
	}
	if len(onCard) != len(inMemory) {
		return fmt.Errorf("%d pictures from the card, %d from main memory", len(onCard), len(inMemory))
	}
	l.Pictures = len(onCard)
	samples := 0
	for n := range onCard {
		for i := range min(len(onCard[n]), len(inMemory[n])) {
			l.Apart += float64(max(onCard[n][i], inMemory[n][i]) - min(onCard[n][i], inMemory[n][i]))
			samples++
		}
	}
	l.Apart /= float64(max(1, samples))
	return nil
}

// through returns the samples of what comes out of a filter.
func (f filtering) through(text string, from source) ([][]byte, error) {
	e := encoding{From: from, Width: 320, Height: 184}
	card, frames, err := e.device()
	if err != nil {
		return nil, err
	}
	if card != nil {
		defer card.Free()
		defer frames.Free()
	}
	c, err := newChain(text, frames, e.Width, e.Height)
	if err != nil {
		return nil, err
	}
	defer c.graph.Free()
	var pictures [][]byte
	for n := range 8 {
		p, err := e.picture(n, frames, nil)
		if err != nil {
			return nil, err
		}
		if err := c.in.AddFrame(p, astiav.NewBuffersrcFlags()); err != nil {
			return nil, err
		}
		p.Free()
		for {
			out := astiav.AllocFrame()
			err := c.out.GetFrame(out, astiav.NewBuffersinkFlags())
			if errors.Is(err, astiav.ErrEagain) {
				break
			}
			if err == nil && from != system {
				out, err = fetch(out)
			}
			if err != nil {
				return nil, err
			}
			samples, err := planar(out)
			if err != nil {
				return nil, err
			}
			pictures = append(pictures, samples)
		}
	}
	return pictures, nil
}

// chain is a filter, on the card where frames has its pool of pictures.
type chain struct {
	graph *astiav.FilterGraph
	in    *astiav.BuffersrcFilterContext
	out   *astiav.BuffersinkFilterContext
}

func newChain(text string, frames *astiav.HardwareFramesContext, width, height int) (*chain, error) {
	c := &chain{graph: astiav.AllocFilterGraph()}
	var err error
	if c.in, err = c.graph.NewBuffersrcFilterContext(astiav.FindFilterByName("buffer"), "in"); err != nil {
		return nil, err
	}
	p := astiav.AllocBuffersrcFilterContextParameters()
	defer p.Free()
	p.SetWidth(width)
	p.SetHeight(height)
	p.SetPixelFormat(astiav.PixelFormatNv12)
	if frames != nil {
		p.SetPixelFormat(astiav.PixelFormatCuda)
		p.SetHardwareFramesContext(frames)
	}
	p.SetTimeBase(astiav.NewRational(1, 30))
	if err := c.in.SetParameters(p); err != nil {
		return nil, err
	}
	if err := c.in.Initialize(nil); err != nil {
		return nil, err
	}
	if c.out, err = c.graph.NewBuffersinkFilterContext(astiav.FindFilterByName("buffersink"), "out"); err != nil {
		return nil, err
	}
	outs, ins := astiav.AllocFilterInOut(), astiav.AllocFilterInOut()
	outs.SetName("in")
	outs.SetFilterContext(c.in.FilterContext())
	ins.SetName("out")
	ins.SetFilterContext(c.out.FilterContext())
	if err := c.graph.Parse(text, ins, outs); err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	if err := c.graph.Configure(); err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	return c, nil
}

// one passes a picture through a filter that holds none back.
func (c *chain) one(f *astiav.Frame) (*astiav.Frame, error) {
	if err := c.in.AddFrame(f, astiav.NewBuffersrcFlags()); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	out := astiav.AllocFrame()
	if err := c.out.GetFrame(out, astiav.NewBuffersinkFlags()); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return out, nil
}

func TestFiltersDoAsSoftwareDoes(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]filtering{
		"nearest":  {Card: "scale_cuda=160:92:interp_algo=nearest", System: "scale=160:92:flags=neighbor,format=nv12"},
		"bilinear": {Card: "scale_cuda=160:92:interp_algo=bilinear", System: "scale=160:92:flags=bilinear,format=nv12"},
		"bicubic":  {Card: "scale_cuda=480:276:param=0.5", System: "scale=480:276:flags=bicubic,format=nv12"},
		"lanczos":  {Card: "scale_cuda=480:276:interp_algo=lanczos", System: "scale=480:276:flags=lanczos,format=nv12"},
		"planar": {
			Card:   "scale_cuda=160:92:interp_algo=bilinear:format=yuv420p,scale_cuda=format=nv12:interp_algo=nearest",
			System: "scale=160:92:flags=bilinear,format=nv12",
		},
		"bwdif": {Card: "bwdif_cuda=mode=send_frame", System: "bwdif=mode=send_frame,format=nv12"},
	} {
		t.Run(name, func(t *testing.T) {
			l := f.on(t, oneCard(t))
			if l.Error != "" || l.Pictures < 7 || l.Apart > 0.5 {
				t.Errorf("%+v", l)
			}
		})
	}
}
