package density

import (
	"slices"

	"ladderd/gpu"
	"ladderd/pipeline"
	"ladderd/schedule"
)

// Share is how much of what a device was proven to do channels take by the plan that ladderd
// fit goes by (gpu.Takes).
type Share struct {
	Device   string `json:"device"`   // its name, of a GPU with its ID
	Resource string `json:"resource"` // "encoding", "encoder sessions", "CPU" …: schedule.Resource's words
	// Taken and Proven are pixels per second; sessions; of "GPU memory" bytes, of "CPU"
	// thousandths of a core.
	Taken  int64   `json:"taken"`
	Proven int64   `json:"proven"`
	Share  float64 `json:"share"`
}

// Shares is what the first n channels take, device by device. Of devices that were not proven
// nothing is told, nor of any where the CPU was not.
func (p *Pipelines) Shares(n int, proofs []gpu.Proof) (shares []Share) {
	if !gpu.Measured(proofs) {
		return nil
	}
	taken := map[pipeline.Device]schedule.Amount{}
	for i := range n {
		b := p.backend(i)
		way := gpu.Takes(proofs, b, p.stream(i).plan.Job)
		taken[b.Device] = taken[b.Device].Plus(way.Device)
		taken[pipeline.Device{}] = taken[pipeline.Device{}].Plus(way.Host)
	}
	for _, proof := range proofs {
		shares = slices.Concat(shares, sharesOf(proof, taken[proof.Device.Use()]))
	}
	return shares
}

func sharesOf(p gpu.Proof, taken schedule.Amount) (shares []Share) {
	name := p.Device.Name
	if p.Device.ID != "" {
		name += " " + p.Device.ID
	}
	for r, has := range gpu.Books(p, gpu.Capacity{}).Capacity {
		// A limit that nobody knows is no proof.
		if taken[r] == 0 || has <= 0 || has >= gpu.ManyBytes || schedule.Resource(r) == schedule.Sessions && has >= gpu.ManyEncoders {
			continue
		}
		shares = append(shares, Share{name, schedule.Resource(r).String(), taken[r], has, float64(taken[r]) / float64(has)})
	}
	return shares
}
