package admission

import (
	"time"

	"ladderd/gpu"
	"ladderd/schedule"
)

// Status is the books as operators see them.
type Status struct {
	Devices []Device `json:"devices"`
	// Unseated are the channels for which there is no room at present, though they have
	// reserved it and are not on air.
	Unseated []string `json:"reserved_without_room,omitempty"`
	Leases   []Lease  `json:"leases"`
}

// Device is what is booked on a device.
type Device struct {
	ID   string `json:"id"` // "cpu" is the machine itself
	Name string `json:"name"`
	// Plan is how much of its measured speed is planned with: less than 1 where streams were
	// slower than planned.
	Plan   float64 `json:"plan"`
	Leases int     `json:"leases"` // of the CPU, those of its GPUs too
	// Reserved is for how many channels that are not on air room is kept on it.
	Reserved int              `json:"reserved"`
	Booked   map[string]int64 `json:"booked"` // pixels per second, bytes, sessions, thousandths of a core
	Free     map[string]int64 `json:"free"`   // likewise; without what has no limit
	// Failures is how often it has failed in a row; Until is when it is tried again, where
	// it is left alone.
	Failures int        `json:"failures"`
	Until    *time.Time `json:"tried_again_at,omitempty"`
}

// Lease is what a stream has.
type Lease struct {
	Stream  string           `json:"stream"`
	Channel string           `json:"channel"`
	Device  string           `json:"device"`
	Backend string           `json:"backend"`
	Shed    int              `json:"shed"`    // how many renditions are not encoded
	Pending bool             `json:"pending"` // what it takes is planned, and was not measured yet
	Takes   map[string]int64 `json:"takes"`   // of the device
	Host    map[string]int64 `json:"host"`    // of the machine around it
}

// Status is how things stand.
func (c *Control) Status() Status {
	c.mu.Lock()
	defer c.unlock()
	s := Status{Devices: []Device{}, Leases: []Lease{}, Unseated: c.ledger.Unseated()}
	names := map[string]string{}
	for _, p := range c.proofs {
		names[gpu.BookedAs(p.Device.Use())] = p.Device.Name
	}
	for _, a := range c.ledger.Accounts() {
		d := Device{
			ID: a.Device, Name: names[a.Device], Plan: a.Plan, Leases: a.Leases, Reserved: a.Reserved,
			Booked: figures(a.Booked), Free: figures(a.Free), Failures: a.Failures,
		}
		if !a.Until.IsZero() {
			d.Until = &a.Until
		}
		s.Devices = append(s.Devices, d)
	}
	for _, k := range c.ledger.Leases() {
		s.Leases = append(s.Leases, Lease{
			Stream: k.Stream, Channel: k.Channel, Device: k.Device, Backend: c.carried[k.Stream].backend.String(),
			Shed: len(c.carried[k.Stream].wish.Shed[k.Ladder]), Pending: k.Pending, Takes: figures(k.Taken), Host: figures(k.Hosted),
		})
	}
	return s
}

// figures are an amount's, without what there is none of, or no limit.
func figures(a schedule.Amount) map[string]int64 {
	list := map[string]int64{}
	for r, n := range a {
		if n != 0 && n < gpu.ManyBytes/2 && (schedule.Resource(r) != schedule.Sessions || n < gpu.ManyEncoders/2) {
			list[schedule.Resource(r).String()] = n
		}
	}
	return list
}
