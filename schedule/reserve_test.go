package schedule

import (
	"testing"
	"time"
)

var small = Way{Class: "t4", Device: Amount{Sessions: 1, Encode: 20}, Host: Amount{CPU: 20}}

// A channel that took less than it has reserved finds all of it when it comes back.
func TestReservedRoomOutlivesASmallStream(t *testing.T) {
	l := box(t, Options{})
	l.Remove("gpu-2")
	l.Reserve("v", []Way{onGPU})
	places(t, l, "gpu-1", "v", small)
	l.Used("v", Amount{Sessions: 1, Encode: 5}, Amount{CPU: 5})
	places(t, l, "gpu-1", "abc", onGPU)
	places(t, l, "the devices are full: too little is left of encoder sessions", "d", onGPU)
	l.Release("v")
	places(t, l, "gpu-1", "v", onGPU)
}

// Reserving for a channel that is on air books nothing twice, and nothing is kept when it is
// over with.
func TestReservingOnAir(t *testing.T) {
	l := box(t, Options{})
	l.Remove("gpu-2")
	places(t, l, "gpu-1", "v", onGPU)
	l.Reserve("v", []Way{onGPU})
	if free := l.Left()[1].Free; free != (Amount{Sessions: 6, Encode: 300}) {
		t.Errorf("%v left", free)
	}
	l.Release("v")
	if free := l.Left()[1].Free; free != (Amount{Sessions: 6, Encode: 300}) {
		t.Errorf("%v left when it is off air", free)
	}
	places(t, l, "gpu-1", "v", small)
	l.Reserve("v", nil)
	if free := l.Left()[1].Free; free != (Amount{Sessions: 7, Encode: 380}) {
		t.Errorf("%v left without the reservation", free)
	}
}

// Reservations that have to move may go where another was.
func TestReservationsChangePlaces(t *testing.T) {
	l := box(t, Options{})
	l.Reserve("large", []Way{{Class: "t4", Device: Amount{Sessions: 2, Encode: 300}}})
	l.Reserve("little", []Way{{Class: "t4", Device: Amount{Sessions: 7, Encode: 100}}})
	at := func() [2]string { return [2]string{l.reserved["large"].on.ID, l.reserved["little"].on.ID} }
	if got := at(); got != [2]string{"gpu-1", "gpu-2"} {
		t.Fatalf("they are on %v", got)
	}
	l.Others("gpu-1", Amount{Encode: 200})
	l.Others("gpu-2", Amount{Sessions: 4})
	if unseated := l.Unseated(); len(unseated) != 0 {
		t.Fatalf("%v have no room", unseated)
	}
	if got := at(); got != [2]string{"gpu-2", "gpu-1"} {
		t.Errorf("they are on %v", got)
	}
}

// What is kept, and what is no work, does not make a device slow.
func TestPlanIsLoweredByWork(t *testing.T) {
	l := box(t, Options{})
	if err := l.Add(Device{ID: "gpu-1", Class: "t4", Host: "cpu", Capacity: Amount{Sessions: 8, Encode: 400, Memory: 1000}}); err != nil {
		t.Fatal(err)
	}
	hungry := onGPU
	hungry.Device[Memory] = 950
	places(t, l, "gpu-1", "a", hungry)
	l.Reserve("v", []Way{onGPU})
	l.Slow("gpu-1", 0.5)
	if plan := l.Accounts()[1].Plan; plan != 0.125 { // 100 of 400 at half the speed
		t.Errorf("the plan is %v", plan)
	}
}

// A refusal names what the most wanted device lacks.
func TestRefusalNamesTheMostWanted(t *testing.T) {
	l := box(t, Options{})
	l.Others("gpu-1", Amount{Sessions: 8})
	l.Others("gpu-2", Amount{Encode: 400})
	l.Others("cpu", Amount{CPU: 8900})
	places(t, l, "the devices are full: too little is left of encoder sessions", "a", onGPU, onCPU)
	places(t, l, "no device does what is wanted", "a", Way{Class: "a10"})
}

