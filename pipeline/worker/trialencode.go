package worker

import (
	"errors"
	"fmt"
	"math"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/pace"
)

// trialBits is how many bits a pixel gets in trials, about what ladders give theirs.
const trialBits = 0.07

func (t *trial) output() pipeline.VideoOutput {
	rate := media.Rate{Num: trialRate, Den: 1}
	return pipeline.VideoOutput{
		Width: t.Width, Height: t.Height, Rate: rate,
		Bitrate: int(trialBits * trialRate * float64(t.Width*t.Height)),
	}
}

// encoder is one like a rendition's, which minds that IDRs come where they are asked for.
func (t *trial) encoder(coding encoding, emit func(source int, p media.Packet) error) *encoder {
	out := t.output()
	return &encoder{
		out: out, coding: coding, emit: emit, opened: func() {}, packet: astiav.AllocPacket(),
		budget: pace.NewBudget(out.Rate, vbvBuffer),
	}
}

// feed gives e the picture with this number.
func (t *trial) feed(e *encoder, i int) error {
	p, err := t.next(i, e.coding.place())
	if err != nil {
		return err
	}
	return e.encode(order{picture: p})
}

func (t *trial) count(int, media.Packet) error {
	t.out++
	return nil
}

func (t *trial) encode(f *pipeline.Finding) error {
	if t.Codec != pipeline.H264 {
		return t.encodeOther(f)
	}
	// As in a ladder, where another encoder makes what this one does not take.
	coding := t.backend.encoding(t.output())
	f.Spare = !t.backend.main.takes(t.output())
	if err := t.bring(coding.place()); err != nil {
		return err
	}
	e := t.encoder(coding, t.count)
	defer e.free()
	return t.measure(f, func(i int) error { return t.feed(e, i) }, e.flush)
}

// sessions opens encoders until one more is refused, each of which encodes a picture.
func (t *trial) sessions(f *pipeline.Finding) error {
	for f.Sessions < t.Most {
		e := t.encoder(t.backend.main, t.count)
		defer e.free()
		if err := t.feed(e, 0); err != nil {
			f.Capped = err.Error()
			break
		}
		f.Sessions++
	}
	if f.Sessions == 0 {
		return errors.New(f.Capped)
	}
	return nil
}

// encodeOther encodes in a codec that no rendition has, by libav's encoder of it.
func (t *trial) encodeOther(f *pipeline.Finding) error {
	name := fmt.Sprintf("%s_%s", t.Codec, t.Backend.Encoder)
	codec := astiav.FindEncoderByName(name)
	if codec == nil {
		return fmt.Errorf("this build's libavcodec has no %s", name)
	}
	at := t.backend.main.place()
	if err := t.bring(at); err != nil {
		return err
	}
	first, err := t.next(0, at)
	if err != nil {
		return err
	}
	defer first.frame.Free()
	ctx, packet := astiav.AllocCodecContext(codec), astiav.AllocPacket()
	defer ctx.Free()
	defer packet.Free()
	ctx.SetTimeBase(astiav.NewRational(1, media.Clock))
	ctx.SetFramerate(astiav.NewRational(trialRate, 1))
	ctx.SetBitRate(int64(t.output().Bitrate))
	ctx.SetGopSize(math.MaxInt16)
	ctx.SetMaxBFrames(0)
	ctx.SetHardwareDeviceContext(t.backend.device.ctx)
	applySurface(ctx, first)
	said := libavSaid.mark()
	if err := open(ctx, codec, nil); err != nil {
		return deviceFault(said, fmt.Errorf("open %s for %dx%d: %w", name, t.Width, t.Height, err))
	}
	send := func(frame *astiav.Frame) error {
		err := ctx.SendFrame(frame)
		for err == nil {
			if err = ctx.ReceivePacket(packet); err == nil {
				t.out++
				packet.Unref()
			}
		}
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return nil
		}
		return deviceFault(said, fmt.Errorf("encode %dx%d by %s: %w", t.Width, t.Height, name, err))
	}
	return t.measure(f, func(i int) error {
		p, err := t.next(i, at)
		if err != nil {
			return err
		}
		defer p.frame.Free()
		p.frame.SetPts(int64(p.pts))
		return send(p.frame)
	}, func() error { return send(nil) })
}
