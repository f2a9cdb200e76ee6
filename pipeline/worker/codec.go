package worker

import (
	"fmt"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// assumedRate is out's frame rate, or what most sources have where it is not known.
func assumedRate(out pipeline.VideoOutput) float64 {
	if out.Rate.Known() {
		return out.Rate.Float()
	}
	return 30
}

// frameRate is out's, or what most sources have where it is not known.
func frameRate(out pipeline.VideoOutput) media.Rate {
	if out.Rate.Known() {
		return out.Rate
	}
	return media.Rate{Num: int(assumedRate(out)), Den: 1}
}

// deviceContext sets a device's encoder up for CBR without reordering.
func deviceContext(codec *astiav.Codec, out pipeline.VideoOutput, p picture) *astiav.CodecContext {
	ctx := astiav.AllocCodecContext(codec)
	ctx.SetFlags(ctx.Flags().Add(astiav.CodecContextFlagGlobalHeader))
	ctx.SetTimeBase(astiav.NewRational(1, media.Clock))
	// Without it the time base would be taken for the frame rate, and each picture get the
	// bits of a tick.
	rate := frameRate(out)
	ctx.SetFramerate(astiav.NewRational(rate.Num, rate.Den))
	ctx.SetBitRate(int64(out.Bitrate))
	ctx.SetRateControlMaxRate(int64(out.Bitrate))
	// NVENC's default is 2 s, and AMD's drivers spend several times the average on a picture
	// where they are told none.
	ctx.SetRateControlBufferSize(int(vbvBuffer * float64(out.Bitrate)))
	ctx.SetMaxBFrames(0)
	applySurface(ctx, p)
	return ctx
}

// openOn opens a device's encoder of out, or frees it.
func openOn(dev *device, ctx *astiav.CodecContext, codec *astiav.Codec, out pipeline.VideoOutput, options map[string]string) (*astiav.CodecContext, error) {
	before := libavSaid.mark()
	if err := open(ctx, codec, options); err != nil {
		ctx.Free()
		return nil, deviceFault(before, fmt.Errorf("open %s on %s for %dx%d at %s frames and %d bit a second: %w",
			codec.Name(), dev.id, out.Width, out.Height, out.Rate, out.Bitrate, err))
	}
	return ctx, nil
}

// applySurface tells an encoder that it is fed with pictures like p.
func applySurface(ctx *astiav.CodecContext, p picture) {
	s := p.on
	ctx.SetWidth(s.width)
	ctx.SetHeight(s.height)
	ctx.SetPixelFormat(p.frame.PixelFormat())
	if s.place == onDevice {
		ctx.SetHardwareFramesContext(p.frame.HardwareFramesContext())
	}
	ctx.SetColorRange(s.rang)
	ctx.SetColorSpace(s.space)
	ctx.SetColorPrimaries(astiav.ColorPrimaries(s.primaries))
	ctx.SetColorTransferCharacteristic(astiav.ColorTransferCharacteristic(s.transfer))
	if s.sarNum > 0 && s.sarDen > 0 {
		ctx.SetSampleAspectRatio(astiav.NewRational(s.sarNum, s.sarDen))
	}
}

// open opens a codec and minds that it took every option: libav leaves those that
// it does not know in the dictionary and goes on.
func open(ctx *astiav.CodecContext, codec *astiav.Codec, options map[string]string) error {
	d := astiav.NewDictionary()
	defer d.Free()
	for k, v := range options {
		if err := d.Set(k, v, 0); err != nil {
			return fmt.Errorf("set %s=%s: %w", k, v, err)
		}
	}
	if err := ctx.Open(codec, d); err != nil {
		return err
	}
	if left := d.Get("", nil, astiav.NewDictionaryFlags(astiav.DictionaryFlagIgnoreSuffix)); left != nil {
		return fmt.Errorf("encoder %s has no option %s", codec.Name(), left.Key())
	}
	return nil
}
