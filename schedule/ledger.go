package schedule

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Options sets a ledger up.
type Options struct {
	// Spread puts each stream where the most is left. Otherwise it goes where it fills best,
	// so that the other devices keep room for large ladders.
	Spread bool
	// OneAlways has a host without any stream take one that is too much work for it: it may
	// be slower than planned, and there is nobody whom that could harm.
	OneAlways bool
}

// Way is a way to make a stream's renditions: on a device of that class.
type Way struct {
	Class string
	// Name is for whoever asked: what is done on the device. It comes back in the Lease.
	Name string
	// Device is what it takes of the device, Host of the device's host. A class of hosts
	// has it all in Device.
	Device, Host Amount
}

// Request is a stream that wants to be carried.
type Request struct {
	Stream, Channel string
	// Ladders are what may be made of it, all of its renditions first, then fewer. Each has
	// its ways, the most wanted first. A stream that is not to be shed has one ladder.
	Ladders [][]Way
}

// Lease is what a stream has been given.
type Lease struct {
	Stream, Channel string
	Device          string // the ID
	Class, Way      string // Way is the Way's Name
	Ladder          int    // index into Request.Ladders
	// Pending says that what is booked is the plan: the stream has not told yet what it uses.
	Pending bool
	// Tight says that it is more work than the device or its host has room for (OneAlways).
	Tight bool
	// Taken is what is booked on the device, Hosted on its host.
	Taken, Hosted Amount
}

// Refusal says why a request was not carried.
type Refusal struct {
	Reason Reason
	// Lacking is what the most wanted device has too little of, where the Reason is Full.
	Lacking Resource
}

// Reason is a kind of refusal.
type Reason int

// The reasons.
const (
	Unable Reason = iota // no device does what is wanted
	Failed               // those that do have failed, and were not tried again yet
	Full
)

func (r Refusal) Error() string {
	switch r.Reason {
	case Full:
		return fmt.Sprintf("the devices are full: too little is left of %s", r.Lacking)
	case Failed:
		return "the devices that do what is wanted have failed, and were not tried again yet"
	}
	return "no device does what is wanted"
}

// lease is a Lease in the books.
type lease struct {
	Lease
	on      *account
	request Request
	// reserved is the channel's standing reservation that it uses, nil for none. Of what that
	// has on the device, the stream has so much more booked than it takes: room that is to be
	// there when it comes back.
	reserved    *reservation
	room, roomy Amount // the reservation's, on the device and on its host; zero where it is elsewhere
}

// put puts a lease's amounts into the books, and pull takes them out.
func (k *lease) put() {
	k.on.book(k.Taken, k.Hosted)
	k.on.keep(k.room.beyond(k.Taken), k.roomy.beyond(k.Hosted))
}

func (k *lease) pull() {
	k.on.unbook(k.Taken, k.Hosted)
	k.on.unkeep(k.room.beyond(k.Taken), k.roomy.beyond(k.Hosted))
}

// Ledger keeps the books. It is for one goroutine at a time.
type Ledger struct {
	options  Options
	accounts []*account // in the order in which they were added
	byID     map[string]*account
	classes  map[string][]*account   // in the same order
	leases   map[string]*lease       // by stream
	reserved map[string]*reservation // by channel
	order    []string                // of reserved, as they were made
}

// New is a ledger without devices.
func New(o Options) *Ledger {
	return &Ledger{
		options: o, byID: map[string]*account{}, classes: map[string][]*account{}, leases: map[string]*lease{}, reserved: map[string]*reservation{},
	}
}

// Add adds a device, behind its host, or changes what a known one has. What is booked on it
// stays, even where that is too much now.
func (l *Ledger) Add(d Device) error {
	a := l.byID[d.ID]
	if a == nil {
		a = &account{plan: 1}
	}
	host := a
	if d.Host != "" {
		if host = l.byID[d.Host]; host == nil || host == a || host.host != host {
			return fmt.Errorf("add device %s: it has no host %q", d.ID, d.Host)
		}
	}
	if l.byID[d.ID] == nil {
		l.byID[d.ID] = a
		l.accounts = append(l.accounts, a)
		l.classes[d.Class] = append(l.classes[d.Class], a)
	} else if a.Class != d.Class || a.host != host {
		return fmt.Errorf("add device %s: it is of class %s on host %s already", d.ID, a.Class, a.host.ID)
	}
	a.Device, a.host, a.gone = d, host, false
	a.recount()
	l.reseat()
	return nil
}

