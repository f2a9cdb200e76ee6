package gpu

import (
	"cmp"
	"slices"

	"ladderd/pipeline"
)

// Device is a piece of hardware that can do a part of the work, as the machine tells of
// it. Nothing of this is proven.
type Device struct {
	API pipeline.API `json:"api"` // "cuda", "va", or "" for the CPU
	// ID is pipeline.Device's. It is empty for the CPU, and for a GPU that cannot be
	// named to any driver.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Driver is NVIDIA's version ("535.161.08"), or the kernel driver of a render node with
	// its version ("i915 6.1.0-28-amd64"); empty for the CPU.
	Driver string `json:"driver,omitempty"`
	PCI    string `json:"pci,omitempty"` // "0000:65:00.0"; empty where the machine does not tell
	// Memory is the device's own, in bytes, and MemoryUsed by whomever; 0 where the
	// machine does not tell, and for the CPU.
	Memory     uint64 `json:"memory_bytes,omitempty"`
	MemoryUsed uint64 `json:"memory_used_bytes,omitempty"`
	Cores      int    `json:"cores,omitempty"` // of the CPU, those that ladderd may use
	Load
	// Problem is why nothing can be tried on it, in an operator's words; empty where it can.
	Problem string `json:"problem,omitempty"`
}

// Load is how a device does at the moment; nil where it does not tell.
type Load struct {
	Temperature *int `json:"temperature_c,omitempty"`
	// Use is how busy a device is in percent: its processors, its encoders, its decoders.
	Use        *int `json:"use_percent,omitempty"`
	EncoderUse *int `json:"encoder_use_percent,omitempty"`
	DecoderUse *int `json:"decoder_use_percent,omitempty"`
	Power      *int `json:"power_watts,omitempty"` // that it takes
}

// Use is the device as a worker is told of it.
func (d Device) Use() pipeline.Device { return pipeline.Device{API: d.API, ID: d.ID} }

// same says whether what was found out about d holds for other.
func (d Device) same(other Device) bool {
	return d.API == other.API && d.ID == other.ID && d.Name == other.Name && d.Driver == other.Driver &&
		d.PCI == other.PCI && d.Cores == other.Cores
}

// sorted has GPUs before the CPU, and each kind in the order of its slots.
func sorted(devices []Device) []Device {
	rank := map[pipeline.API]int{pipeline.CUDA: 0, pipeline.VA: 1, pipeline.CPU: 2}
	slices.SortStableFunc(devices, func(a, b Device) int {
		return cmp.Or(cmp.Compare(rank[a.API], rank[b.API]), cmp.Compare(a.PCI, b.PCI), cmp.Compare(a.ID, b.ID))
	})
	return devices
}
