package gpu

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	"ladderd/pipeline"
)

// counting does all at once, and counts what it is asked for, by interface.
func counting(gpus, cpus *atomic.Int64) Try {
	return func(_ context.Context, t pipeline.Trial) (pipeline.Finding, error) {
		if t.Backend.Device.API == pipeline.CPU {
			cpus.Add(1)
		} else {
			gpus.Add(1)
		}
		f := pipeline.Finding{Pictures: 100, Elapsed: 1e9, Sessions: t.Most}
		if t.Task == pipeline.Encode && t.Backend.Device.ID == "GPU-2" {
			f = pipeline.Finding{Failure: "OpenEncodeSessionEx failed: unsupported device (2)"}
		}
		return f, nil
	}
}

func TestSurvey(t *testing.T) {
	root := tree(t, nil)
	var gpus, cpus atomic.Int64
	s := Survey{
		Machine: Machine{Root: root, Cards: playing("two cards")},
		Cache:   Cache{Path: filepath.Join(root, "devices.json"), By: "ladderd 1"},
		Prover:  Prover{Try: counting(&gpus, &cpus)},
	}
	run := func(step string, wantGPUs, wantCPUs bool) {
		t.Helper()
		gpus.Store(0)
		cpus.Store(0)
		proofs, err := s.Run(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if len(proofs) != 3 || proofs[0].Device.ID != "GPU-1" || proofs[1].Device.ID != "GPU-2" || proofs[2].Device.API != pipeline.CPU {
			t.Fatalf("%s: proofs %+v", step, proofs)
		}
		if _, why := encoder(proofs[0]); why != "" {
			t.Errorf("%s: the first GPU: %s", step, why)
		}
		if _, why := encoder(proofs[1]); why != noEncoder {
			t.Errorf("%s: the second GPU: %s", step, why)
		}
		if (gpus.Load() > 0) != wantGPUs || (cpus.Load() > 0) != wantCPUs {
			t.Errorf("%s: %d trials of GPUs, %d of the CPU", step, gpus.Load(), cpus.Load())
		}
	}
	run("the first time, with a GPU that has no encoder", true, true)
	run("again", false, false)
	s.Cache.By = "ladderd 2"
	run("after an update", true, true)
	s.Refresh = true
	run("on demand", true, true)
}

// Where a GPU encodes, or there is none, nothing is decided by the CPU's rates.
func TestSurveyLeavesTheCPUAlone(t *testing.T) {
	var gpus, cpus atomic.Int64
	s := Survey{Machine: Machine{Root: tree(t, nil), Cards: playing("no library")}, Prover: Prover{Try: counting(&gpus, &cpus)}}
	proofs, err := s.Run(t.Context())
	if err != nil || len(proofs) != 1 || gpus.Load()+cpus.Load() != 0 {
		t.Errorf("%d trials, proofs %+v, %v", gpus.Load()+cpus.Load(), proofs, err)
	}
	s.CPU = true
	if proofs, err = s.Run(t.Context()); err != nil || cpus.Load() == 0 || !proofs[0].Best(pipeline.Encode, pipeline.H264).Works() {
		t.Errorf("%d trials, proofs %+v, %v", cpus.Load(), proofs, err)
	}
}
