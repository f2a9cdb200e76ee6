package worker

import (
	"errors"
	"fmt"
	"math"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// aacEncoder is one AAC-LC encoding of the source's sound.
type aacEncoder struct {
	index  int
	emit   func(pipeline.Output) error
	ctx    *astiav.CodecContext
	packet *astiav.Packet
	times  []media.Ticks      // of the frames that are in the encoder, in order
	last   media.Ticks        // of what has been put out
	params *media.AudioParams // to go out with the next packet
}

func newAACEncoder(index int, out pipeline.AudioOutput, f soundFormat, emit func(pipeline.Output) error) (*aacEncoder, error) {
	codec := astiav.FindEncoderByName("aac")
	if codec == nil {
		return nil, elsewhere(errors.New("this build's libavcodec has no AAC encoder"))
	}
	params, err := media.NewAACLC(f.rate, f.layout.Channels())
	if err != nil {
		return nil, err
	}
	ctx := astiav.AllocCodecContext(codec)
	ctx.SetBitRate(int64(out.Bitrate))
	ctx.SetSampleRate(f.rate)
	ctx.SetChannelLayout(f.layout)
	ctx.SetSampleFormat(astiav.SampleFormatFltp)
	ctx.SetTimeBase(astiav.NewRational(1, f.rate))
	ctx.SetFlags(ctx.Flags().Add(astiav.CodecContextFlagGlobalHeader))
	if err := ctx.Open(codec, nil); err != nil {
		ctx.Free()
		return nil, elsewhere(fmt.Errorf("open AAC encoder for %d Hz at %d bit a second: %w", f.rate, out.Bitrate, err))
	}
	return &aacEncoder{
		index: index, emit: emit, ctx: ctx, packet: astiav.AllocPacket(), last: math.MinInt64, params: params,
	}, nil
}

// encode takes samples that begin at the given time; f's PTS counts samples from 0.
func (e *aacEncoder) encode(f *astiav.Frame, at media.Ticks) error {
	e.times = append(e.times, at)
	if err := e.ctx.SendFrame(f); err != nil {
		return fmt.Errorf("encode audio at %d: %w", at, err)
	}
	return e.receive()
}

func (e *aacEncoder) flush() error {
	if err := e.ctx.SendFrame(nil); err != nil {
		return fmt.Errorf("drain AAC encoder: %w", err)
	}
	return e.receive()
}

func (e *aacEncoder) receive() error {
	for {
		err := e.ctx.ReceivePacket(e.packet)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("encode audio: %w", err)
		}
		err = e.deliver()
		e.packet.Unref()
		if err != nil {
			return err
		}
	}
}

// deliver drops the priming: the packet before sample 0, with which an AAC decoder
// fills its window and which no sample of the source belongs to. The packets that
// follow decode to the very samples that their times belong to.
func (e *aacEncoder) deliver() error {
	if e.packet.Pts() < 0 || len(e.times) == 0 {
		return nil
	}
	at := e.times[0]
	e.times = e.times[1:]
	if at <= e.last {
		return nil
	}
	e.last = at
	p := media.Packet{Kind: media.Audio, PTS: at, DTS: at, Data: e.packet.Data(), Audio: e.params}
	e.params = nil
	return e.emit(pipeline.Output{Index: e.index, Packet: p})
}

func (e *aacEncoder) free() {
	e.packet.Free()
	e.ctx.Free()
}
