package main

import (
	"context"
	"sync"
	"time"

	"ladderd/admission"
	"ladderd/load/proc"
	"ladderd/pipeline"
	"ladderd/stream"
)

// looks is how often the streams' workers are looked at: a few times within a part.
const looks = 250 * time.Millisecond

// watch hands admission what it cannot see: how the workers do and what time it is; and does
// what it says, until ctx ends.
func (d *devices) watch(ctx context.Context, hub *stream.Hub) {
	tick := time.NewTicker(looks)
	defer tick.Stop()
	var trying sync.WaitGroup
	defer trying.Wait()
	for {
		select {
		case now := <-tick.C:
			for _, o := range d.control.Look(now, running(hub)) {
				hub.Shed(o.Stream, o.Shed, o.Why)
			}
			for _, p := range d.control.Due(now) {
				trying.Go(func() { d.control.Tried(p.Device, d.survey.Prover.Again(ctx, p), time.Now()) })
			}
		case <-ctx.Done():
			return
		}
	}
}

// running are the workers of all streams.
func running(hub *stream.Hub) (list []admission.Running) {
	for id, w := range hub.Transcoding() {
		list = append(list, admission.Running{
			Stream: id, Behind: w.Behind, Out: w.Out.Duration(), Restarts: w.Restarts, Ready: w.Encoders != nil, CPU: cpuOf(w),
		})
	}
	return list
}

// cpuOf is what a worker has taken of the CPU; 0 where it has just gone.
func cpuOf(w pipeline.Snapshot) time.Duration {
	if w.PID == 0 {
		return 0
	}
	cpu, _ := proc.CPU(w.PID)
	return cpu
}
