package schedule

import (
	"errors"
	"testing"
	"time"
)

// box is a machine with two GPUs of 4 streams each, and cores for 3.
func box(t *testing.T, o Options) *Ledger {
	t.Helper()
	l := New(o)
	for _, d := range []Device{
		{ID: "cpu", Class: "cpu", Capacity: Amount{CPU: 9000}},
		{ID: "gpu-1", Class: "t4", Host: "cpu", Capacity: Amount{Sessions: 8, Encode: 400}},
		{ID: "gpu-2", Class: "t4", Host: "cpu", Capacity: Amount{Sessions: 8, Encode: 400}},
	} {
		if err := l.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

var (
	onGPU = Way{Class: "t4", Device: Amount{Sessions: 2, Encode: 100}, Host: Amount{CPU: 100}}
	half  = Way{Class: "t4", Device: Amount{Sessions: 1, Encode: 50}, Host: Amount{CPU: 100}}
	onCPU = Way{Class: "cpu", Device: Amount{CPU: 3000}}
)

func place(t *testing.T, l *Ledger, stream string, ways ...Way) string {
	t.Helper()
	k, err := l.Place(Request{Stream: stream, Channel: stream, Ladders: [][]Way{ways}})
	if err != nil {
		return err.Error()
	}
	return k.Device
}

func places(t *testing.T, l *Ledger, want string, streams string, ways ...Way) {
	t.Helper()
	for _, s := range streams {
		if got := place(t, l, string(s), ways...); got != want {
			t.Errorf("stream %c: %s, want %s", s, got, want)
		}
	}
}

func TestBestFitFillsOneDeviceAfterTheOther(t *testing.T) {
	l := box(t, Options{})
	places(t, l, "gpu-1", "abcd", onGPU)
	places(t, l, "gpu-2", "e", onGPU)
	l.Release("a")
	places(t, l, "gpu-1", "f", onGPU)
}

func TestSpreadFillsAllAlike(t *testing.T) {
	l := box(t, Options{Spread: true})
	places(t, l, "gpu-1", "a", onGPU)
	places(t, l, "gpu-2", "b", onGPU)
	places(t, l, "gpu-1", "c", onGPU)
	places(t, l, "gpu-2", "d", onGPU)
}

func TestWaysInTheirOrder(t *testing.T) {
	l := box(t, Options{})
	places(t, l, "gpu-1", "abcd", onGPU, onCPU)
	places(t, l, "gpu-2", "efgh", onGPU, onCPU)
	places(t, l, "cpu", "ij", onGPU, onCPU) // 800 of its cores are the GPUs' streams'
	places(t, l, "the devices are full: too little is left of encoder sessions", "k", onGPU, onCPU)
	places(t, l, "the devices are full: too little is left of CPU", "k", onCPU)
	places(t, l, "no device does what is wanted", "k", Way{Class: "va"})
}

func TestShedWhereNothingElseFits(t *testing.T) {
	l := box(t, Options{})
	places(t, l, "gpu-1", "abcd", onGPU)
	places(t, l, "gpu-2", "efg", onGPU)
	places(t, l, "gpu-2", "h", half)
	k, err := l.Place(Request{Stream: "i", Ladders: [][]Way{{onGPU}, {half}}})
	if err != nil || k.Ladder != 1 || k.Device != "gpu-2" || k.Taken != half.Device {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestWhatIsUsedReplacesThePlan(t *testing.T) {
	l := box(t, Options{})
	places(t, l, "cpu", "abc", onCPU)
	places(t, l, "the devices are full: too little is left of CPU", "d", onCPU)
	for _, s := range []string{"a", "b", "c"} {
		l.Used(s, Amount{CPU: 2000}, Amount{})
	}
	places(t, l, "cpu", "d", onCPU)
	l.Used("d", Amount{CPU: 9000}, Amount{})
	if free := l.Left()[0].Free[CPU]; free != -6000 {
		t.Errorf("%d left", free)
	}
}

func TestSlowStreamsLowerThePlan(t *testing.T) {
	l := box(t, Options{})
	places(t, l, "cpu", "ab", onCPU)
	l.Slow("cpu", 0.9) // 6 of 9 cores were asked for, 5.4 are there
	if free := l.Left()[0].Free[CPU]; free != 5400-6000 {
		t.Errorf("%d left", free)
	}
	for range 100 {
		l.Slow("cpu", 1)
	}
	places(t, l, "cpu", "c", onCPU)
}

func TestStrangersAndCaps(t *testing.T) {
	l := box(t, Options{})
	l.Others("gpu-1", Amount{Sessions: 7})
	l.Capped("gpu-2", 3)
	places(t, l, "gpu-2", "a", onGPU)
	places(t, l, "the devices are full: too little is left of encoder sessions", "b", onGPU)
	l.Others("gpu-1", Amount{})
	places(t, l, "gpu-1", "b", onGPU)
}

func TestStrangersCountWhereStreamsAreSpread(t *testing.T) {
	l := box(t, Options{Spread: true})
	l.Others("gpu-1", Amount{Encode: 300})
	places(t, l, "gpu-2", "ab", onGPU)
	l = box(t, Options{})
	l.Others("gpu-2", Amount{Encode: 300})
	places(t, l, "gpu-2", "a", onGPU)
}

func TestMove(t *testing.T) {
	now := time.Unix(0, 0)
	l := box(t, Options{})
	places(t, l, "gpu-1", "ab", onGPU, onCPU)
	l.Failed("gpu-1", now)
	for _, c := range []struct{ stream, want string }{{"a", "gpu-2"}, {"b", "gpu-2"}} {
		if k, err := l.Move(c.stream, nil, false); err != nil || k.Device != c.want {
			t.Errorf("stream %s: %+v, %v", c.stream, k, err)
		}
	}
	l.Failed("gpu-2", now)
	if k, err := l.Move("a", nil, false); err != nil || k.Device != "cpu" {
		t.Errorf("%+v, %v", k, err)
	}
	places(t, l, "cpu", "c", onCPU)
	l.Used("c", Amount{CPU: 6000}, Amount{})
	var full Refusal
	if _, err := l.Move("b", nil, false); !errors.As(err, &full) || full.Lacking != CPU {
		t.Errorf("%v", err)
	}
	l.Release("b") // it has its lease still
	if free := l.Left()[2].Free; free != (Amount{Sessions: 8, Encode: 400}) {
		t.Errorf("%v left", free)
	}
}

func TestQuarantineGrows(t *testing.T) {
	now := time.Unix(0, 0)
	l := box(t, Options{})
	l.Remove("gpu-2")
	for _, wait := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
		l.Failed("gpu-1", now)
		if due := l.Due(now.Add(wait - 1)); len(due) > 0 {
			t.Errorf("due before %v: %v", wait, due)
		}
		now = now.Add(wait)
		if due := l.Due(now); len(due) != 1 || due[0] != "gpu-1" {
			t.Errorf("due after %v: %v", wait, due)
		}
		places(t, l, "the devices that do what is wanted have failed, and were not tried again yet", "a", onGPU)
		l.Proven("gpu-1", true, now)
		places(t, l, "gpu-1", "a", onGPU)
		l.Release("a")
	}
	l.Failed("gpu-1", now)
	l.Failed("gpu-1", now) // another stream of the same card
	if due := l.Due(now.Add(80 * time.Second)); len(due) != 1 {
		t.Error("one failure counts as two")
	}
	for range 100 {
		l.Proven("gpu-1", false, now)
	}
	if due := l.Due(now.Add(longestQuarantine)); len(due) != 1 {
		t.Error("it never ends")
	}
	l.Proven("gpu-1", true, now)
	l.Well("gpu-1")
	l.Failed("gpu-1", now)
	if due := l.Due(now.Add(quarantine)); len(due) != 1 {
		t.Error("a device that ran well is not forgiven")
	}
}

func TestReservedChannelsGetIn(t *testing.T) {
	l := box(t, Options{})
	l.Reserve("vip", []Way{onGPU})
	places(t, l, "gpu-1", "abc", onGPU)
	places(t, l, "gpu-2", "defg", onGPU)
	places(t, l, "the devices are full: too little is left of encoder sessions", "h", onGPU)
	vip := Request{Stream: "v", Channel: "vip", Ladders: [][]Way{{onGPU}}}
	if _, err := l.Place(vip); err != nil {
		t.Fatal(err)
	}
	places(t, l, "the devices are full: too little is left of encoder sessions", "h", onGPU)
	l.Release("v")
	places(t, l, "the devices are full: too little is left of encoder sessions", "h", onGPU)
	l.Failed("gpu-1", time.Unix(0, 0)) // its room goes elsewhere, when there is some
	if u := l.Unseated(); len(u) != 1 || u[0] != "vip" {
		t.Errorf("unseated: %v", u)
	}
	l.Release("d")
	if u := l.Unseated(); len(u) != 0 {
		t.Errorf("unseated: %v", u)
	}
	l.Reserve("vip", nil)
	places(t, l, "gpu-2", "h", onGPU)
}

// A reserved channel that asks for more than it has reserved, in vain, keeps its room.
func TestReservationOutlivesARefusal(t *testing.T) {
	l := box(t, Options{})
	l.Reserve("vip", []Way{onGPU})
	l.Reserve("other", []Way{{Class: "t4", Device: Amount{Sessions: 9}}}) // nowhere
	places(t, l, "gpu-1", "abc", onGPU)
	places(t, l, "gpu-2", "defg", onGPU)
	if _, err := l.Place(Request{Stream: "v", Channel: "vip", Ladders: [][]Way{{{Class: "t4", Device: Amount{Sessions: 3}}}}}); err == nil {
		t.Error("more than is reserved fits")
	}
	if _, err := l.Place(Request{Stream: "v", Channel: "vip", Ladders: [][]Way{{onGPU}}}); err != nil {
		t.Error(err)
	}
}

func TestReloadLeavesStreamsAlone(t *testing.T) {
	l := box(t, Options{})
	places(t, l, "gpu-1", "ab", onGPU)
	if err := l.Add(Device{ID: "gpu-1", Class: "t4", Host: "cpu", Capacity: Amount{Sessions: 2, Encode: 400}}); err != nil {
		t.Fatal(err)
	}
	places(t, l, "gpu-2", "c", onGPU)
	l.Remove("gpu-1")
	if n := len(l.Left()); n != 3 {
		t.Errorf("a device with streams is forgotten: %d left", n)
	}
	l.Release("a")
	l.Release("b")
	if n := len(l.Left()); n != 2 {
		t.Errorf("a device that has gone is kept: %d left", n)
	}
	if err := l.Add(Device{ID: "gpu-9", Class: "t4", Host: "gpu-2"}); err == nil {
		t.Error("a GPU hosts a GPU")
	}
}

func TestDryRunBooksNothing(t *testing.T) {
	l := box(t, Options{})
	places(t, l, "gpu-1", "a", onGPU)
	var requests []Request
	for _, s := range "bcdefghij" {
		requests = append(requests, Request{Stream: string(s), Ladders: [][]Way{{onGPU}}})
	}
	d := l.Fit(requests...)
	if len(d.Leases) != 7 || d.Refusal == nil || d.Left[1].Free != (Amount{}) {
		t.Errorf("%d fit, %v, %+v", len(d.Leases), d.Refusal, d.Left)
	}
	if free := l.Left()[1].Free; free != (Amount{Sessions: 6, Encode: 300}) {
		t.Errorf("%v left", free)
	}
}

func TestAmountsInWords(t *testing.T) {
	a := Amount{Sessions: 4, Encode: 55e6, Memory: 1 << 30, CPU: 250, Network: 8.5e6, Disk: 2e6}
	if got, want := a.String(), "4 encoder sessions, encoding 55 Mpixel/s, GPU memory 1.00 GiB, CPU 0.25 cores, network 8.5 Mb/s, disk 2.0 MB/s"; got != want {
		t.Errorf("%s", got)
	}
}

// A stream that finds nothing better can be shed as before: it has what it had.
func TestShedAfterAMoveThatWasRefused(t *testing.T) {
	l := box(t, Options{})
	less := onCPU
	less.Device[CPU] = 1000
	if _, err := l.Place(Request{Stream: "a", Ladders: [][]Way{{onCPU}, {less}}}); err != nil {
		t.Fatal(err)
	}
	l.Others("gpu-1", Amount{Sessions: 8})
	l.Others("gpu-2", Amount{Sessions: 8})
	if k, err := l.Move("a", [][]Way{{onGPU}, {half}}, true); err == nil {
		t.Fatalf("it moves to %+v", k)
	}
	if k, err := l.Shed("a", 1); err != nil || k.Taken[CPU] != 1000 {
		t.Errorf("%+v, %v", k, err)
	}
}
