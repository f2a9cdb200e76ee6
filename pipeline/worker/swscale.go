package worker

import (
	"fmt"

	"github.com/asticode/go-astiav"
)

// swscaling has the CPU scale, into pictures of the format that it is.
type swscaling struct{ to astiav.PixelFormat }

func (swscaling) place() place                 { return inMainMemory }
func (s swscaling) format() astiav.PixelFormat { return s.to }

// swscale is the scaler in main memory. It is bicubic: bilinear and area save 0.5 ms
// of 1.8 ms for a picture from 1080 to 720 lines, which is 5 % of a ladder's CPU, and
// lose 0.2 to 0.9 dB.
type swscale struct {
	ctx  *astiav.SoftwareScaleContext
	to   surface
	pool framePool
}

func (swscaling) open(p picture, to surface) (scaler, error) {
	from := p.on
	flags := astiav.NewSoftwareScaleContextFlags(astiav.SoftwareScaleContextFlagBicubic)
	ctx, err := astiav.CreateSoftwareScaleContext(from.width, from.height, from.format, to.width, to.height, to.format, flags)
	if err != nil {
		return nil, fmt.Errorf("open scaler from %d×%d %s to %d×%d %s: %w",
			from.width, from.height, from.format, to.width, to.height, to.format, err)
	}
	return &swscale{ctx, to, framePool{on: to}}, nil
}

func (s *swscale) scale(dst, src *astiav.Frame) error {
	if err := s.pool.get(dst); err != nil {
		return err
	}
	if err := s.ctx.ScaleFrame(src, dst); err != nil {
		return fmt.Errorf("scale to %d×%d: %w", s.to.width, s.to.height, err)
	}
	return nil
}

func (s *swscale) free() {
	s.ctx.Free()
	s.pool.free()
}