// An empty machine takes one stream, however slow it is, but nobody's reserved room.
func TestOneAlways(t *testing.T) {
	l := New(Options{OneAlways: true})
	if err := l.Add(Device{ID: "cpu", Class: "cpu", Capacity: Amount{CPU: 2000}}); err != nil {
		t.Fatal(err)
	}
	k, err := l.Place(Request{Stream: "a", Ladders: [][]Way{{onCPU}}})
	if err != nil || !k.Tight {
		t.Errorf("%+v, %v", k, err)
	}
	places(t, l, "the devices are full: too little is left of CPU", "b", onCPU)
	l.Release("a")
	l.Reserve("v", []Way{{Class: "cpu", Device: Amount{CPU: 500}}})
	places(t, l, "the devices are full: too little is left of CPU", "b", onCPU)
}

// What is kept on a GPU is not broken either, where it takes nothing of the host.
func TestOneAlwaysLeavesRoomOnDevicesAlone(t *testing.T) {
	l := box(t, Options{OneAlways: true})
	l.Remove("gpu-2")
	l.Reserve("v", []Way{{Class: "t4", Device: Amount{Encode: 300}}})
	places(t, l, "the devices are full: too little is left of encoding", "a", Way{Class: "t4", Device: Amount{Encode: 200}})
	l.Reserve("v", nil)
	places(t, l, "gpu-1", "a", Way{Class: "t4", Device: Amount{Encode: 500}})
}

// The only stream of a machine whose GPU fails goes on by the CPU, however slow that is.
func TestOneAlwaysGoesOnElsewhere(t *testing.T) {
	for _, c := range []struct {
		always bool
		others int // streams beside it
		moves  bool
	}{{true, 0, true}, {true, 1, false}, {false, 0, false}} {
		l := New(Options{OneAlways: c.always})
		for _, d := range []Device{
			{ID: "cpu", Class: "cpu", Capacity: Amount{CPU: 2000}},
			{ID: "gpu", Class: "t4", Host: "cpu", Capacity: Amount{Sessions: 4, Encode: 400}},
		} {
			if err := l.Add(d); err != nil {
				t.Fatal(err)
			}
		}
		places(t, l, "gpu", "ab"[:1+c.others], onGPU, onCPU)
		l.Failed("gpu", time.Unix(0, 0))
		k, err := l.Move("a", nil, false)
		if moved := err == nil && k.Device == "cpu" && k.Tight; moved != c.moves {
			t.Errorf("%+v: %+v, %v", c, k, err)
		}
	}
}

// A lease is tight for as long as it lacks room, and no longer.
func TestTightIsWhatItIsNow(t *testing.T) {
	l := New(Options{OneAlways: true})
	cores := func(n int64) {
		if err := l.Add(Device{ID: "cpu", Class: "cpu", Capacity: Amount{CPU: n}}); err != nil {
			t.Fatal(err)
		}
	}
	cores(2000)
	less := onCPU
	less.Device[CPU] = 2500
	if k, err := l.Place(Request{Stream: "a", Ladders: [][]Way{{onCPU}, {less}}}); err != nil || !k.Tight || k.Ladder != 0 {
		t.Fatalf("%+v, %v", k, err)
	}
	if k, err := l.Shed("a", 1); err != nil || !k.Tight {
		t.Errorf("with less to make, which is too much: %+v, %v", k, err)
	}
	cores(2600)
	if k, err := l.Shed("a", 1); err != nil || k.Tight {
		t.Errorf("with room for it: %+v, %v", k, err)
	}
}

// A stream that goes on in another way on the same device keeps the room that is reserved
// there for its channel.
func TestReservedRoomOutlivesAnotherWay(t *testing.T) {
	l := box(t, Options{})
	l.Remove("gpu-2")
	l.Reserve("v", []Way{onGPU})
	places(t, l, "gpu-1", "v", small)
	if k, err := l.Move("v", [][]Way{{small}}, true); err != nil || k.Device != "gpu-1" {
		t.Fatalf("%+v, %v", k, err)
	}
	places(t, l, "gpu-1", "abc", onGPU)
	places(t, l, "the devices are full: too little is left of encoder sessions", "d", small)
}

// The same on a host, which is its own.
func TestPlanOfAHostIsLoweredByWork(t *testing.T) {
	l := box(t, Options{})
	l.Reserve("v", []Way{onCPU})
	places(t, l, "cpu", "a", onCPU)
	l.Slow("cpu", 0.5)
	if plan, want := l.Accounts()[0].Plan, 3000.0/9000*0.5; plan != want {
		t.Errorf("the plan is %v, want %v", plan, want)
	}
}
