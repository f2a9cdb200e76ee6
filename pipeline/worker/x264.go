package worker

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/asticode/go-astiav"

	"ladderd/media"
	"ladderd/pipeline"
)

// x264 encodes by libx264, in main memory, on any machine.
type x264 struct{ avccOutput }

func newX264(*device, bool) (encoding, error) {
	if astiav.FindEncoderByName("libx264") == nil {
		return nil, errors.New("this build's libavcodec has no libx264")
	}
	return x264{}, nil
}

func (x264) name() string                    { return "libx264" }
func (x264) takes(pipeline.VideoOutput) bool { return true }
func (x264) place() place                    { return inMainMemory }
func (x264) follows() bool                   { return true }

func (x264) writes() bool { return true }

// accessUnit leaves out x264's own message.
func (x264) accessUnit(data []byte, first bool) ([]byte, error) {
	if first {
		return withoutBanner(data), nil
	}
	return data, nil
}

// x264Lookahead is how far x264 looks ahead before it decides on a frame, in
// seconds: 3 frames at 60 a second, 2 at 30. It is all the delay that x264 adds, and
// it is what mbtree and the rate control work with: without mbtree 0.1 dB are lost,
// and ten frames would bring 0.1 dB at 30 a second.
const x264Lookahead = 0.05

// vbvBuffer is the VBV's size in seconds of the bit rate. Any span of T seconds
// holds at most T·rate + buffer, and at least T·rate − buffer where the content
// needs the bits; 0.2 s keeps every span of 2 s within 10 %. A whole second would
// bring 0.1 dB, and spans of 2 s that are 20 % too large.
const vbvBuffer = 0.2

// x264Large is from how many pixels a second on a rendition gets the cheaper preset:
// above 480p30, below 720p30. At 720p60 superfast with mbtree and P partitions is
// within 0.05 dB of veryfast for three quarters of its CPU; at 480p30 and below
// veryfast brings 0.1 to 0.4 dB, and all these together cost half of 720p60.
const x264Large = 1 << 24

// x264Options are what libx264 is told beside the figures of a rendition.
func x264Options(out pipeline.VideoOutput) map[string]string {
	rate := assumedRate(out)
	params := []string{
		"annexb=0",        // AVCC, as it is kept in fMP4
		"keyint=infinite", // IDRs come where they are asked for and nowhere else
		"min-keyint=1",
		"scenecut=0",
		"open-gop=0",
		"mbtree=1",
		"rc-lookahead=" + strconv.Itoa(int(math.Ceil(x264Lookahead*rate))),
	}
	if out.Rate.Known() {
		// Every frame gets the bits of the rendition's frame period; the encoder's
		// budget says when it is several. Else x264 waits for the next frame to see how
		// long this one lasts, which is a frame more of delay, and tells players the
		// ticks of its time base as frames a second.
		params = append(params, "force-cfr=1")
	}
	preset := "veryfast"
	if float64(out.Width*out.Height)*rate > x264Large {
		preset = "superfast"
		params = append(params, "partitions=p8x8,i8x8,i4x4")
	}
	return map[string]string{
		"preset":      preset,
		"forced-idr":  "1", // else a forced keyframe is an I picture that is no IDR
		"a53cc":       "1",
		"udu_sei":     "1",
		"x264-params": strings.Join(params, ":"),
	}
}

// open sets CBR without filler: where the content needs less, viewers are sent less.
func (x264) open(out pipeline.VideoOutput, p picture) (*astiav.CodecContext, error) {
	codec := astiav.FindEncoderByName("libx264")
	ctx := astiav.AllocCodecContext(codec)
	ctx.SetFlags(ctx.Flags().Add(astiav.CodecContextFlagGlobalHeader))
	ctx.SetTimeBase(astiav.NewRational(1, media.Clock))
	if out.Rate.Known() {
		ctx.SetFramerate(astiav.NewRational(out.Rate.Num, out.Rate.Den))
	}
	ctx.SetBitRate(int64(out.Bitrate))
	ctx.SetRateControlMaxRate(int64(out.Bitrate))
	ctx.SetRateControlBufferSize(int(vbvBuffer * float64(out.Bitrate)))
	ctx.SetMaxBFrames(0)
	ctx.SetThreadCount(x264Threads(out))
	applySurface(ctx, p)
	options := x264Options(out)
	options["chroma_sample_location"] = strconv.Itoa(p.on.chroma)
	if err := open(ctx, codec, options); err != nil {
		ctx.Free()
		return nil, elsewhere(fmt.Errorf("open libx264 for %d×%d at %s frames and %d bit a second: %w",
			out.Width, out.Height, out.Rate, out.Bitrate, err))
	}
	// What opened as CBR stays CBR: from here on x264 sets the VBV's rate to the bit
	// rate, whatever that becomes (ratecontrol.c). Only its check that the one does
	// not exceed the other needs room, for pictures that have the bits of several.
	ctx.SetRateControlMaxRate(math.MaxInt32)
	return ctx, nil
}

// x264Threads is one where one core keeps up easily, which costs the least CPU and
// no delay. Each further thread holds a frame back.
func x264Threads(out pipeline.VideoOutput) int {
	const onePixelRate = 1280 * 720 * 60
	n := math.Ceil(float64(out.Width*out.Height) * assumedRate(out) / onePixelRate)
	return min(max(1, int(n)), 4)
}
