package worker

import (
	"fmt"

	"github.com/asticode/go-astiav"

	"ladderd/pipeline"
)

// assumedRate is out's frame rate, or what most sources have where it is not known.
func assumedRate(out pipeline.VideoOutput) float64 {
	if out.Rate.Known() {
		return out.Rate.Float()
	}
	return 30
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
