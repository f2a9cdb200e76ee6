package worker

import (
	"github.com/asticode/go-astiav"

	"ladderd/media"
)

// place is a kind of memory.
type place int

// A job uses one device at most.
const (
	inMainMemory place = iota
	onDevice
)

// surface is what decoder, scalers and encoders must agree on about the pictures
// that they hand on: where they lie, their size and format, and the tags that end in
// the VUI.
type surface struct {
	place         place
	width, height int
	format        astiav.PixelFormat // of the samples, wherever they lie
	rang          astiav.ColorRange
	space         astiav.ColorSpace
	// In libav's numbers: go-astiav has no names for most of them.
	primaries, transfer, chroma int
	sarNum, sarDen              int // 0/… or …/0 where it is not known
}

func surfaceOf(f *astiav.Frame) surface {
	s := surface{
		width: f.Width(), height: f.Height(), format: f.PixelFormat(),
		rang: f.ColorRange(), space: f.ColorSpace(),
		sarNum: f.SampleAspectRatio().Num(), sarDen: f.SampleAspectRatio().Den(),
	}
	s.primaries, s.transfer, s.chroma = frameColour(f)
	if f.HardwareFramesContext() != nil {
		s.place, s.format = onDevice, samples(f)
	}
	return s
}

// fullRange are libav's formats that mean "full range" by their name alone, and the
// same without that. swscale and libx264 take the range from the tag as well, and
// swscale complains about these.
var fullRange = map[astiav.PixelFormat]astiav.PixelFormat{
	astiav.PixelFormatYuvj420P: astiav.PixelFormatYuv420P,
	astiav.PixelFormatYuvj422P: astiav.PixelFormatYuv422P,
	astiav.PixelFormatYuvj444P: astiav.PixelFormatYuv444P,
}

// sourceSurface is surfaceOf a decoder's frame, which it rids of formats that carry
// the range in their name.
func sourceSurface(f *astiav.Frame) surface {
	if plain, ok := fullRange[f.PixelFormat()]; ok {
		f.SetPixelFormat(plain)
		f.SetColorRange(astiav.ColorRangeJpeg)
	}
	return surfaceOf(f)
}

// resized is s at another place, in another size and format. The picture keeps its shape on the
// screen: what the rounding of a size to whole and even pixels does to square
// pixels is left alone, but pixels that are not square stay so.
func (s surface) resized(at place, width, height int, format astiav.PixelFormat) surface {
	t := s
	t.place, t.width, t.height, t.format = at, width, height, format
	if s.sarNum > 0 && s.sarDen > 0 && s.sarNum != s.sarDen {
		num, den := s.sarNum*s.width*height, s.sarDen*s.height*width
		d := gcd(num, den)
		t.sarNum, t.sarDen = num/d, den/d
	}
	return t
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// origin is all that a scaler is made for: what its pictures are, and the pool on the
// device that they come from. A decoder may change to another pool in mid-stream.
type origin struct {
	surface
	pool uintptr // 0 in main memory
}

func (p picture) origin() origin { return origin{p.on, framesPool(p.frame)} }

// picture is one frame on its way through the graph. Who holds it frees it.
type picture struct {
	frame *astiav.Frame
	pts   media.Ticks
	grid  bool // it becomes an IDR in every rendition
	on    surface
}

// share is another reference to p.
func (p picture) share() picture { return picture{p.frame.Clone(), p.pts, p.grid, p.on} }
