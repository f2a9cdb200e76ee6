package worker

import (
	"fmt"

	"github.com/asticode/go-astiav"
)

// deviceScaling has the device scale, by the filter that it names. Pictures are NV12 on
// all devices: what their encoders take.
type deviceScaling struct{ device *device }

func (deviceScaling) place() place               { return onDevice }
func (deviceScaling) format() astiav.PixelFormat { return astiav.PixelFormatNv12 }
func (s deviceScaling) open(p picture, to surface) (scaler, error) {
	before := libavSaid.mark()
	f, err := openFilter(s.device.scaler(to), p)
	if err != nil {
		return nil, deviceFault(before, fmt.Errorf("scale on %s: %w", s.device.id, err))
	}
	return &deviceScaler{f, to}, nil
}

type deviceScaler struct {
	filter *filter
	to     surface
}

func (s *deviceScaler) scale(dst, src *astiav.Frame) error {
	before := libavSaid.mark()
	if err := s.filter.put(dst, src); err != nil {
		return deviceFault(before, fmt.Errorf("scale to %dx%d on the device: %w", s.to.width, s.to.height, err))
	}
	return nil
}

func (s *deviceScaler) free() { s.filter.free() }