// Remove has a device take no more streams. Those on it stay until they move or leave.
func (l *Ledger) Remove(id string) {
	a := l.byID[id]
	if a == nil {
		return
	}
	a.gone = true
	l.forget(a)
	l.reseat()
}

// forget drops a removed device on which nothing is booked any more, and that hosts none;
// and then its host, if that was only kept for it.
func (l *Ledger) forget(a *account) {
	if !a.gone || a.leases > 0 || slices.ContainsFunc(l.accounts, func(o *account) bool { return o != a && o.host == a }) {
		return
	}
	same := func(o *account) bool { return o == a }
	l.accounts = slices.DeleteFunc(l.accounts, same)
	l.classes[a.Class] = slices.DeleteFunc(l.classes[a.Class], same)
	delete(l.byID, a.ID)
	if a.host != a {
		l.forget(a.host)
	}
}

// Place carries a stream, or refuses it (Refusal). What is carried already never suffers.
func (l *Ledger) Place(r Request) (Lease, error) {
	if l.leases[r.Stream] != nil {
		return Lease{}, fmt.Errorf("place stream %s: it has a lease", r.Stream)
	}
	own := l.reserved[r.Channel]
	if own != nil && own.used {
		own = nil // by another stream of the channel's
	}
	seat := own.lift()
	on, way, ladder, refusal := l.choose(r.Ladders, nil)
	var room, roomy Amount
	if w, fits := seat.first(r.Ladders[0]); fits {
		on, way, ladder = seat, w, 0
		room, roomy = own.way.Device, own.way.Host
	}
	tight := on == nil
	if tight {
		on, way = l.stretch(r.Ladders[0], nil)
	}
	if on == nil {
		own.take(seat)
		return Lease{}, refusal
	}
	k := &lease{on: on, request: r, reserved: own, room: room, roomy: roomy, Lease: Lease{
		Stream: r.Stream, Channel: r.Channel, Device: on.ID, Class: on.Class, Way: way.Name, Ladder: ladder,
		Pending: true, Tight: tight, Taken: way.Device, Hosted: way.Host,
	}}
	if own != nil {
		own.used = true
	}
	l.open(k)
	l.reseat()
	return k.Lease, nil
}

// open puts a lease into the books, and shut takes it out of them.
func (l *Ledger) open(k *lease) {
	l.leases[k.Stream] = k
	k.put()
	k.on.leases++
	if k.on.host != k.on {
		k.on.host.leases++
	}
}

func (l *Ledger) shut(k *lease) {
	delete(l.leases, k.Stream)
	k.pull()
	k.on.leases--
	if k.on.host != k.on {
		k.on.host.leases--
	}
	if k.reserved != nil {
		k.reserved.used = false
	}
}

// Used tells what a stream really takes, which replaces the plan from then on. It does not
// refuse: what runs, runs.
func (l *Ledger) Used(stream string, device, host Amount) {
	k := l.leases[stream]
	if k == nil {
		return
	}
	k.pull()
	k.Taken, k.Hosted, k.Pending = device, host, false
	k.put()
	l.reseat()
}

// Release ends a stream's lease.
func (l *Ledger) Release(stream string) {
	k := l.leases[stream]
	if k == nil {
		return
	}
	l.shut(k)
	l.forget(k.on)
	l.reseat()
}

// Move gives a stream that has failed on its device something else, with as many renditions
// as it has or fewer. ladders, unless they are nil, take the place of its request's: what can
// be done may be other than it was. stay says that it may be on the same device still, in
// another way. It keeps its lease where there is nothing: whoever asked decides what
// follows.
func (l *Ledger) Move(stream string, ladders [][]Way, stay bool) (Lease, error) {
	k := l.leases[stream]
	if k == nil || ladders != nil && len(ladders) <= k.Ladder {
		return Lease{}, fmt.Errorf("move stream %s: it has no lease, or no ladder any more", stream)
	}
	l.shut(k)
	if ladders == nil {
		ladders = k.request.Ladders
	}
	not := k.on
	if stay {
		not = nil
	}
	on, way, ladder, refusal := l.choose(ladders[k.Ladder:], not)
	tight := on == nil
	if tight {
		on, way = l.stretch(ladders[k.Ladder], not)
	}
	if on == nil {
		if k.reserved != nil {
			k.reserved.used = true
		}
		l.open(k)
		return Lease{}, refusal
	}
	was := k.on
	k.request.Ladders = ladders
	if on != was {
		k.room, k.roomy = Amount{}, Amount{}
	}
	k.on, k.Ladder, k.Pending, k.Tight, k.Taken, k.Hosted = on, k.Ladder+ladder, true, tight, way.Device, way.Host
	k.Device, k.Class, k.Way = on.ID, on.Class, way.Name
	if k.reserved != nil {
		k.reserved.used = true
	}
	l.open(k)
	l.forget(was)
	l.reseat()
	return k.Lease, nil
}

