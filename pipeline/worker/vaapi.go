package worker

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync/atomic"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// vaapi encodes by the encoder of an Intel or AMD GPU, h264_vaapi in libav.
type vaapi struct {
	annexBOutput
	device *device
	// lowPower is that which has opened an encoder on this GPU; it is tried first from then on.
	lowPower *atomic.Bool
}

func newVAAPI(dev *device, _ bool) (encoding, error) {
	if astiav.FindEncoderByName("h264_vaapi") == nil {
		return nil, errors.New("this build's libavcodec has no h264_vaapi")
	}
	return vaapi{device: dev, lowPower: new(atomic.Bool)}, nil
}

// The smallest pictures that all GPUs encode, in pixels, are those that Mesa tells for
// AMD's: 256 by 128 up to release 23, 128 by 128 or less since. Intel's begin at 32 by 32.
// What a driver tells comes up when an encoder opens, which is too late to choose another.
const (
	vaapiLeastWidth  = 256
	vaapiLeastHeight = 128
)

// vaapiNet is after how many pictures without a grid point libav would put a keyframe of
// its own, which ends the worker: minutes. More does not fit into all drivers' 16 bits.
const vaapiNet = 1<<15 - 1

func (vaapi) name() string { return "h264_vaapi" }

// takes leaves the smallest rungs of upright pictures, such as 160x284, to x264, which
// does them with a thirtieth of a core.
func (vaapi) takes(out pipeline.VideoOutput) bool {
	return out.Width >= vaapiLeastWidth && out.Height >= vaapiLeastHeight
}

func (vaapi) place() place { return onDevice }

// follows is false because h264_vaapi takes no new bit rate while it is open.
func (vaapi) follows() bool { return false }

// writes is false because h264_vaapi writes no user_data_unregistered, and captions only
// on drivers that take headers from the caller, which not all of AMD's do.
func (vaapi) writes() bool { return false }

// params has parameter sets tell colours: a driver that writes its own knows none.
func (v vaapi) params(sets []byte, s surface) (*media.VideoParams, error) {
	var alone []byte
	for unit, err := range media.AnnexBUnits(sets) {
		if err != nil {
			return nil, fmt.Errorf("encoder's parameter sets: %w", err)
		}
		if kind := unit[0] & 0x1f; kind == nalSPS || kind == nalPPS {
			alone = append(append(alone, 0, 0, 0, 1), unit...)
		}
	}
	if alone == nil {
		return v.annexBOutput.params(sets, s)
	}
	tagged, err := withTags(alone, s)
	if err != nil {
		return nil, err
	}
	return v.annexBOutput.params(tagged, s)
}

// vaapiOptions are the same for every rendition; the rest is in open.
var vaapiOptions = map[string]string{
	"profile":      "high",
	"rc_mode":      "CBR", // else libav chooses by what else is set, and by the driver
	"idr_interval": "0",   // each I picture is an IDR
	"async_depth":  "1",   // no packet waits for the next picture
	// Nothing of libav's own: user data is written here, and the timing messages claim a buffer
	// model that no driver keeps exactly.
	"sei": "0",
}

// open sets CBR without filler, as for x264. Some GPUs have their encoder, or CBR with
// it, only at the entry point that libav calls low power: the other is tried first.
func (v vaapi) open(out pipeline.VideoOutput, p picture) (*astiav.CodecContext, error) {
	defer v.device.opening.begin()()
	first := v.lowPower.Load()
	ctx, err := v.try(out, p, first)
	if err == nil {
		return ctx, nil
	}
	ctx, again := v.try(out, p, !first)
	if again != nil {
		return nil, err // that of the usual way says more
	}
	v.lowPower.Store(!first)
	return ctx, nil
}

func (v vaapi) try(out pipeline.VideoOutput, p picture, lowPower bool) (*astiav.CodecContext, error) {
	codec := astiav.FindEncoderByName("h264_vaapi")
	ctx := deviceContext(codec, out, p)
	ctx.SetGopSize(vaapiNet)
	options := maps.Clone(vaapiOptions)
	options["chroma_sample_location"] = strconv.Itoa(p.on.chroma)
	if lowPower {
		options["low_power"] = "1"
	}
	return openOn(v.device, ctx, codec, out, options)
}
