package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"ladderd/admission"
	"ladderd/gpu"
	"ladderd/load/proc"
	"ladderd/pipeline"
	"ladderd/stream"
)

// looks is how often the streams' workers are looked at: a few times within a part.
const looks = 250 * time.Millisecond

// surveys is how often the driver is asked how its cards do.
const surveys = 30 * time.Second

// watch hands admission what it cannot see: how the workers do and what time it is; and does
// what it says, until ctx ends.
func (d *devices) watch(ctx context.Context, hub *stream.Hub) {
	tick, survey := time.NewTicker(looks), time.NewTicker(surveys)
	defer tick.Stop()
	defer survey.Stop()
	var surveying sync.Mutex
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
		case <-survey.C:
			if d.cards() && surveying.TryLock() { // a driver that hangs takes its time
				trying.Go(func() {
					defer surveying.Unlock()
					d.control.Seen(d.survey.Machine.Inventory(ctx), time.Now())
				})
			}
		case <-ctx.Done():
			return
		}
	}
}

// cards says whether there are NVIDIA's, of which the driver is asked.
func (d *devices) cards() bool {
	return slices.ContainsFunc(d.control.Devices(), func(g gpu.Device) bool { return g.API == pipeline.CUDA && g.Problem == "" })
}

// back moves streams to what their policies want most, where there is room for it.
func (d *daemon) back() {
	moved := d.devices.control.Return()
	for _, m := range moved {
		d.hub.Move(m.Stream, m.Backend)
	}
	d.log.Info("streams were asked to go back to better devices", "moved", len(moved))
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
