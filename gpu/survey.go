package gpu

import "context"

// Survey finds out what this machine does: what is kept in the cache, and the rest by
// trying.
type Survey struct {
	Machine Machine
	Cache   Cache
	Prover  Prover
	// Refresh tries all anew.
	Refresh bool
	// CPU has the processor's rates measured in any case. Otherwise they are only where
	// something is decided by them (Helps): measuring takes all of its cores for seconds.
	CPU bool
}

// Run is the proofs of all devices, the CPU's last. They are whole unless ctx is over;
// an error otherwise says that they could not be kept.
func (s Survey) Run(ctx context.Context) ([]Proof, error) {
	devices := s.Machine.Inventory(ctx)
	gpus, cpu := devices[:len(devices)-1], devices[len(devices)-1:]
	proofs, fresh, err := s.look(ctx, gpus, true)
	if err != nil {
		return proofs, err
	}
	processor, tried, err := s.look(ctx, cpu, s.CPU || Helps(proofs))
	proofs = append(proofs, processor...)
	if err != nil {
		return proofs, err
	}
	if fresh = append(fresh, tried...); len(fresh) == 0 {
		return proofs, nil
	}
	return proofs, s.Cache.Save(fresh)
}

// Processor is the CPU's proof, as far as the cache has it. Nothing is tried, and no GPU is
// looked at.
func (s Survey) Processor() Proof {
	d := s.Machine.CPU()
	known, _ := s.Cache.Load([]Device{d})
	return of(d, known)
}

// Measure finds out how fast the CPU is, where that is not known, and keeps it. It takes
// all cores for seconds, and ends with ctx.
func (s Survey) Measure(ctx context.Context) (Proof, error) {
	proofs, fresh, err := s.look(ctx, []Device{s.Machine.CPU()}, true)
	if err != nil || len(fresh) == 0 {
		return proofs[0], err
	}
	return proofs[0], s.Cache.Save(fresh)
}

// look is the proofs of some devices, in their order, and which of them are new. Those of
// which nothing is known are tried, if they may be.
func (s Survey) look(ctx context.Context, devices []Device, try bool) (proofs, fresh []Proof, err error) {
	var known []Proof
	unknown := devices
	if !s.Refresh {
		known, unknown = s.Cache.Load(devices)
	}
	for _, p := range known {
		s.Prover.proven(p)
	}
	if try {
		fresh, err = s.Prover.Prove(ctx, unknown)
	}
	for _, d := range devices {
		proofs = append(proofs, of(d, known, fresh))
	}
	return proofs, fresh, err
}

// of is d's proof, an empty one where there is none.
func of(d Device, lists ...[]Proof) Proof {
	for _, list := range lists {
		for _, p := range list {
			if p.Device.same(d) && p.Device.Problem == d.Problem {
				return p
			}
		}
	}
	return Proof{Device: d, Results: []Result{}}
}
