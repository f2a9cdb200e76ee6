package worker

import (
	"errors"
	"fmt"
	"slices"

	"github.com/asticode/go-astiav"

	"ladderd/media"
)

// openDecoder uses one thread: encoders like OBS write one slice per picture, so
// slice threads have nothing to do, and each frame thread holds a picture back.
// One core decodes 1080p60 several times faster than it comes in. (go-astiav's
// callbacks would not find the contexts of frame threads either.)
func openDecoder(dev *device, v media.VideoParams, inFlight int, found func(astiav.PixelFormat)) (*astiav.CodecContext, error) {
	codec := astiav.FindDecoder(astiav.CodecIDH264)
	if codec == nil {
		return nil, elsewhere(errors.New("this build's libavcodec has no H.264 decoder"))
	}
	ctx := astiav.AllocCodecContext(codec)
	ctx.SetThreadCount(1)
	ctx.SetTimeBase(astiav.NewRational(1, media.Clock))
	if dev != nil {
		decodeOn(dev, ctx, inFlight, found)
	}
	err := ctx.SetExtraData(v.AVCConfig())
	if err == nil {
		err = ctx.Open(codec, nil)
	}
	if err != nil {
		ctx.SetPixelFormatCallback(nil)
		ctx.Free()
		return nil, fmt.Errorf("open H.264 decoder for %d×%d: %w", v.Width, v.Height, err)
	}
	return ctx, nil
}

// decodeOn has dev decode what it can. A source that it cannot decode, for its profile
// (4:2:2, 10 bits) or its size, is decoded by the CPU in the same worker: libav asks
// again without the device when that has refused, no picture is lost, and the rest of
// the work stays on the device. Another GPU would mostly refuse it too, and x264
// would have the CPU do everything.
func decodeOn(dev *device, ctx *astiav.CodecContext, inFlight int, found func(astiav.PixelFormat)) {
	ctx.SetHardwareDeviceContext(dev.ctx)
	if dev.lends {
		ctx.SetExtraHardwareFrames(inFlight)
	}
	ctx.SetPixelFormatCallback(func(offered []astiav.PixelFormat) astiav.PixelFormat {
		for _, f := range offered {
			ofHardware := f.Descriptor().Flags().Has(astiav.PixelFormatDescriptorFlagHwAccel)
			if f == dev.format || !ofHardware && !slices.Contains(offered, dev.format) {
				found(f)
				return f
			}
		}
		return astiav.PixelFormatNone
	})
}
