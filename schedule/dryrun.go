package schedule

import (
	"maps"
	"time"
)

// Dry is what placing some requests would come to.
type Dry struct {
	Leases  []Lease // one for each that fits, in order
	Refusal error   // why the next one does not; nil where all fit
	// Left is what each device would have left then, in the order in which they were added.
	Left []Left
}

// Left is what may be booked on a device still.
type Left struct {
	Device, Class string
	Free          Amount
	Usable        bool
}

// Fit says what placing these requests would come to. Nothing is booked.
func (l *Ledger) Fit(requests ...Request) (d Dry) {
	c := l.clone()
	for _, r := range requests {
		lease, err := c.Place(r)
		if err != nil {
			d.Refusal = err
			break
		}
		d.Leases = append(d.Leases, lease)
	}
	d.Left = c.Left()
	return d
}

// Left is what the devices have left.
func (l *Ledger) Left() (list []Left) {
	for _, a := range l.accounts {
		list = append(list, Left{a.ID, a.Class, a.free, a.usable()})
	}
	return list
}

// clone is a ledger with the same books.
func (l *Ledger) clone() *Ledger {
	c := New(l.options)
	same := map[*account]*account{}
	for _, a := range l.accounts {
		twin := *a
		same[a] = &twin
		c.accounts = append(c.accounts, &twin)
		c.byID[a.ID] = &twin
		c.classes[a.Class] = append(c.classes[a.Class], &twin)
	}
	for _, a := range c.accounts {
		a.host = same[a.host]
	}
	twins := map[*reservation]*reservation{}
	for channel, r := range l.reserved {
		twin := *r
		twin.on = same[r.on]
		twins[r], c.reserved[channel] = &twin, &twin
	}
	c.order = append(c.order, l.order...)
	c.leases = maps.Clone(l.leases)
	for stream, k := range c.leases {
		twin := *k
		twin.on, twin.reserved = same[k.on], twins[k.reserved]
		c.leases[stream] = &twin
	}
	return c
}

// Overfull says that more is booked on a device, or on its host, than may be: the plan was
// lowered below it.
func (l *Ledger) Overfull(id string) bool {
	a := l.byID[id]
	return a != nil && (a.overfull() || a.host.overfull())
}

// Capacity is what a device has in all, booked or not.
func (l *Ledger) Capacity(id string) Amount {
	if a := l.byID[id]; a != nil {
		return a.Capacity
	}
	return Amount{}
}

// Account is a device's, as it stands.
type Account struct {
	Device       string
	Plan         float64 // how much of its capacity for work is planned with
	Leases       int     // of a host, those of its devices too
	Reserved     int     // channels for which room is kept on it
	Booked, Free Amount
	Failures     int       // in a row
	Until        time.Time // when it is to be tried, where it is in quarantine
}

// Accounts are all devices', in the order in which they were added.
func (l *Ledger) Accounts() (list []Account) {
	reserved := map[*account]int{}
	for _, r := range l.reserved {
		if r.on != nil {
			reserved[r.on]++
		}
	}
	for _, a := range l.accounts {
		s := Account{Device: a.ID, Plan: a.plan, Leases: a.leases, Reserved: reserved[a], Booked: a.leased, Free: a.free, Failures: a.failures}
		if a.suspect {
			s.Until = a.until
		}
		list = append(list, s)
	}
	return list
}
