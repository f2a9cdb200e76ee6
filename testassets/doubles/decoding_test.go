package doubles_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/asticode/go-astiav"

	"ladderd/testassets/doubles"
)

// decoding is a task: pictures made by libx264 and decoded by NVDEC, compared with what
// libavcodec's own decoder makes of them.
type decoding struct {
	Width, Height, Pictures int
	X264                    string // x264-params
}

// comparison is what came of it.
type comparison struct {
	Software, Hardware int // pictures
	Different          []int
	Error              string
}

func (d decoding) on(t *testing.T, rig *doubles.Rig) comparison {
	t.Helper()
	return result[comparison](t, rig, task{Decode: &d})
}

func (d decoding) run() (c comparison) {
	if err := d.compare(&c); err != nil {
		c.Error = err.Error()
	}
	return c
}

func (d decoding) compare(c *comparison) error {
	astiav.SetLogLevel(astiav.LogLevelQuiet)
	stream, err := d.stream()
	if err != nil {
		return fmt.Errorf("make a stream: %w", err)
	}
	software, err := decode(stream, nil)
	if err != nil {
		return fmt.Errorf("decode in software: %w", err)
	}
	card, err := astiav.CreateHardwareDeviceContext(astiav.HardwareDeviceTypeCUDA, "0", nil, 0)
	if err != nil {
		return fmt.Errorf("open card: %w", err)
	}
	defer card.Free()
	hardware, err := decode(stream, card)
	if err != nil {
		return fmt.Errorf("decode on the card: %w", err)
	}
	c.Software, c.Hardware = len(software), len(hardware)
	for i := range min(c.Software, c.Hardware) {
		if !bytes.Equal(software[i], hardware[i]) {
			c.Different = append(c.Different, i)
		}
	}
	return nil
}

// stream is Annex B access units.
func (d decoding) stream() ([]*astiav.Packet, error) {
	codec := astiav.FindEncoderByName("libx264")
	ctx := astiav.AllocCodecContext(codec)
	defer ctx.Free()
	ctx.SetWidth(d.Width)
	ctx.SetHeight(d.Height)
	ctx.SetTimeBase(astiav.NewRational(1, 30))
	ctx.SetPixelFormat(astiav.PixelFormatNv12)
	options := astiav.NewDictionary()
	defer options.Free()
	for k, v := range map[string]string{"preset": "medium", "b": "800000", "x264-params": d.X264} {
		if err := options.Set(k, v, 0); err != nil {
			return nil, err
		}
	}
	if err := ctx.Open(codec, options); err != nil {
		return nil, err
	}
	var packets []*astiav.Packet
	for n := range d.Pictures + 1 {
		var f *astiav.Frame
		if n < d.Pictures {
			var err error
			if f, err = (encoding{Width: d.Width, Height: d.Height}).picture(n, nil, nil); err != nil {
				return nil, err
			}
		}
		if err := ctx.SendFrame(f); err != nil {
			return nil, err
		}
		for {
			p := astiav.AllocPacket()
			err := ctx.ReceivePacket(p)
			if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
				break
			}
			if err != nil {
				return nil, err
			}
			packets = append(packets, p)
		}
	}
	return packets, nil
}

// decode returns each picture's samples, planar, by NVDEC where a card is given.
func decode(stream []*astiav.Packet, card *astiav.HardwareDeviceContext) ([][]byte, error) {
	codec := astiav.FindDecoder(astiav.CodecIDH264)
	ctx := astiav.AllocCodecContext(codec)
	defer ctx.Free()
	ctx.SetThreadCount(1)
	if card != nil {
		ctx.SetHardwareDeviceContext(card)
		ctx.SetPixelFormatCallback(func(offered []astiav.PixelFormat) astiav.PixelFormat {
			for _, f := range offered {
				if f == astiav.PixelFormatCuda {
					return f
				}
			}
			return astiav.PixelFormatNone
		})
	}
	if err := ctx.Open(codec, nil); err != nil {
		return nil, err
	}
	var pictures [][]byte
	for n := range len(stream) + 1 {
		var p *astiav.Packet
		if n < len(stream) {
			p = stream[n]
		}
		if err := ctx.SendPacket(p); err != nil {
			return nil, fmt.Errorf("packet %d: %w", n, err)
		}
		for {
			f := astiav.AllocFrame()
			err := ctx.ReceiveFrame(f)
			if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
				break
			}
			if err == nil && card != nil {
				f, err = fetch(f)
			}
			if err != nil {
				return nil, fmt.Errorf("packet %d: %w", n, err)
			}
			samples, err := planar(f)
			if err != nil {
				return nil, err
			}
			pictures = append(pictures, samples)
		}
	}
	return pictures, nil
}

