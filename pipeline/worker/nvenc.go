package worker

import (
	"errors"
	"math"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// nvenc encodes by an NVIDIA GPU's own encoder, h264_nvenc in libav.
type nvenc struct {
	annexBOutput
	device *device
	at     place
}

func newNVENC(dev *device, scaled bool) (encoding, error) {
	if astiav.FindEncoderByName("h264_nvenc") == nil {
		return nil, errors.New("this build's libavcodec has no h264_nvenc")
	}
	n := nvenc{device: dev, at: inMainMemory}
	if scaled {
		n.at = onDevice
	}
	return n, nil
}

// nvencLeast is the smallest width and height, in pixels, that all GPUs encode: 145 by
// 49 is what newer ones tell, and 145 by 145 was seen. FFmpeg asks no GPU for it, and
// opening an encoder to see costs a session.
const nvencLeast = 145

func (nvenc) name() string { return "h264_nvenc" }

// takes leaves the smallest rungs, as 90x160 of an upright picture, to x264, which
// does them with a fiftieth of a core.
func (nvenc) takes(out pipeline.VideoOutput) bool {
	return out.Width >= nvencLeast && out.Height >= nvencLeast
}

func (n nvenc) place() place { return n.at }

// follows is false because FFmpeg lets a new bit rate begin with an IDR, which would be
// beside the grid. So a source that drops pictures goes out with that much less than the
// bit rate.
func (nvenc) follows() bool { return false }

func (nvenc) writes() bool { return true }

// nvencOptions are the same for every rendition; the rest is in open.
var nvencOptions = map[string]string{
	"preset":  "p4",   // p6 and p7 may turn lookahead on by themselves
	"tune":    "ll",   // no reordering, a VBV that may be small
	"profile": "high", // libav's default is Main, without 8x8 transforms
	"rc":      "cbr",
	// A first pass at a quarter of the size: the rate control then keeps a VBV of a fraction of
	// a second, at little cost.
	"multipass":    "qres",
	"forced-idr":   "1", // else a forced keyframe is an I picture that is no IDR, and has no key flag
	"no-scenecut":  "1", // keyframes come where they are asked for and nowhere else
	"strict_gop":   "1", // no GOP lives at its neighbour's cost
	"rc-lookahead": "0", // it would hold pictures back
	"delay":        "0", // by default a packet comes three pictures late
	"zerolatency":  "1", // and none waits to be reordered
	"surfaces":     "4", // the least that libav takes by itself, whatever the preset
	"a53cc":        "1",
	"udu_sei":      "1",
}

// open sets CBR without filler, as for x264. Encoders open one at a time: a driver takes
// up to a minute over many at once.
func (n nvenc) open(out pipeline.VideoOutput, p picture) (*astiav.CodecContext, error) {
	defer n.device.opening.begin()()
	codec := astiav.FindEncoderByName("h264_nvenc")
	ctx := deviceContext(codec, out, p)
	ctx.SetGopSize(math.MaxInt32) // no keyframe of its own
	// From main memory too: else libav opens a context on the GPU for each encoder, and says
	// of all errors alike that there is no capable device.
	ctx.SetHardwareDeviceContext(n.device.ctx)
	return openOn(n.device, ctx, codec, out, nvencOptions)
}

// params adds where chroma lies, which h264_nvenc does not write.
func (n nvenc) params(extradata []byte, s surface) (*media.VideoParams, error) {
	if s.chroma > chromaLeft {
		var err error
		if extradata, err = withTags(extradata, s); err != nil {
			return nil, err
		}
	}
	return n.annexBOutput.params(extradata, s)
}
