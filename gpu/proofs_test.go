package gpu

import (
	"time"

	"ladderd/pipeline"
)

// proven is a device on which all that is tried works at this rate, but for what edit
// changes.
func proven(d Device, rate float64, edit func(*Result)) Proof {
	p := Proof{Device: d, At: time.Unix(1_700_000_000, 0), Results: []Result{}}
	for _, a := range attempts(d) {
		r := result(a.trial)
		r.PixelRate = rate
		if d.API == pipeline.CPU {
			r.PerCore = rate / float64(d.Cores)
		}
		if r.Task == pipeline.Sessions {
			r.PixelRate, r.PerCore, r.Sessions = 0, 0, mostOpen
		}
		if edit != nil {
			edit(&r)
		}
		if !r.Works() {
			r.PixelRate, r.PerCore, r.Sessions = 0, 0, 0
		}
		p.Results = append(p.Results, r)
	}
	return p
}

// without has a task not work.
func without(why string, tasks ...pipeline.Task) func(*Result) {
	return func(r *Result) {
		for _, t := range tasks {
			if r.Task == t {
				r.Why = why
			}
		}
	}
}

var (
	t4    = Device{API: pipeline.CUDA, ID: "GPU-1", Name: "NVIDIA T4", Driver: "535.161.08", PCI: "0000:3b:00.0"}
	other = Device{API: pipeline.CUDA, ID: "GPU-2", Name: "NVIDIA T4", Driver: "535.161.08", PCI: "0000:5e:00.0"}
	h100  = Device{API: pipeline.CUDA, ID: "GPU-3", Name: "NVIDIA H100", Driver: "535.161.08"}
	iris  = Device{API: pipeline.VA, ID: "/dev/dri/renderD128", Name: "Intel GPU", Driver: "i915"}
	cpu   = Device{Name: "Imaginary CPU 3000", Cores: 4}
)