func fetch(f *astiav.Frame) (*astiav.Frame, error) {
	defer f.Free()
	if f.PixelFormat() != astiav.PixelFormatCuda {
		return nil, fmt.Errorf("picture is not on the card but %s", f.PixelFormat())
	}
	down := astiav.AllocFrame()
	return down, f.TransferHardwareData(down)
}

func planar(f *astiav.Frame) ([]byte, error) {
	defer f.Free()
	data, err := f.Data().Bytes(1)
	if err != nil || f.PixelFormat() != astiav.PixelFormatNv12 {
		return data, err
	}
	luma := f.Width() * f.Height()
	out := append([]byte(nil), data[:luma]...)
	for channel := range 2 {
		for i := luma + channel; i < len(data); i += 2 {
			out = append(out, data[i])
		}
	}
	return out, nil
}

func TestNVDECDecodesAsSoftwareDoes(t *testing.T) {
	t.Parallel()
	for name, x264 := range map[string]string{
		"B-frames":        "bframes=3:b-pyramid=normal:ref=4:keyint=20",
		"slices":          "bframes=0:slices=4",
		"CAVLC":           "cabac=0:bframes=2:8x8dct=0:weightp=2",
		"scaling lists":   "cqm=jvt:bframes=2",
		"interlaced":      "tff=1:bframes=2",
		"open GOP":        "open-gop=1:keyint=10:bframes=2",
		"fixed QP, intra": "keyint=1:qp=20",
	} {
		t.Run(name, func(t *testing.T) {
			c := decoding{Width: 322, Height: 184, Pictures: 40, X264: x264}.on(t, oneCard(t))
			if c.Error != "" || c.Software != 40 || c.Hardware != 40 || len(c.Different) > 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestNVDECFailsAsItIsTold(t *testing.T) {
	t.Parallel()
	card := []doubles.Card{{}}
	for name, c := range map[string]struct {
		box   doubles.Box
		fault doubles.Fault
		want  string // in the error
	}{
		"none in the driver": {box: doubles.Box{Cards: card, Without: []doubles.Library{doubles.Decoder}}, want: "packet 0"},
		"none on the card":   {box: doubles.Box{Cards: []doubles.Card{{NoDecoder: true}}}, want: "packet 0"},
		"too large":          {box: doubles.Box{Cards: []doubles.Card{{MaxSize: 256}}}, want: "packet 0"},
		"no memory": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.MakeDecoder, Word: doubles.OutOfMemory}, want: "packet 0",
		},
		"no context": {
			box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Context, Word: doubles.OutOfMemory}, want: "open card",
		},
		"decode": {box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Decode, Word: doubles.Generic, After: 4}, want: "packet 4"},
		"map":    {box: doubles.Box{Cards: card}, fault: doubles.Fault{At: doubles.Map, Word: doubles.Generic, After: 4}, want: "packet 3"},
	} {
		t.Run(name, func(t *testing.T) {
			rig := doubles.New(t, c.box)
			if c.fault.At != "" {
				rig.Misbehave(0, c.fault)
			}
			got := decoding{Width: 320, Height: 184, Pictures: 8, X264: "bframes=0:sync-lookahead=0"}.on(t, rig)
			if !strings.Contains(got.Error, c.want) {
				t.Errorf("error %q, want %q in it", got.Error, c.want)
			}
		})
	}
}
