package admission

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/pipeline"
)

const noSessions = "open h264_nvenc: OpenEncodeSessionEx failed: out of memory (10): (no details)"

// fail has a stream's backend fail, and says what follows.
func (d *desk) fail(stream, reason string) string {
	next, ok := d.Elsewhere(stream, pipeline.Failure{Backend: d.backendOf(stream), Reason: reason})
	if !ok {
		return "nothing else"
	}
	return next.String()
}

// tells fails the test where operators are told something else of the devices.
func (d *desk) tells(want ...string) {
	d.t.Helper()
	var got []string
	for _, k := range d.Status().Devices {
		line := k.ID + " " + string(k.Encoder)
		if k.Until != nil {
			line += " left alone: " + k.Why
		}
		got = append(got, line)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		d.t.Errorf("the devices are %q, not %q", got, want)
	}
}

// A stream whose device fails goes on with another one, then with the CPU; new streams leave
// failed devices alone until they were tried.
func TestElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := settled(t, anyGPU, proven(t4, 1e9, 32), proven(other, 1e9, 32), proven(cpu, 1e10, 0))
		s, first := d.place("a")
		second := d.fail(s, "the GPU is on fire")
		if second == first || second != onOne && second != onT4 {
			t.Errorf("after %s comes %s", first, second)
		}
		if third := d.fail(s, "so is this one"); third != "x264" {
			t.Errorf("after both comes %s", third)
		}
		if fourth := d.fail(s, "and this one?"); fourth != "nothing else" {
			t.Errorf("after the CPU comes %s", fourth)
		}
		if _, got := d.place("a"); got != "x264" {
			t.Errorf("a new stream is given %s", got)
		}
		d.says("level=WARN", "a device failed", "device=GPU-1", `reason="the GPU is on fire"`)
		d.says("level=WARN", "a device failed", "device=GPU-2", `reason="so is this one"`)
		d.tells("GPU-1 nvenc left alone: the GPU is on fire", "GPU-2 nvenc left alone: so is this one", "cpu x264")

		if due := d.Due(time.Now().Add(9 * time.Second)); len(due) != 0 {
			t.Errorf("%v are tried too early", due)
		}
		later := time.Now().Add(11 * time.Second)
		if due := d.Due(later); len(due) != 2 {
			t.Errorf("%v are due", due)
		}
		if due := d.Due(later); len(due) != 0 {
			t.Errorf("%v are tried twice", due)
		}
		d.Tried(t4, nil, later)
		d.Tried(other, errors.New("it burns still"), later)
		d.tells("GPU-1 nvenc", "GPU-2 nvenc left alone: it burns still", "cpu x264")
		if _, got := d.place("a"); got != onT4 {
			t.Errorf("a new stream is given %s", got)
		}
		if due := d.Due(later.Add(21 * time.Second)); len(due) != 1 || due[0].Device.ID != other.ID {
			t.Errorf("%v are due", due)
		}
		if b := d.backendOf(s); b.Encoder != pipeline.X264 {
			t.Errorf("the running stream is on %v", b)
		}
	})
}

// Where a policy allows no CPU there is none.
func TestElsewhereByPolicy(t *testing.T) {
	d := settled(t, map[string]Channel{"a": {Policy: Policy{Where: GPU}}}, proven(t4, 1e9, 32), noEncoder(proven(h100, 1e9, 0)), proven(cpu, 1e10, 0))
	s, _ := d.place("a")
	if next := d.fail(s, "the GPU is on fire"); next != "nothing else" {
		t.Error(next)
	}
}

// Nothing that runs suffers from a stream that has to move.
func TestElsewhereNeedsRoom(t *testing.T) {
	d := settled(t, anyGPU, proven(t4, 1e9, 4), proven(cpu, 1e10, 0))
	first, on := d.place("a")
	for n := 0; on == onT4 || on == "x264"; n++ {
		if _, on = d.place("a"); n > 1000 {
			t.Fatal("the CPU is never full")
		}
	}
	if next := d.fail(first, "the GPU is on fire"); next != "nothing else" {
		t.Errorf("it moves to %v", next)
	}
	d.says("level=WARN", "there is nothing else for the stream", "CPU")
}

