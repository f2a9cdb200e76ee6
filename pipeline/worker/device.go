package worker

import (
	"fmt"
	"slices"

	"github.com/asticode/go-astiav"
)

// device is a GPU that a job uses. What differs between kinds of GPU is data here; their
// files fill it in.
type device struct {
	id  string
	ctx *astiav.HardwareDeviceContext
	// format is what libav calls the format of frames that lie on it; what their samples
	// are is in the frames' context.
	format astiav.PixelFormat
	// uploads are the formats that its memory takes as they are. All else becomes NV12
	// first, which each device takes.
	uploads []astiav.PixelFormat
	// scaler is the filter that makes pictures like to, in libavfilter's syntax.
	scaler func(to surface) string
	// deinterlacer is the filter that makes one picture of each two fields and hands others
	// through. Up to inFlight of its pictures live at once.
	deinterlacer func(inFlight int) string
	// lends says that the decoder hands out the very surfaces that it decodes into, of
	// which there are only so many. Else it hands out copies.
	lends bool

	opening *opening
	pools   map[surface]*astiav.HardwareFramesContext // of uploaded pictures
}

// frames is the memory on the device that pictures like s are uploaded into. There is
// one for each size and format; it grows to as many pictures as were ever in use at
// once. It belongs to the goroutine that splits.
func (d *device) frames(s surface) (*astiav.HardwareFramesContext, error) {
	key := surface{width: s.width, height: s.height, format: s.format}
	if pool, ok := d.pools[key]; ok {
		return pool, nil
	}
	pool := astiav.AllocHardwareFramesContext(d.ctx)
	if pool == nil {
		return nil, elsewhere(fmt.Errorf("allocate pictures of %dx%d on %s: out of memory", s.width, s.height, d.id))
	}
	pool.SetHardwarePixelFormat(d.format)
	pool.SetSoftwarePixelFormat(s.format)
	pool.SetWidth(s.width)
	pool.SetHeight(s.height)
	before := libavSaid.mark()
	if err := pool.Initialize(); err != nil {
		pool.Free()
		return nil, deviceFault(before, fmt.Errorf("allocate pictures of %dx%d on %s: %w", s.width, s.height, d.id, err))
	}
	if d.pools == nil {
		d.pools = map[surface]*astiav.HardwareFramesContext{}
	}
	d.pools[key] = pool
	return pool, nil
}

// uploaded is what becomes of from on the device.
func (d *device) uploaded(from surface) surface {
	to := from
	to.place = onDevice
	if !slices.Contains(d.uploads, from.format) {
		to.format = astiav.PixelFormatNv12
	}
	return to
}

// close lets go of the device. Frames that still live keep it open.
func (d *device) close() {
	for _, pool := range d.pools {
		pool.Free()
	}
	d.ctx.Free()
}
