package doubles_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/asticode/go-astiav"

	"ladderd/testassets/doubles"
)

// encoding is a task: pictures of h264_nvenc.
type encoding struct {
	From          source
	Width, Height int
	Pictures      int
	IDRs          map[int]bool // pictures that are to be I
	Options       map[string]string
	GlobalHeader  bool
	Rates         map[int]int64 // bit rates from a picture on
	// Wait has the process keep its encoder open until its stdin ends.
	Wait bool
}

// source is where the encoder's pictures lie.
type source string

const (
	system   source = "system"   // main memory
	uploaded source = "uploaded" // copied to the card
	scaled   source = "scaled"   // copied to the card at twice the size, scaled there
)

// answer is what a task's process says.
type answer struct {
	Packets []packet
	Header  []byte
	Error   string
}

type packet struct {
	PTS, DTS int64
	Key      bool
	Data     []byte
}

// on runs the encoding on a rig, and returns what came of it.
func (e encoding) on(t *testing.T, rig *doubles.Rig, env ...string) answer {
	t.Helper()
	return result[answer](t, rig, task{Encode: &e}, env...)
}

func (e encoding) run() (a answer) {
	if err := e.fill(&a); err != nil {
		a.Error = err.Error()
	}
	return a
}

func (e encoding) fill(a *answer) error {
	astiav.SetLogLevel(astiav.LogLevelQuiet)
	card, frames, err := e.device()
	if err != nil {
		return err
	}
	if card != nil {
		defer card.Free()
		defer frames.Free()
	}
	var scale *chain
	if e.From == scaled {
		if scale, err = newChain(e.scaler(), frames, 2*e.Width, 2*e.Height); err != nil {
			return err
		}
		defer scale.graph.Free()
	}
	first, err := e.picture(0, frames, scale)
	if err != nil {
		return err
	}
	ctx, err := e.open(first)
	if err != nil {
		return err
	}
	defer ctx.Free()
	a.Header = ctx.ExtraData()
	if err := e.encode(ctx, first, frames, scale, a); err != nil {
		return err
	}
	if e.Wait {
		fmt.Println("null")
		_, _ = os.Stdin.Read(make([]byte, 1))
	}
	return nil
}

// device is the card and the pool of its pictures, of the size that is uploaded.
func (e encoding) device() (*astiav.HardwareDeviceContext, *astiav.HardwareFramesContext, error) {
	if e.From == system {
		return nil, nil, nil
	}
	card, err := astiav.CreateHardwareDeviceContext(astiav.HardwareDeviceTypeCUDA, "0", nil, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open card: %w", err)
	}
	frames := astiav.AllocHardwareFramesContext(card)
	frames.SetHardwarePixelFormat(astiav.PixelFormatCuda)
	frames.SetSoftwarePixelFormat(astiav.PixelFormatNv12)
	frames.SetWidth(e.Width * e.factor())
	frames.SetHeight(e.Height * e.factor())
	if err := frames.Initialize(); err != nil {
		return nil, nil, fmt.Errorf("pool of pictures: %w", err)
	}
	return card, frames, nil
}

func (e encoding) scaler() string {
	return fmt.Sprintf("scale_cuda=w=%d:h=%d:interp_algo=bilinear", e.Width, e.Height)
}

func (e encoding) factor() int {
	if e.From == scaled {
		return 2
	}
	return 1
}

// picture is the n-th one, where the encoder takes it from.
func (e encoding) picture(n int, frames *astiav.HardwareFramesContext, scale *chain) (*astiav.Frame, error) {
	f := astiav.AllocFrame()
	f.SetWidth(e.Width * e.factor())
	f.SetHeight(e.Height * e.factor())
	f.SetPixelFormat(astiav.PixelFormatNv12)
	if err := f.AllocBuffer(0); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	if err := paint(f, n); err != nil {
		return nil, err
	}
	if frames != nil {
		up := astiav.AllocFrame()
		if err := up.AllocHardwareBuffer(frames); err != nil {
			return nil, fmt.Errorf("picture on the card: %w", err)
		}
		if err := f.TransferHardwareData(up); err != nil {
			return nil, fmt.Errorf("upload: %w", err)
		}
		f.Free()
		f = up
	}
	f.SetPts(int64(n))
	if scale != nil {
		down, err := scale.one(f)
		f.Free()
		if err != nil {
			return nil, err
		}
		f = down
	}
	if e.IDRs[n] {
		f.SetPictureType(astiav.PictureTypeI)
	}
	return f, nil
}

