package worker

import (
	"errors"
	"fmt"

	"github.com/asticode/go-astiav"

	"ladderd/media"
)

// bwdif makes one picture of each two fields and hands progressive ones through. One of
// each, as more would not have the source's PTS, by which grid points are known.
const bwdif = "bwdif=mode=send_frame:deint=interlaced"

// deinterlacerHolds is how many pictures a deinterlacer looks at at once: those before
// and after the one that it works on.
const deinterlacerHolds = 3

var errInterlaced = hopeless(errors.New("the source is interlaced, which this server does not take: set the encoder or the camera to progressive"))

// deinterlacer stands behind the decoder. Many sources whose parameter sets allow fields
// have none: nothing is done before the first picture that is really interlaced. From then on
// all pass the filter, so that they stay in order. It needs the next picture, and so
// holds one back; what is known of a picture waits with it. It belongs to the decoder's
// goroutine.
type deinterlacer struct {
	refuses  bool
	device   *device // nil where the CPU does all
	inFlight int     // how many of its pictures live at once at most

	filter *filter   // nil before the first interlaced picture
	source origin    // what it was opened for
	within []decoded // what is known of the pictures in it, in order, without frames
}

// put hands d on to next, or what d completes.
func (i *deinterlacer) put(d decoded, next func(decoded) error) error {
	if i.filter == nil && !interlaced(d.frame) {
		return next(d)
	}
	p := picture{frame: d.frame, pts: d.pts, on: sourceSurface(d.frame)}
	if err := i.leave(p, next); err != nil {
		d.frame.Free()
		return err
	}
	if i.filter == nil && !interlaced(d.frame) {
		return next(d)
	}
	defer d.frame.Free()
	if i.refuses {
		return errInterlaced
	}
	if err := i.suit(p); err != nil {
		return err
	}
	before := libavSaid.mark()
	if err := i.filter.give(d.frame); err != nil {
		return i.fault(before, fmt.Errorf("deinterlace the picture at %d: %w", d.pts, err))
	}
	d.frame = nil
	i.within = append(i.within, d)
	return i.deliver(next)
}

// leave ends the filter where other pictures come than those before.
func (i *deinterlacer) leave(p picture, next func(decoded) error) error {
	if i.filter == nil || i.source == p.origin() {
		return nil
	}
	if err := i.flush(next); err != nil {
		return err
	}
	i.free()
	return nil
}

// suit opens the filter.
func (i *deinterlacer) suit(p picture) error {
	if i.filter != nil {
		return nil
	}
	i.source = p.origin()
	what := bwdif
	if p.on.place == onDevice {
		what = i.device.deinterlacer(i.inFlight)
	}
	before := libavSaid.mark()
	f, err := openFilter(what, p)
	if err != nil {
		return i.fault(before, err)
	}
	i.filter = f
	return nil
}

// deliver hands on what is done.
func (i *deinterlacer) deliver(next func(decoded) error) error {
	for {
		f := astiav.AllocFrame()
		before := libavSaid.mark()
		ok, err := i.filter.take(f)
		if err != nil || !ok {
			f.Free()
		}
		switch {
		case err != nil:
			return i.fault(before, fmt.Errorf("deinterlace: %w", err))
		case !ok:
			return nil
		}
		d, err := i.known(i.filter.time(f))
		if err != nil {
			f.Free()
			return err
		}
		f.SetPts(int64(d.pts))
		d.frame = f
		if err := next(d); err != nil {
			return err
		}
	}
}

// known is what is known of the picture at pts, which has come out.
func (i *deinterlacer) known(pts media.Ticks) (decoded, error) {
	if len(i.within) == 0 || i.within[0].pts != pts {
		return decoded{}, fmt.Errorf("the deinterlacer made a picture at %d of %d others", pts, len(i.within))
	}
	d := i.within[0]
	i.within = i.within[1:]
	return d, nil
}

// flush hands on what is held. The filter takes nothing more.
func (i *deinterlacer) flush(next func(decoded) error) error {
	if i.filter == nil {
		return nil
	}
	if err := i.filter.give(nil); err != nil {
		return fmt.Errorf("drain the deinterlacer: %w", err)
	}
	if err := i.deliver(next); err != nil {
		return err
	}
	if n := len(i.within); n > 0 {
		return fmt.Errorf("the deinterlacer kept %d pictures from %d on", n, i.within[0].pts)
	}
	return nil
}

// fault is err as the device's, where it works there.
func (i *deinterlacer) fault(before int64, err error) error {
	if i.source.place == onDevice {
		return deviceFault(before, err)
	}
	return err
}

func (i *deinterlacer) free() {
	if i.filter != nil {
		i.filter.free()
		i.filter = nil
	}
}
