package schedule

import (
	"maps"
	"slices"
)

// reservation is room for a channel's next stream. It is on one device, booked there like a
// lease, for as long as the channel has no stream; Place gives it to that, and what the
// stream does not take of it is kept for the next one.
type reservation struct {
	channel string
	ways    []Way
	used    bool     // the channel has a stream, which has a lease of its own
	on      *account // nil where there is no room at present
	way     Way
}

// Reserve keeps room for a channel's stream, of the largest ladder and input that it may
// have; without ways it does so no more.
func (l *Ledger) Reserve(channel string, ways []Way) {
	old := l.reserved[channel]
	if len(ways) == 0 {
		l.unreserve(channel)
		return
	}
	if old == nil {
		old = &reservation{channel: channel}
		l.reserved[channel] = old
		l.order = append(l.order, channel)
		l.adopt(old)
	}
	old.lift()
	old.ways = ways
	l.reseat()
}

// adopt has a stream that is on air be the one that the reservation is for.
func (l *Ledger) adopt(r *reservation) {
	for _, stream := range slices.Sorted(maps.Keys(l.leases)) {
		if k := l.leases[stream]; k.Channel == r.channel {
			k.reserved, r.used = r, true
			return
		}
	}
}

func (l *Ledger) unreserve(channel string) {
	old := l.reserved[channel]
	if old == nil {
		return
	}
	old.lift()
	delete(l.reserved, channel)
	l.order = slices.DeleteFunc(l.order, func(c string) bool { return c == channel })
	for _, k := range l.leases {
		if k.reserved == old {
			k.pull()
			k.reserved, k.room, k.roomy = nil, Amount{}, Amount{}
			k.put()
		}
	}
	l.reseat()
}

// Unseated are the channels for which there is no room at present, though they have
// reserved it and are not on air.
func (l *Ledger) Unseated() (channels []string) {
	for _, c := range l.order {
		if r := l.reserved[c]; r.on == nil && !r.used {
			channels = append(channels, c)
		}
	}
	return channels
}

// lift takes the reservation out of the books and gives where it was, for take; nil where it
// has no room, or is none.
func (r *reservation) lift() *account {
	if r == nil || r.on == nil {
		return nil
	}
	on := r.on
	on.unkeep(r.way.Device, r.way.Host)
	r.on = nil
	return on
}

// take puts it back, nowhere where it had no room.
func (r *reservation) take(on *account) {
	if on != nil {
		r.on = on
		on.keep(r.way.Device, r.way.Host)
	}
}

// reseat books those reservations that have no room where there is some now, and moves
// those whose device is not usable any more, or overfull.
func (l *Ledger) reseat() {
	var badly []*reservation
	for _, c := range l.order {
		if r := l.reserved[c]; r.on != nil && (!r.on.usable() || r.on.overfull() || r.on.host.overfull()) {
			badly = append(badly, r)
		}
	}
	for _, r := range badly { // all of them first: one may go where another was
		r.lift()
	}
	for _, c := range l.order {
		r := l.reserved[c]
		if r.on != nil || r.used {
			continue
		}
		if on, way, _, _ := l.choose([][]Way{r.ways}, nil); on != nil {
			r.way = way
			r.take(on)
		}
	}
}
