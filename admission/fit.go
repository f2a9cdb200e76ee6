package admission

import (
	"fmt"
	"strings"

	"ladderd/gpu"
	"ladderd/schedule"
)

// Answer is what `ladderd fit --json` prints.
type Answer struct {
	// Fits are the channels that fit, one after the other.
	Fits []Fitting `json:"fits"`
	// Why is why the next one does not; empty where all fit.
	Why string `json:"why,omitempty"`
	// InAll is how many such channels fit beside those that are carried, at most 10,000; absent
	// where they take nothing.
	InAll *int   `json:"in_all,omitempty"`
	Left  []Left `json:"left,omitempty"`
	// Ways are what one takes of each kind of device that could make it.
	Ways []Fitting `json:"ways,omitempty"`
}

// Fitting is where a channel would be, and what it would take.
type Fitting struct {
	Device  string  `json:"device"`  // its ID; "cpu"
	Backend string  `json:"backend"` // what would be done there
	Takes   Amounts `json:"takes"`
	// CPU is what it would take of the machine beside a GPU, in cores.
	CPU float64 `json:"cpu_cores"`
	// Shed is how many renditions would not be encoded; Tight says that it is more work than
	// there is time for, and alone.
	Shed  int  `json:"shed,omitempty"`
	Tight bool `json:"tight,omitempty"`
}

// Left is what a device would have left.
type Left struct {
	Device string  `json:"device"`
	Name   string  `json:"name"`
	Has    Amounts `json:"has"`
}

// Amounts are a device's, in the units of probe; what it does not have is left out.
type Amounts struct {
	Sessions *int64 `json:"sessions,omitempty"`
	Encode   int64  `json:"encode_pixels_per_second,omitempty"`
	Decode   int64  `json:"decode_pixels_per_second,omitempty"`
	Scale    int64  `json:"scale_pixels_per_second,omitempty"`
	Memory   int64  `json:"memory_bytes,omitempty"`
	// Network and Disk are bits and bytes per second, where the configuration limits them.
	Network *int64   `json:"network_bits_per_second,omitempty"`
	Disk    *int64   `json:"disk_bytes_per_second,omitempty"`
	CPU     *float64 `json:"cpu_cores,omitempty"`
}

func (c *Control) amounts(a schedule.Amount, host bool) Amounts {
	if host {
		cores := float64(a[schedule.CPU]) / 1000
		f := Amounts{CPU: &cores}
		if c.host.Network > 0 {
			f.Network = &a[schedule.Network]
		}
		if c.host.Disk > 0 {
			f.Disk = &a[schedule.Disk]
		}
		return f
	}
	f := Amounts{Encode: a[schedule.Encode], Decode: a[schedule.Decode], Scale: a[schedule.Scale]}
	if n := a[schedule.Sessions]; n < gpu.ManyEncoders/2 {
		f.Sessions = &n
	}
	if n := a[schedule.Memory]; n < gpu.ManyBytes/2 {
		f.Memory = n
	}
	return f
}

// MostFit bounds the search for how many channels fit in all.
const MostFit = 10_000

// Fit says whether so many streams like w would be carried beside those that are, where, and
// what would be left. Nothing is booked.
func (c *Control) Fit(w Wish, p Policy, count int) Answer {
	if len(w.Shed) == 0 {
		w.Shed = [][]int{nil}
	}
	c.mu.Lock()
	defer c.unlock()
	p = p.normal()
	list, err := p.Backends(c.proofs)
	if err != nil {
		return Answer{Fits: []Fitting{}, Why: err.Error()}
	}
	ladders := c.ladders(w, p, list)
	requests := make([]schedule.Request, MostFit)
	for i := range requests {
		requests[i] = schedule.Request{Stream: fmt.Sprint("dry run ", i), Ladders: ladders}
	}
	all := len(c.ledger.Fit(requests...).Leases)
	a := Answer{InAll: &all, Fits: []Fitting{}}
	for _, w := range ladders[0] {
		a.Ways = append(a.Ways, c.fitting("", w.Name, w.Class == gpu.Host, w.Device, w.Host))
	}
	dry := c.ledger.Fit(requests[:count]...)
	for _, k := range dry.Leases {
		name := strings.Replace(k.Way, "on any", "on "+k.Device, 1)
		f := c.fitting(k.Device, name, k.Device == gpu.Host, k.Taken, k.Hosted)
		f.Shed, f.Tight = len(w.Shed[k.Ladder]), k.Tight
		a.Fits = append(a.Fits, f)
	}
	if dry.Refusal != nil {
		a.Why = dry.Refusal.Error()
	}
	for _, left := range dry.Left {
		a.Left = append(a.Left, Left{left.Device, c.name(left.Device), c.amounts(left.Free, left.Device == gpu.Host)})
	}
	return a
}

// name is a device's, by its ID in the books. The lock is held.
func (c *Control) name(id string) string {
	for _, p := range c.proofs {
		if gpu.BookedAs(p.Device.Use()) == id {
			return p.Device.Name
		}
	}
	return id
}

// fitting is what a channel takes of a device, which may be the host.
func (c *Control) fitting(device, backend string, host bool, taken, hosted schedule.Amount) Fitting {
	p := Fitting{Device: device, Backend: backend, Takes: c.amounts(taken, host), CPU: float64(hosted[schedule.CPU]) / 1000}
	if taken[schedule.Sessions] == 0 {
		p.Takes.Sessions = nil
	}
	if host {
		p.CPU = *p.Takes.CPU
	} else {
		around := c.amounts(hosted, true)
		p.Takes.Network, p.Takes.Disk = around.Network, around.Disk
	}
	return p
}
