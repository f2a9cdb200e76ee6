package density

import (
	"context"
	"slices"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
)

// GPU is how one did while channels were measured: the mean of what it told every two
// seconds. Nil is what it does not tell.
type GPU struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	UsePercent      *float64 `json:"use_percent,omitempty"` // of its processors
	EncoderPercent  *float64 `json:"encoder_use_percent,omitempty"`
	DecoderPercent  *float64 `json:"decoder_use_percent,omitempty"`
	PowerWatts      *float64 `json:"power_watts,omitempty"`
	MemoryUsedBytes uint64   `json:"memory_used_bytes,omitempty"` // the most, by whomever
}

const sampleEvery = 2 * time.Second

// sampler asks the devices until it is stopped. A driver may take its time; nobody waits for
// it but stop, and that for one answer at most.
type sampler struct {
	cancel context.CancelFunc
	seen   chan [][]gpu.Device
}

func sample(ask func(context.Context) []gpu.Device) *sampler {
	ctx, cancel := context.WithCancel(context.Background())
	s := &sampler{cancel: cancel, seen: make(chan [][]gpu.Device, 1)}
	go func() {
		var all [][]gpu.Device
		for at := time.Now(); until(ctx, at); at = at.Add(sampleEvery) {
			all = append(all, ask(ctx))
		}
		s.seen <- all
	}()
	return s
}

func (s *sampler) stop() []GPU {
	s.cancel()
	return average(<-s.seen)
}

// average is over the devices by their IDs; the CPU is none.
func average(all [][]gpu.Device) (gpus []GPU) {
	sums := map[string]*[4]mean{}
	for _, devices := range all {
		for _, d := range devices {
			if d.API == pipeline.CPU || d.ID == "" {
				continue
			}
			i := slices.IndexFunc(gpus, func(g GPU) bool { return g.ID == d.ID })
			if i < 0 {
				i, sums[d.ID] = len(gpus), &[4]mean{}
				gpus = append(gpus, GPU{ID: d.ID, Name: d.Name})
			}
			gpus[i].MemoryUsedBytes = max(gpus[i].MemoryUsedBytes, d.MemoryUsed)
			for k, v := range []*int{d.Load.Use, d.EncoderUse, d.DecoderUse, d.Power} {
				sums[d.ID][k].add(v)
			}
		}
	}
	for i := range gpus {
		g, m := &gpus[i], sums[gpus[i].ID]
		g.UsePercent, g.EncoderPercent, g.DecoderPercent, g.PowerWatts = m[0].value(), m[1].value(), m[2].value(), m[3].value()
	}
	return gpus
}

type mean struct{ sum, n float64 }

func (m *mean) add(v *int) {
	if v != nil {
		m.sum, m.n = m.sum+float64(*v), m.n+1
	}
}

func (m *mean) value() *float64 {
	if m.n == 0 {
		return nil
	}
	v := m.sum / m.n
	return &v
}
