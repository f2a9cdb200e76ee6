package admission

import (
	"errors"
	"slices"

	"ladderd/gpu"
	"ladderd/pipeline"
)

// Where says on what a channel's renditions may be made.
type Where string

// The places, by their names in the configuration.
const (
	GPU        Where = "gpu"          // encoders of GPUs, and nothing else
	GPUThenCPU Where = "gpu-then-cpu" // the CPU where no GPU has room, or one has failed
	CPU        Where = "cpu"          // x264, and no GPU is touched
)

// Policy is what an operator wants of a channel's streams.
type Policy struct {
	// Make is the make of encoder, gpu.Auto for any; empty is that too.
	Make gpu.Wanted
	// Where is by the Make where it is empty: GPUThenCPU for any, GPU for a GPU's.
	Where Where
	// Shed has a stream carried with fewer renditions rather than refused, and lose some
	// where the machine gets too slow for it.
	Shed bool
}

var errNoGPU = errors.New("no GPU of this machine encodes a ladder: ladderd probe says why")

// Backends are those that were proven and are allowed, best first. They are never empty: an
// error says why none is.
func (p Policy) Backends(proofs []gpu.Proof) ([]pipeline.Backend, error) {
	p = p.normal()
	x264 := pipeline.Backend{Encoder: pipeline.X264}
	if p.OnCPU() {
		return []pipeline.Backend{x264}, nil
	}
	list, err := gpu.Candidates(proofs, p.Make)
	if p.Where == GPU {
		list = slices.DeleteFunc(list, func(b pipeline.Backend) bool { return b.Encoder == pipeline.X264 })
		if err == nil && len(list) == 0 {
			err = errNoGPU
		}
		return list, err
	}
	if err != nil {
		return []pipeline.Backend{x264}, nil
	}
	if p.Make != gpu.Auto {
		list = append(list, x264)
	}
	return list, nil
}

// OnCPU says that no GPU is to be touched.
func (p Policy) OnCPU() bool { return p.normal().Where == CPU }

// normal has what the zero values mean.
func (p Policy) normal() Policy {
	if p.Make == "" {
		p.Make = gpu.Auto
	}
	if p.Where != "" {
		return p
	}
	switch p.Make {
	case gpu.Auto:
		p.Where = GPUThenCPU
	case gpu.Wanted(pipeline.X264):
		p.Where = CPU
	default:
		p.Where = GPU
	}
	return p
}

// encodesOnGPU says whether a backend leaves the CPU out of encoding.
func encodesOnGPU(b pipeline.Backend) bool { return b.Encoder != pipeline.X264 }

// String is for logs: "nvenc", and where that does not say it, the place: "auto, gpu".
func (p Policy) String() string {
	p = p.normal()
	if p.Where == (Policy{Make: p.Make}).normal().Where {
		return string(p.Make)
	}
	return string(p.Make) + ", " + string(p.Where)
}
