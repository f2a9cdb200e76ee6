package gpu

import (
	"ladderd/pipeline"
	"ladderd/schedule"
)

// Ways are the ways in which these backends do a job, in their order, each with what it
// takes. Equal devices share one.
func Ways(proofs []Proof, backends []pipeline.Backend, j pipeline.Job) (ways []schedule.Way) {
	seen := map[string]bool{}
	for _, b := range backends {
		w := Takes(proofs, b, j)
		if key := w.Class + w.Name; !seen[key] {
			seen[key] = true
			ways = append(ways, w)
		}
	}
	return ways
}

// Chosen is the backend that a lease is for: that of its way on its device.
func Chosen(proofs []Proof, backends []pipeline.Backend, k schedule.Lease) (pipeline.Backend, bool) {
	for _, b := range backends {
		if BookedAs(b.Device) == k.Device && wayOf(b) == k.Way {
			return b, true
		}
	}
	return pipeline.Backend{}, false
}

// BookedAs is a device's ID in the books.
func BookedAs(d pipeline.Device) string {
	if d.API == pipeline.CPU {
		return Host
	}
	return d.ID
}

// wayOf names what a backend does, whatever the device.
func wayOf(b pipeline.Backend) string {
	if b.Device.API != pipeline.CPU {
		b.Device.ID = "any"
	}
	return b.String()
}

// Fault puts into an operator's words why a stream's backend failed on d, for a reason that its
// worker told. full says that the device may be well, but let no more encoders be opened.
func Fault(d Device, failed pipeline.Backend, reason string) (why string, noSessions bool) {
	why, _ = explain(d, pipeline.Trial{Task: pipeline.Encode, Backend: failed, Codec: pipeline.H264}, reason)
	return why, why == full
}

// DeviceOf is the device that a backend names, as the proofs know it.
func DeviceOf(proofs []Proof, use pipeline.Device) Device {
	for _, p := range proofs {
		if p.Device.Use() == use {
			return p.Device
		}
	}
	return Device{API: use.API, ID: use.ID}
}
