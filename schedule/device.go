package schedule

import "time"

// Device is something that streams can be put on, or the host of such: a GPU, or all of a
// machine's cores.
type Device struct {
	ID string
	// Class is what requests name: devices of one class cost a stream the same.
	Class string
	// Host is the ID of the device that has the CPU, network and disk; empty where that is
	// this one.
	Host string
	// Capacity is what probing measured.
	Capacity Amount
}

// account is a device's, with what is booked on it.
type account struct {
	Device
	host *account // itself for a host

	// plan is how much of the capacity for work is planned with: less than 1 where streams
	// were slower than planned.
	plan float64
	// leased is what leases have booked, pending and used; strangers what other programs
	// take.
	leased, strangers Amount
	// idle is what of leased is kept for reservations and not used.
	idle   Amount
	leases int  // of the device and, for a host, of its devices
	gone   bool // it was removed; its leases run out

	// limit is what may be booked in all, free what may be booked still: it is negative where
	// the plan was lowered below what is booked. fill is the part that is booked of what is
	// scarcest.
	limit, free Amount
	fill        float64

	failures int       // in a row
	until    time.Time // of its quarantine
	suspect  bool      // it has to be tried before it is used again
}

// recount sets what follows from capacity, plan, strangers and leases.
func (a *account) recount() {
	a.limit = a.Capacity
	for _, r := range work {
		a.limit[r] = int64(float64(a.limit[r]) * a.plan)
	}
	a.limit = a.limit.Minus(a.strangers)
	a.balance()
}

func (a *account) balance() {
	a.free = a.limit.Minus(a.leased)
	a.fill = a.leased.Plus(a.strangers).share(a.limit.Plus(a.strangers))
}

// lacks is what there is too little of for a way, on the device or on its host.
func (a *account) lacks(w Way) (Resource, bool) {
	lacking, lacks := w.Device.lacks(&a.free)
	if !lacks && a.host != a {
		lacking, lacks = w.Host.lacks(&a.host.free)
	}
	return lacking, lacks
}

// lacksOnlyTime says that a way would fit if work took no time.
func (a *account) lacksOnlyTime(w Way) bool {
	for _, r := range work {
		w.Device[r], w.Host[r] = 0, 0
	}
	_, lacks := a.lacks(w)
	return !lacks
}

// empty says that no stream is on the device's host or on any of its devices, and that nothing
// is kept for one on the device or on its host.
func (a *account) empty() bool {
	return a.host.leases == 0 && a.host.leased == Amount{} && a.leased == Amount{}
}

// overfull says that more is booked than may be: streams took more than was planned, or
// the plan was lowered.
func (a *account) overfull() bool {
	_, lacks := a.leased.lacks(&a.limit)
	return lacks
}

// book adds what a way takes to the books, with its host's; unbook takes it out.
func (a *account) book(device, host Amount) {
	a.leased = a.leased.Plus(device)
	a.balance()
	a.host.leased = a.host.leased.Plus(host)
	a.host.balance()
}

// keep books room that is not used, with its host's; unkeep takes it out.
func (a *account) keep(device, host Amount) {
	a.idle = a.idle.Plus(device)
	a.host.idle = a.host.idle.Plus(host) // behind the other: a host is its own
	a.book(device, host)
}

func (a *account) unkeep(device, host Amount) {
	a.keep(Amount{}.Minus(device), Amount{}.Minus(host))
}

func (a *account) unbook(device, host Amount) { a.book(Amount{}.Minus(device), Amount{}.Minus(host)) }

// busy is what the device does at present: the work of its streams, and of others. Sessions
// and memory are no work, and room that is kept is none yet.
func (a *account) busy() (does Amount) {
	for _, r := range work {
		does[r] = a.leased[r] - a.idle[r] + a.strangers[r]
	}
	return does
}

// usable says whether streams may be put on it.
func (a *account) usable() bool { return !a.gone && !a.suspect && !a.host.gone }

const (
	// quarantine is how long a device that failed is left alone for the first time. It
	// doubles with each failure in a row, up to the longest.
	quarantine        = 10 * time.Second
	longestQuarantine = time.Hour
	// leastPlan is the least that a plan is lowered to: what is slower than that is
	// broken, and fails.
	leastPlan = 0.1
	// recovery is by how much a plan grows with each good word.
	recovery = 0.05
)

// fail puts the device into quarantine, which each further failure in a row doubles.
func (a *account) fail(now time.Time) {
	wait := longestQuarantine
	if a.failures < 16 {
		wait = min(quarantine<<a.failures, longestQuarantine)
	}
	a.failures++
	a.until, a.suspect = now.Add(wait), true
}
