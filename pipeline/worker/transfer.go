package worker

import (
	"fmt"

	"github.com/asticode/go-astiav"
)

// openMover makes what moves pictures like p to where they are not.
func openMover(d *device, p picture) (mover, error) {
	if p.on.place == onDevice {
		return openDownload(p.on), nil
	}
	return openUpload(d, p)
}

// upload copies pictures from main memory to the device, as a scaler that leaves their
// size alone.
type upload struct {
	to      surface
	pool    *astiav.HardwareFramesContext // the device's
	convert scaler                        // nil where the device takes the format as it is
}

func openUpload(d *device, p picture) (mover, error) {
	to := d.uploaded(p.on)
	pool, err := d.frames(to)
	if err != nil {
		return mover{}, err
	}
	u := &upload{to: to, pool: pool}
	if to.format != p.on.format {
		converted := to
		converted.place = inMainMemory
		if u.convert, err = (swscaling{to.format}).open(p, converted); err != nil {
			return mover{}, err
		}
	}
	return mover{u, to}, nil
}

func (u *upload) scale(dst, src *astiav.Frame) error {
	if u.convert != nil {
		converted := astiav.AllocFrame()
		defer converted.Free()
		if err := u.convert.scale(converted, src); err != nil {
			return err
		}
		src = converted
	}
	before := libavSaid.mark()
	if err := dst.AllocHardwareBuffer(u.pool); err != nil {
		return deviceFault(before, fmt.Errorf("take a picture of %dx%d on the device: %w", u.to.width, u.to.height, err))
	}
	if err := src.TransferHardwareData(dst); err != nil {
		return deviceFault(before, fmt.Errorf("upload a picture of %dx%d: %w", u.to.width, u.to.height, err))
	}
	return nil
}

func (u *upload) free() {
	if u.convert != nil {
		u.convert.free()
	}
}

// download copies pictures from the device to main memory, as a scaler that leaves their
// size and format alone.
type download struct {
	to   surface
	pool framePool
}

func openDownload(from surface) mover {
	to := from
	to.place = inMainMemory
	return mover{&download{to, framePool{on: to}}, to}
}

func (d *download) scale(dst, src *astiav.Frame) error {
	if err := d.pool.get(dst); err != nil {
		return err
	}
	before := libavSaid.mark()
	if err := src.TransferHardwareData(dst); err != nil {
		return deviceFault(before, fmt.Errorf("download a picture of %dx%d: %w", d.to.width, d.to.height, err))
	}
	return nil
}

func (d *download) free() { d.pool.free() }