// A card without free sessions still decodes and scales, and has some again soon.
func TestElsewhereOfAFullCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := settled(t, anyGPU, proven(t4, 1e9, 8), proven(cpu, 5e8, 0))
		s, first := d.place("a")
		if next := d.fail(s, noSessions); next != "x264 on GPU-1 (decode, scale)" {
			t.Errorf("next is %v", next)
		}
		if _, got := d.place("a"); got == first {
			t.Errorf("a new stream is on %s", got)
		}
		d.Look(time.Now().Add(emptied+time.Second), nil)
		if _, got := d.place("a"); got != first {
			t.Errorf("a minute later it gives %v", got)
		}
	})
}

// A running stream does not wait: it goes on with what is known.
func TestElsewhereDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, anyGPU)
		d.Learn(proven(t4, 1e9, 32))
		s, _ := d.place("a")
		start := time.Now()
		if next := d.fail(s, "the GPU is on fire"); next != "x264" || time.Since(start) != 0 {
			t.Errorf("after %v it is %v", time.Since(start), next)
		}
		d.Learn(proven(other, 1e9, 32))
		if _, got := d.place("a"); got != onOne {
			t.Errorf("later it is %v", got)
		}
	})
}

// A stream that fails on one device after the other takes none from other streams.
func TestStreamThatIsToBlameGoesToTheCPU(t *testing.T) {
	for want, policy := range map[string]Policy{"x264": {}, "nothing else": {Where: GPU}} {
		d := settled(t, map[string]Channel{"a": {Policy: policy}}, proven(t4, 1e9, 32), proven(other, 1e9, 32), proven(cpu, 1e10, 0))
		s, first := d.place("a")
		next, ok := d.Elsewhere(s, pipeline.Failure{Backend: d.backendOf(s), Reason: "stood still", OwnFault: true})
		got := next.String()
		if !ok {
			got = "nothing else"
		}
		if got != want {
			t.Errorf("it is given %s, want %s", got, want)
		}
		d.says("level=WARN", "it is to blame itself", `reason="stood still"`)
		if _, got := d.place("a"); ok && got != first {
			t.Errorf("the next stream is given %s, not %s", got, first)
		}
		if due := d.Due(time.Now().Add(time.Hour)); len(due) != 0 {
			t.Errorf("%v are left alone", due)
		}
	}
}

// A device that has too much to do is no device that has failed.
func TestElsewhereOfASlowDevice(t *testing.T) {
	d := settled(t, anyGPU, proven(t4, 1e9, 32), proven(cpu, 1e10, 0))
	s, first := d.place("a")
	if next, ok := d.Elsewhere(s, pipeline.Failure{Backend: d.backendOf(s), Reason: "its device is slower than the source", Slow: true}); !ok || next.Encoder != pipeline.X264 {
		t.Errorf("next is %v", next)
	}
	if _, got := d.place("a"); got != first {
		t.Errorf("another stream is on %s", got)
	}
}

// A device that fails while its stream is on its way to another one is to blame, and that
// other one is not.
func TestFailureOnTheWay(t *testing.T) {
	d := settled(t, anyGPU, proven(t4, 1e9, 8), proven(cpu, 1e10, 0))
	s, _ := d.place("a")
	was := d.backendOf(s)
	d.Look(time.Now(), []Running{{Stream: s, Ready: true}})
	if next := d.fail(s, "the GPU is on fire"); next != "x264" {
		t.Fatal(next)
	}
	if next, ok := d.Elsewhere(s, pipeline.Failure{Backend: was, Reason: "and it still is"}); !ok || next.Encoder != pipeline.X264 {
		t.Errorf("it goes on with %v", next)
	}
	d.says("level=WARN", "a device failed", "device=GPU-1")
}
