package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// world plays streams, devices and operators on a clock of its own, and keeps books beside
// those of the ledger. twin is told the same.
type world struct {
	t          *testing.T
	rand       *rand.Rand
	l, twin    *Ledger
	now        time.Time
	streams    []string
	booked     map[string]Lease
	kept       map[string][2]Amount // of streams on reserved room: that room, of device and host
	has        map[string]Device    // by ID, with the capacity that was told last
	others     map[string]Amount
	plan       map[string]float64
	always     bool // OneAlways
	step, next int
	most       int // streams at once
}

var classes = []string{"cpu", "t4", "a10"}

// worldOf has hosts with GPUs.
func worldOf(t *testing.T, seed uint64) *world {
	o := Options{Spread: seed%2 == 1, OneAlways: seed%4 > 1}
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), l: New(o), twin: New(o), now: time.Unix(0, 0), booked: map[string]Lease{},
		kept: map[string][2]Amount{}, has: map[string]Device{}, others: map[string]Amount{}, plan: map[string]float64{}, always: o.OneAlways,
	}
	for h := range 3 {
		w.add(w.host(h))
		for g := range 3 {
			w.add(w.gpu(h, g))
		}
	}
	for c := range 3 {
		w.both(func(l *Ledger) { l.Reserve(fmt.Sprintf("vip-%d", c), w.ways(8)) })
	}
	return w
}

func (w *world) host(h int) Device {
	return Device{
		ID: fmt.Sprintf("host-%d", h), Class: "cpu", Capacity: Amount{CPU: 12000 + w.rand.Int64N(8000), Network: 500 + w.rand.Int64N(1000)},
	}
}

func (w *world) gpu(h, g int) Device {
	return Device{
		ID: fmt.Sprintf("gpu-%d-%d", h, g), Class: classes[1+g%2], Host: fmt.Sprintf("host-%d", h),
		Capacity: Amount{
			Sessions: 8 + w.rand.Int64N(8), Encode: 300 + w.rand.Int64N(400), Decode: 200 + w.rand.Int64N(200), Scale: 500 + w.rand.Int64N(1000), Memory: 500 + w.rand.Int64N(1000),
		},
	}
}

func (w *world) add(d Device) {
	w.has[d.ID] = d
	if w.l.byID[d.ID] == nil {
		delete(w.others, d.ID) // the one before is forgotten
		w.plan[d.ID] = 1
	}
	w.both(func(l *Ledger) {
		if err := l.Add(d); err != nil {
			w.t.Fatal(err)
		}
	})
}

func (w *world) both(do func(*Ledger)) {
	do(w.l)
	do(w.twin)
}

// ways are those of a ladder of so many sixteenths of the largest.
func (w *world) ways(size int64) []Way {
	gpu := Way{
		Device: Amount{Sessions: (size + 3) / 4, Encode: 5 * size, Decode: 4 * size, Scale: 8 * size, Memory: 6 * size},
		Host:   Amount{CPU: 20 * size, Network: size},
	}
	t4, a10 := gpu, gpu
	t4.Class, a10.Class = "t4", "a10"
	return []Way{a10, t4, {Class: "cpu", Device: Amount{CPU: 300 * size, Network: size}}}
}

