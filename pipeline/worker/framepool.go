package worker

import (
	"fmt"

	"github.com/asticode/go-astiav"
)

// framePool lends the buffers of one surface's pictures over and over. Allocating
// them anew costs a page fault for each of their pages, every time: 5 % of a
// ladder's CPU. get belongs to one goroutine; frames may be freed by any.
type framePool struct {
	on     surface
	frames []*astiav.Frame // each holds a reference to its buffer for good
}

// get fills the empty dst with a buffer that nobody uses. The pool grows to as many
// buffers as were ever in use at once, which the graph's queues bound.
func (p *framePool) get(dst *astiav.Frame) error {
	for _, f := range p.frames {
		// The pool's own is the only reference left.
		if f.IsWritable() {
			return dst.Ref(f)
		}
	}
	f := astiav.AllocFrame()
	f.SetWidth(p.on.width)
	f.SetHeight(p.on.height)
	f.SetPixelFormat(p.on.format)
	if err := f.AllocBuffer(0); err != nil {
		f.Free()
		return fmt.Errorf("allocate a picture of %d×%d: %w", p.on.width, p.on.height, err)
	}
	p.frames = append(p.frames, f)
	return dst.Ref(f)
}

func (p *framePool) free() {
	for _, f := range p.frames {
		f.Free()
	}
}
