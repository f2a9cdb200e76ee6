package gpu

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ladderd/pipeline"
)

// Wanted is what a configuration asks for: Auto, or the name of a pipeline.Encoder.
type Wanted string

// Auto takes the best that was proven.
const Auto Wanted = "auto"

// ladderEncoders is how many encoders the largest ladder has at once: 720p, 480p, 360p
// and 160p of STANDARD and ADVANCED_HD.
const ladderEncoders = 4

// Candidates are the backends that were proven to do what is wanted, best first. They are
// never empty: an error says, device by device, why none is.
//
//	auto    all of the below, and x264 after them
//	nvenc   NVIDIA's encoders; vaapi likewise Intel's and AMD's
//	x264    the CPU, and nothing else
//
// A GPU that encodes comes before one that does not, and among these the one that does
// more of the work: pictures that never leave it cost the CPU and the bus nothing. Then
// the one that encodes 720p faster, which every large ladder has. A GPU that encodes is
// taken even where this CPU would be faster for one stream: its encoder costs the CPU
// nothing, and that is what a box runs out of.
//
// A GPU without an encoder decodes and scales for x264 where it was seen to do both in
// less time than the CPU: what it takes off the CPU is then about a third of a stream's
// work, and what comes back over the bus are the renditions' pictures, 0.1 GB/s a stream.
func Candidates(proofs []Proof, want Wanted) ([]pipeline.Backend, error) {
	x264 := pipeline.Backend{Encoder: pipeline.X264}
	var list []pipeline.Backend
	switch want {
	case Wanted(pipeline.X264):
		return []pipeline.Backend{x264}, nil
	case Auto:
		list = append(encoding(proofs, pipeline.CUDA, pipeline.VA), helping(proofs)...)
		return append(list, x264), nil
	case Wanted(pipeline.NVENC):
		list = encoding(proofs, pipeline.CUDA)
	case Wanted(pipeline.VAAPI):
		list = encoding(proofs, pipeline.VA)
	default:
		return nil, fmt.Errorf("unknown backend %q", want)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("backend %s is not available: %s", want, obstacles(proofs, want))
	}
	return list, nil
}

// candidate is a backend with what it is ranked by.
type candidate struct {
	backend pipeline.Backend
	rate    float64 // pixels per second
}

// encoding are the backends of devices of these interfaces that encode.
func encoding(proofs []Proof, apis ...pipeline.API) []pipeline.Backend {
	var found []candidate
	for _, p := range proofs {
		if !slices.Contains(apis, p.Device.API) {
			continue
		}
		if b, why := encoder(p); why == "" {
			found = append(found, candidate{b, p.rung(largest, b.Scale).PixelRate})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(-cmp.Compare(share(a.backend), share(b.backend)), -cmp.Compare(a.rate, b.rate))
	})
	list := make([]pipeline.Backend, len(found))
	for i, c := range found {
		list[i] = c.backend
	}
	return list
}

// share counts what the device does beside encoding.
func share(b pipeline.Backend) (n int) {
	if b.Scale {
		n++
	}
	if b.Decode {
		n++
	}
	return n
}

// encoder is the most that p's device was seen to do of a ladder, or why it cannot be used
// to encode one.
func encoder(p Proof) (b pipeline.Backend, why string) {
	if p.Device.Problem != "" {
		return b, p.Device.Problem
	}
	b = pipeline.Backend{Encoder: encoders[p.Device.API], Device: p.Device.Use()}
	if few := tooFew(p); few != "" {
		return b, few
	}
	if p.Best(pipeline.Scale, "").Works() && rungs(p, true) == "" {
		b.Scale, b.Decode = true, p.Best(pipeline.Decode, pipeline.H264).Works()
		return b, ""
	}
	return b, rungs(p, false)
}

// rungs is why a ladder's pictures cannot be encoded; empty where they can.
func rungs(p Proof, onDevice bool) string {
	for _, s := range []size{largest, upright, landscape, portrait} {
		if r := p.rung(s, onDevice); !r.Works() {
			return r.Why
		}
	}
	return ""
}

// rung is what encoding a ladder's picture of that size came to.
func (p Proof) rung(s size, onDevice bool) Result {
	return p.Find(Result{Task: pipeline.Encode, Codec: pipeline.H264, Width: s.width, Height: s.height, OnDevice: onDevice})
}

// tooFew is about encoders that cannot be open at once. Where nothing was found out,
// the first stream will tell.
func tooFew(p Proof) string {
	s := p.Sessions()
	if s.Works() && s.Sessions < ladderEncoders {
		return fmt.Sprintf("no more than %d encoders open at once, a ladder has up to %d (%s)", s.Sessions, ladderEncoders, s.Capped)
	}
	return ""
}

// helping are the GPUs that decode and scale for x264.
func helping(proofs []Proof) (list []pipeline.Backend) {
	i := slices.IndexFunc(proofs, func(p Proof) bool { return p.Device.API == pipeline.CPU })
	if i < 0 {
		return nil
	}
	cpu, known := perPixel(proofs[i])
	if !known {
		return nil
	}
	var found []candidate
	for _, p := range proofs {
		if takes, known := perPixel(p); p.Device.API == pipeline.CUDA && known && takes < cpu {
			b := pipeline.Backend{Encoder: pipeline.X264, Device: p.Device.Use(), Decode: true, Scale: true}
			found = append(found, candidate{b, 1 / takes})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return -cmp.Compare(a.rate, b.rate) })
	for _, c := range found {
		list = append(list, c.backend)
	}
	return list
}

// perPixel is the time that decoding and scaling take for a pixel of the source, in seconds.
func perPixel(p Proof) (seconds float64, known bool) {
	decode, scale := p.Best(pipeline.Decode, pipeline.H264), p.Best(pipeline.Scale, "")
	if !decode.Works() || !scale.Works() || decode.PixelRate <= 0 || scale.PixelRate <= 0 {
		return 0, false
	}
	return 1/decode.PixelRate + 1/scale.PixelRate, true
}

// Helps says whether the CPU's own rates decide something: where a GPU decodes and scales,
// and does not encode.
func Helps(proofs []Proof) bool {
	return slices.ContainsFunc(proofs, func(p Proof) bool {
		_, known := perPixel(p)
		_, why := encoder(p)
		return p.Device.API == pipeline.CUDA && known && why != ""
	})
}

// obstacles says why no device does what is wanted.
func obstacles(proofs []Proof, want Wanted) string {
	var list []string
	for _, p := range proofs {
		if encoders[p.Device.API] != pipeline.Encoder(want) {
			continue
		}
		if _, why := encoder(p); why != "" {
			list = append(list, p.Device.Name+": "+why)
		}
	}
	switch {
	case len(list) > 0:
		return strings.Join(list, "; ")
	case want == Wanted(pipeline.NVENC):
		return "no NVIDIA GPU found, or no NVIDIA driver (libnvidia-ml.so.1) is installed; in a container, give it the GPU (--gpus, or the NVIDIA runtime)"
	}
	return "no render node of an Intel or AMD GPU in /dev/dri (renderD*)"
}

// alike says whether two backends differ in their devices alone.
func alike(a, b pipeline.Backend) bool {
	return a.Encoder == b.Encoder && a.Decode == b.Decode && a.Scale == b.Scale
}