// act does one thing that may happen.
func (w *world) act() {
	w.now = w.now.Add(time.Duration(w.rand.Int64N(int64(10 * time.Second))))
	device := fmt.Sprintf("gpu-%d-%d", w.rand.IntN(3), w.rand.IntN(3))
	if w.rand.IntN(8) == 0 {
		device = fmt.Sprintf("host-%d", w.rand.IntN(3))
	}
	switch n := w.rand.IntN(1000); {
	case n < 400:
		w.arrive()
	case n < 760:
		w.leave()
	case n < 900:
		w.use()
	case n < 940:
		w.move()
	case n < 950:
		w.both(func(l *Ledger) { l.Failed(device, w.now) })
	case n < 970:
		w.slow(device, 0.8+0.4*w.rand.Float64())
	case n < 975:
		taken := Amount{Sessions: w.rand.Int64N(3), Memory: w.rand.Int64N(200)}
		if w.l.byID[device] != nil {
			w.others[device] = taken
		}
		w.both(func(l *Ledger) { l.Others(device, taken) })
	case n < 978:
		sessions := w.rand.IntN(12)
		if d, known := w.has[device]; known && w.l.byID[device] != nil {
			d.Capacity[Sessions] = int64(sessions)
			w.has[device] = d
		}
		w.both(func(l *Ledger) { l.Capped(device, sessions) })
	case n < 980:
		h := w.rand.IntN(3)
		w.add(w.host(h))
		w.add(w.gpu(h, w.rand.IntN(3)))
	case n < 983:
		w.both(func(l *Ledger) { l.Remove(device) })
	case n < 986:
		channel, size := fmt.Sprintf("vip-%d", w.rand.IntN(4)), w.rand.Int64N(3)*8
		ways := w.ways(size)
		if size == 0 {
			ways = nil
			for s, k := range w.booked {
				if k.Channel == channel {
					delete(w.kept, s)
				}
			}
		}
		w.both(func(l *Ledger) { l.Reserve(channel, ways) })
	case n < 990:
		w.shed()
	case n < 992:
		w.ask()
	default:
		works := w.rand.IntN(3) > 0
		w.both(func(l *Ledger) {
			for _, id := range l.Due(w.now) {
				l.Proven(id, works, w.now)
			}
		})
	}
}

// slow reckons a device's plan from the work that is done there: the streams' and others'.
func (w *world) slow(device string, speed float64) {
	w.both(func(l *Ledger) { l.Slow(device, speed) })
	if w.l.byID[device] == nil {
		return
	}
	does := w.others[device]
	for _, k := range w.booked {
		if k.Device == device {
			does = does.Plus(k.Taken)
		} else if w.has[k.Device].Host == device {
			does = does.Plus(k.Hosted)
		}
	}
	share := 0.0
	for _, r := range []Resource{Encode, Decode, Scale, CPU} {
		if whole := w.has[device].Capacity[r]; whole > 0 {
			share = max(share, float64(does[r])/float64(whole))
		}
	}
	if speed >= 1 {
		w.plan[device] = min(w.plan[device]+0.05, 1)
	} else if share > 0 {
		w.plan[device] = max(min(w.plan[device], share*speed), 0.1)
	}
}

func (w *world) arrive() {
	w.next++
	r := Request{Stream: fmt.Sprintf("s%d", w.next), Channel: fmt.Sprintf("c%d", w.next)}
	size := 1 + w.rand.Int64N(16)
	r.Ladders = [][]Way{w.ways(size)}
	if w.rand.IntN(2) == 0 {
		r.Ladders = append(r.Ladders, w.ways((size+1)/2))
	}
	certain := false
	var room [2]Amount
	var seat string
	if w.rand.IntN(10) == 0 {
		r.Channel = fmt.Sprintf("vip-%d", w.rand.IntN(4))
		if seated := w.l.reserved[r.Channel]; seated != nil {
			r.Ladders, certain = [][]Way{seated.ways}, seated.on != nil
			if certain {
				room, seat = [2]Amount{seated.way.Device, seated.way.Host}, seated.on.ID
			}
		}
	}
	k, err := w.l.Place(r)
	again, errAgain := w.twin.Place(r)
	if k != again || !reflect.DeepEqual(err, errAgain) {
		w.t.Fatalf("step %d: the same request is given %+v, %v and %+v, %v", w.step, k, err, again, errAgain)
	}
	if err != nil {
		var refused Refusal
		if certain || !errors.As(err, &refused) {
			w.t.Fatalf("step %d: %s has reserved room, and is refused: %v", w.step, r.Channel, err)
		}
		return
	}
	if certain && k.Device == seat {
		w.kept[k.Stream] = room
	}
	w.booked[k.Stream] = k
	w.fits(k)
	w.streams = append(w.streams, k.Stream)
	w.most = max(w.most, len(w.streams))
}

// fits holds what was just given to what there is, by what was told of it.
func (w *world) fits(k Lease) {
	a := w.l.byID[k.Device]
	if a == nil || a.gone || a.host.gone || a.suspect {
		w.t.Fatalf("step %d: %+v is on %+v", w.step, k, a)
	}
	w.hasRoom(k)
}

// hasRoom holds what a stream takes to what there is.
func (w *world) hasRoom(k Lease) {
	sums, counts := w.sums()
	host := w.has[k.Device].Host
	if k.Tight && (!w.always || counts[cmp.Or(host, k.Device)] != 1) {
		w.t.Fatalf("step %d: %+v is tight, beside other streams", w.step, k)
	}
	w.within(k, k.Device, k.Taken, sums)
	if host != "" {
		w.within(k, host, k.Hosted, sums)
	}
}