// Shed has a running stream carried with another of its request's ladders, on the same device
// and in the same way. Fewer renditions are always granted, more where there is room.
func (l *Ledger) Shed(stream string, ladder int) (Lease, error) {
	k := l.leases[stream]
	if k == nil || ladder < 0 || ladder >= len(k.request.Ladders) {
		return Lease{}, fmt.Errorf("shed of stream %s: it has no lease, or no ladder %d", stream, ladder)
	}
	i := slices.IndexFunc(k.request.Ladders[ladder], func(w Way) bool { return w.Class == k.Class && w.Name == k.Way })
	if i < 0 {
		return Lease{}, fmt.Errorf("shed of stream %s: ladder %d is not made by %s", stream, ladder, k.Way)
	}
	way := k.request.Ladders[ladder][i]
	k.pull()
	lacking, lacks := k.on.lacks(way)
	if lacks && ladder < k.Ladder {
		k.put()
		return Lease{}, Refusal{Full, lacking}
	}
	k.Taken, k.Hosted, k.Ladder, k.Pending, k.Tight = way.Device, way.Host, ladder, true, k.Tight && lacks
	k.put()
	l.reseat()
	return k.Lease, nil
}

// Slow tells that streams on a device run at that speed, 1 being real time: the plan is
// lowered to what is really done. A speed of 1 or more lets it grow again, a little.
func (l *Ledger) Slow(id string, speed float64) {
	a := l.byID[id]
	if a == nil {
		return
	}
	if speed >= 1 {
		a.plan = min(a.plan+recovery, 1)
	} else if used := a.busy().share(a.Capacity); used > 0 {
		a.plan = max(min(a.plan, used*speed), leastPlan)
	}
	a.recount()
	l.reseat()
}

// Others tells what other programs take of a device.
func (l *Ledger) Others(id string, taken Amount) {
	if a := l.byID[id]; a != nil {
		a.strangers = taken
		a.recount()
		l.reseat()
	}
}

// Spread says anew how streams are placed from now on (Options.Spread).
func (l *Ledger) Spread(spread bool) { l.options.Spread = spread }

// Capped tells how many encoder sessions a device really has: what opening one too many
// said.
func (l *Ledger) Capped(id string, sessions int) {
	if a := l.byID[id]; a != nil {
		a.Capacity[Sessions] = int64(sessions)
		a.recount()
		l.reseat()
	}
}

// Failed puts a device into quarantine: nothing is put on it until it is Proven. All streams
// of one tell so, and count once: news is true of the first. until is when it is to be tried.
func (l *Ledger) Failed(id string, now time.Time) (until time.Time, news bool) {
	a := l.byID[id]
	if a == nil || a.suspect {
		return time.Time{}, false
	}
	a.fail(now)
	l.reseat()
	return a.until, true
}

// Leases are all that streams have, by stream.
func (l *Ledger) Leases() (list []Lease) {
	for _, stream := range slices.Sorted(maps.Keys(l.leases)) {
		list = append(list, l.leases[stream].Lease)
	}
	return list
}

// Due are the devices whose quarantine is over by now, and that are to be tried.
func (l *Ledger) Due(now time.Time) (ids []string) {
	for _, a := range l.accounts {
		if a.suspect && !a.gone && !now.Before(a.until) {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// Proven tells what trying a device in quarantine came to; until is when it is to be tried
// again where it does not work.
func (l *Ledger) Proven(id string, works bool, now time.Time) (until time.Time) {
	a := l.byID[id]
	if a == nil || !a.suspect {
		return time.Time{}
	}
	if !works {
		a.fail(now)
		return a.until
	}
	a.suspect = false
	l.reseat()
	return time.Time{}
}

// Well tells that a stream has run well on a device for long: its failures are forgiven.
func (l *Ledger) Well(id string) {
	if a := l.byID[id]; a != nil && !a.suspect {
		a.failures = 0
	}
}