// paint draws waves that move, smooth enough that all ways to scale them agree.
func paint(f *astiav.Frame, n int) error {
	data, err := f.Data().Bytes(1)
	if err != nil {
		return fmt.Errorf("picture: %w", err)
	}
	for i := range data {
		x, y, phase := float64(i%f.Width()), float64(i/f.Width()), 0.0
		if i >= f.Width()*f.Height() { // chroma, both channels in turn
			x, phase = float64(i%f.Width()/2*2), float64(i%2)
		}
		data[i] = byte(128 + 60*math.Sin(x/9+float64(n)/3+phase) + 40*math.Cos(y/7))
	}
	if err := f.Data().SetBytes(data, 1); err != nil {
		return fmt.Errorf("picture: %w", err)
	}
	return nil
}

func (e encoding) open(first *astiav.Frame) (*astiav.CodecContext, error) {
	codec := astiav.FindEncoderByName("h264_nvenc")
	if codec == nil {
		return nil, errors.New("this build's libavcodec has no h264_nvenc")
	}
	ctx := astiav.AllocCodecContext(codec)
	ctx.SetWidth(e.Width)
	ctx.SetHeight(e.Height)
	ctx.SetTimeBase(astiav.NewRational(1, 30))
	ctx.SetFramerate(astiav.NewRational(30, 1))
	ctx.SetPixelFormat(first.PixelFormat())
	if hw := first.HardwareFramesContext(); hw != nil {
		ctx.SetHardwareFramesContext(hw)
	}
	ctx.SetMaxBFrames(0)
	if e.GlobalHeader {
		ctx.SetFlags(ctx.Flags().Add(astiav.CodecContextFlagGlobalHeader))
	}
	options := astiav.NewDictionary()
	defer options.Free()
	for k, v := range e.Options {
		if err := options.Set(k, v, 0); err != nil {
			return nil, err
		}
	}
	if err := ctx.Open(codec, options); err != nil {
		ctx.Free()
		return nil, fmt.Errorf("open encoder: %w", err)
	}
	return ctx, nil
}

func (e encoding) encode(ctx *astiav.CodecContext, first *astiav.Frame, frames *astiav.HardwareFramesContext, scale *chain, a *answer) error {
	f := first
	for n := range e.Pictures {
		if n > 0 {
			var err error
			if f, err = e.picture(n, frames, scale); err != nil {
				return fmt.Errorf("picture %d: %w", n, err)
			}
		}
		if rate := e.Rates[n]; rate > 0 {
			ctx.SetBitRate(rate)
			ctx.SetRateControlMaxRate(rate)
		}
		err := ctx.SendFrame(f)
		f.Free()
		if err == nil {
			err = drain(ctx, a)
		}
		if err != nil {
			return fmt.Errorf("picture %d: %w", n, err)
		}
	}
	if err := ctx.SendFrame(nil); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return drain(ctx, a)
}

func drain(ctx *astiav.CodecContext, a *answer) error {
	p := astiav.AllocPacket()
	defer p.Free()
	for {
		err := ctx.ReceivePacket(p)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return nil
		}
		if err != nil {
			return err
		}
		a.Packets = append(a.Packets, packet{
			PTS: p.Pts(), DTS: p.Dts(), Key: p.Flags().Has(astiav.PacketFlagKey), Data: append([]byte(nil), p.Data()...),
		})
		p.Unref()
	}
}