// within says that of what k takes of a device there is as much as all together take. Only
// the work of a tight one may be more, and then nobody else has or keeps any there.
func (w *world) within(k Lease, id string, taken Amount, sums map[string]Amount) {
	for r, n := range taken {
		limit := w.has[id].Capacity[r]
		switch Resource(r) {
		case Encode, Decode, Scale, CPU:
			if k.Tight && sums[id][r] == n {
				continue
			}
			limit = int64(float64(limit) * w.plan[id])
		}
		if limit -= w.others[id][r]; n > 0 && sums[id][r] > limit {
			w.t.Fatalf("step %d: %s has %d of %s, and %d are booked by %+v and others", w.step, id, limit, Resource(r), sums[id][r], k)
		}
	}
}

// shed has a stream go on with another of its ladders.
func (w *world) shed() {
	i, found := w.any()
	if !found {
		return
	}
	before := w.booked[w.streams[i]]
	ladder := w.rand.IntN(3)
	k, err := w.l.Shed(before.Stream, ladder)
	again, errAgain := w.twin.Shed(before.Stream, ladder)
	if k != again || !reflect.DeepEqual(err, errAgain) {
		w.t.Fatalf("step %d: %+v is shed to %+v, %v and %+v, %v", w.step, before, k, err, again, errAgain)
	}
	var refused Refusal
	switch {
	case err == nil:
		if k.Device != before.Device || k.Way != before.Way || k.Ladder != ladder {
			w.t.Fatalf("step %d: %+v is shed to %+v", w.step, before, k)
		}
		w.booked[k.Stream] = k
		if ladder < before.Ladder {
			w.hasRoom(k)
		}
	case errors.As(err, &refused) && ladder >= before.Ladder:
		w.t.Fatalf("step %d: %+v may not have less: %v", w.step, before, err)
	}
}

// ask asks whether some more would fit, which changes nothing: check sees that.
func (w *world) ask() {
	var requests []Request
	for i := range 3 {
		requests = append(requests, Request{Stream: fmt.Sprint("dry-", i), Ladders: [][]Way{w.ways(1 + w.rand.Int64N(16))}})
	}
	before := w.l.Left()
	dry := w.l.Fit(requests...)
	if len(dry.Leases) < 3 == (dry.Refusal == nil) || !reflect.DeepEqual(before, w.l.Left()) {
		w.t.Fatalf("step %d: a dry run says %+v", w.step, dry)
	}
}

func (w *world) any() (i int, found bool) {
	if len(w.streams) == 0 {
		return 0, false
	}
	return w.rand.IntN(len(w.streams)), true
}

func (w *world) leave() {
	i, found := w.any()
	if !found {
		return
	}
	s := w.streams[i]
	w.both(func(l *Ledger) { l.Release(s) })
	delete(w.booked, s)
	delete(w.kept, s)
	w.streams[i] = w.streams[len(w.streams)-1]
	w.streams = w.streams[:len(w.streams)-1]
}

func (w *world) use() {
	i, found := w.any()
	if !found {
		return
	}
	k := w.booked[w.streams[i]]
	percent := 60 + w.rand.Int64N(50) // of what was planned: sometimes more
	for r := range k.Taken {
		if Resource(r) != Sessions {
			k.Taken[r] = k.Taken[r] * percent / 100
		}
	}
	k.Pending = false
	w.both(func(l *Ledger) { l.Used(k.Stream, k.Taken, k.Hosted) })
	w.booked[k.Stream] = k
}

func (w *world) move() {
	i, found := w.any()
	if !found {
		return
	}
	before := w.booked[w.streams[i]]
	stay := w.rand.IntN(4) == 0
	k, err := w.l.Move(before.Stream, nil, stay)
	again, errAgain := w.twin.Move(before.Stream, nil, stay)
	if k != again || !reflect.DeepEqual(err, errAgain) {
		w.t.Fatalf("step %d: %+v moves to %+v, %v and %+v, %v", w.step, before, k, err, again, errAgain)
	}
	if err != nil {
		return // it keeps what it has
	}
	if !stay && k.Device == before.Device || k.Ladder < before.Ladder {
		w.t.Fatalf("step %d: %+v moves to %+v", w.step, before, k)
	}
	if k.Device != before.Device {
		delete(w.kept, k.Stream)
	}
	w.booked[k.Stream] = k
	w.fits(k)
}

