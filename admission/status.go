package admission

import (
	"slices"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
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
	// Encoder is the make of encoder that streams on it get, by its name in the
	// configuration; empty where it was not seen to be of use.
	Encoder pipeline.Encoder `json:"encoder,omitempty"`
	// Plan is how much of its measured speed is planned with: less than 1 where streams were
	// slower than planned.
	Plan   float64 `json:"plan"`
	Leases int     `json:"leases"` // of the CPU, those of its GPUs too
	// Reserved is for how many channels that are not on air room is kept on it.
	Reserved int              `json:"reserved"`
	Booked   map[string]int64 `json:"booked"` // pixels per second, bytes, sessions, thousandths of a core
	Free     map[string]int64 `json:"free"`   // likewise; without what has no limit
	Limit    map[string]int64 `json:"limit"`  // what may be booked in all; without what has none
	// Failures is how often it has failed in a row; Until is when it is tried again, where
	// it is left alone, and Why the reason of that.
	Failures int        `json:"failures"`
	Until    *time.Time `json:"tried_again_at,omitempty"`
	Why      string     `json:"why,omitempty"`
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
	encoders := c.encoders()
	for _, a := range c.ledger.Accounts() {
		d := Device{
			ID: a.Device, Name: names[a.Device], Encoder: encoders[a.Device], Plan: a.Plan, Leases: a.Leases, Reserved: a.Reserved,
			Booked: figures(a.Booked), Free: figures(a.Free), Limit: figures(a.Booked.Plus(a.Free)), Failures: a.Failures,
		}
		if !a.Until.IsZero() {
			d.Until, d.Why = &a.Until, c.of(a.Device).why
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

// encoders are, by device, what is best on it. The lock is held.
func (c *Control) encoders() map[string]pipeline.Encoder {
	best := map[string]pipeline.Encoder{}
	list, err := gpu.Candidates(c.proofs, gpu.Auto)
	if err != nil {
		return best
	}
	for _, b := range slices.Backward(list) { // best first
		best[gpu.BookedAs(b.Device)] = b.Encoder
	}
	return best
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
