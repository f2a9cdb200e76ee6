package gpu

import (
	"time"

	"ladderd/pipeline"
)

// What is tried of a device, in this order. 720p is the largest picture that any ladder
// encodes, 160 lines the smallest, both upright too, as telephones send them: hardware
// encoders have smallest sizes of their own, and a ladder needs all of its rungs on one
// device. 1080p is what sources are.
const (
	measured    = 400 * time.Millisecond // of each trial: enough for dozens of pictures
	longer      = time.Second            // of the CPU's, which other programs use: short runs differ by a third
	trialLimit  = 15 * time.Second       // CUDA takes seconds to start where the driver is not kept loaded
	openLimit   = 30 * time.Second       // for all encoders at once
	mostOpen    = 32                     // eight ladders; more is not looked for
	maxTroubles = 2                      // hangs and crashes of a device, after which it is left alone
)

// size is a picture's, in pixels.
type size struct{ width, height int }

var (
	source    = size{1920, 1080}
	largest   = size{1280, 720}
	upright   = size{720, 1280}
	landscape = size{284, 160} // of 16:9
	portrait  = size{160, 284} // of 9:16
	session   = size{640, 360}
)

// attempt is one trial, and whether it makes sense after what was found before.
type attempt struct {
	trial pipeline.Trial
	only  func(Proof) bool // nil: always
}

// encoders names what encodes on each kind of device.
var encoders = map[pipeline.API]pipeline.Encoder{pipeline.CPU: pipeline.X264, pipeline.CUDA: pipeline.NVENC, pipeline.VA: pipeline.VAAPI}

// attempts is all that is tried of d.
func attempts(d Device) []attempt {
	use, encoder := d.Use(), encoders[d.API]
	onDevice := d.API != pipeline.CPU
	helps := pipeline.Backend{Encoder: encoder, Device: use, Decode: onDevice, Scale: onDevice}
	list := []attempt{
		{trial: trial(pipeline.Decode, helps, pipeline.H264, source)},
		{trial: trial(pipeline.Scale, helps, pipeline.H264, source)},
	}
	fromMemory := pipeline.Backend{Encoder: encoder, Device: use}
	for _, s := range []size{source, largest} {
		list = append(list, attempt{trial: trial(pipeline.Encode, fromMemory, pipeline.H264, s)})
	}
	if d.API == pipeline.CPU {
		for i := range list {
			list[i].trial.For = longer
		}
		return list
	}
	fromDevice := pipeline.Backend{Encoder: encoder, Device: use, Scale: true}
	for _, s := range []size{upright, landscape, portrait} {
		list = append(list, attempt{trial(pipeline.Encode, fromMemory, pipeline.H264, s), encodes})
	}
	for _, s := range []size{largest, upright, landscape, portrait} {
		list = append(list, attempt{trial(pipeline.Encode, fromDevice, pipeline.H264, s), encodesAndScales})
	}
	for _, c := range []pipeline.Codec{pipeline.HEVC, pipeline.AV1} {
		list = append(list, attempt{trial: trial(pipeline.Encode, fromMemory, c, source)})
	}
	many := trial(pipeline.Sessions, fromMemory, pipeline.H264, session)
	many.Most = mostOpen
	return append(list, attempt{many, encodes})
}

func trial(task pipeline.Task, b pipeline.Backend, codec pipeline.Codec, s size) pipeline.Trial {
	return pipeline.Trial{Task: task, Backend: b, Codec: codec, Width: s.width, Height: s.height, For: measured}
}

func encodes(p Proof) bool { return p.Best(pipeline.Encode, pipeline.H264).Works() }

func encodesAndScales(p Proof) bool { return encodes(p) && p.Best(pipeline.Scale, "").Works() }