// check holds the ledger's books to those kept here.
func (w *world) check() {
	if len(w.l.leases) != len(w.booked) {
		w.t.Fatalf("step %d: %d leases, %d streams", w.step, len(w.l.leases), len(w.booked))
	}
	for s, k := range w.booked {
		if got := w.l.leases[s]; got == nil || got.Lease != k {
			w.t.Fatalf("step %d: %+v is booked as %+v", w.step, k, got)
		}
	}
	for _, a := range w.l.accounts {
		if a.plan != w.plan[a.ID] {
			w.t.Fatalf("step %d: the plan of %s is %v, not %v", w.step, a.ID, a.plan, w.plan[a.ID])
		}
	}
	for c, r := range w.l.reserved {
		if r.on != nil && (r.used || !r.on.usable()) {
			w.t.Fatalf("step %d: %s has room in vain: %+v", w.step, c, r)
		}
	}
	sums, counts := w.sums()
	hosting := map[*account]bool{}
	for _, a := range w.l.accounts {
		hosting[a.host] = hosting[a.host] || a.host != a
	}
	for _, a := range w.l.accounts {
		if a.gone && counts[a.ID] == 0 && !hosting[a] {
			w.t.Fatalf("step %d: %s has gone, and is kept for nothing", w.step, a.ID)
		}
		if a.leased != sums[a.ID] || a.leases != counts[a.ID] {
			w.t.Fatalf("step %d: %s has %v in %d leases, not %v in %d", w.step, a.ID, a.leased, a.leases, sums[a.ID], counts[a.ID])
		}
	}
}

// sums are what all streams and reservations take of each device, and how many streams.
func (w *world) sums() (sums map[string]Amount, counts map[string]int) {
	sums, counts = map[string]Amount{}, map[string]int{}
	put := func(id, host string, taken, hosted Amount, n int) {
		sums[id] = sums[id].Plus(taken)
		sums[host] = sums[host].Plus(hosted)
		counts[id] += n
		if host != id {
			counts[host] += n
		}
	}
	for s, k := range w.booked {
		more := w.kept[s]
		for r := range k.Taken {
			k.Taken[r], k.Hosted[r] = max(k.Taken[r], more[0][r]), max(k.Hosted[r], more[1][r])
		}
		put(k.Device, w.l.byID[k.Device].host.ID, k.Taken, k.Hosted, 1)
	}
	for _, r := range w.l.reserved {
		if r.on != nil {
			put(r.on.ID, r.on.host.ID, r.way.Device, r.way.Host, 0)
		}
	}
	return sums, counts
}

// TestBooksAreRight plays a million steps: never over capacity, no lease lost or leaked,
// reserved channels always get in, and the same things give the same answers.
func TestBooksAreRight(t *testing.T) {
	const seeds, steps = 20, 50_000
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := worldOf(t, seed)
			for w.step = range steps {
				w.act()
				w.check()
			}
			if w.next < steps/10 || w.most < 10 {
				t.Errorf("only %d requests, %d streams at once", w.next, w.most)
			}
			for len(w.streams) > 0 {
				w.leave()
			}
			w.check()
		})
	}
}

// A fleet's worth: 10,000 devices, and 100,000 streams placed on them.
func BenchmarkFleet(b *testing.B) {
	placed := 0
	for b.Loop() {
		l := New(Options{})
		for h := range 2500 {
			host := fmt.Sprint("host-", h)
			if err := l.Add(Device{ID: host, Class: "cpu", Capacity: Amount{CPU: 64000}}); err != nil {
				b.Fatal(err)
			}
			for g := range 3 {
				if err := l.Add(Device{ID: fmt.Sprint(host, "-", g), Class: "t4", Host: host, Capacity: Amount{Sessions: 48, Encode: 1400}}); err != nil {
					b.Fatal(err)
				}
			}
		}
		for s := range 100_000 {
			k, err := l.Place(Request{Stream: fmt.Sprint(s), Ladders: [][]Way{{onGPU, onCPU}}})
			if err != nil {
				b.Fatal(k, err)
			}
			placed++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(placed), "µs/placement")
}
