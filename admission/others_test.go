package admission

import (
	"strings"
	"testing"
	"time"

	"ladderd/gpu"
)

// A stream that had to leave its device goes back when it is asked to, and when the device
// works again.
func TestReturn(t *testing.T) {
	d := settled(t, anyGPU, proven(t4, 1e9, 8), proven(cpu, 1e10, 0))
	s, _ := d.place("a")
	d.Look(time.Now(), []Running{{Stream: s, Ready: true}})
	if next := d.fail(s, "the GPU is on fire"); next != "x264" {
		t.Fatal(next)
	}
	if moved := d.Return(); len(moved) != 0 {
		t.Errorf("%v before the device was tried", moved)
	}
	later := time.Now().Add(time.Minute)
	d.Due(later)
	d.Tried(t4, nil, later)
	moved := d.Return()
	if len(moved) != 1 || moved[0].Stream != s || moved[0].Backend.String() != onT4 || d.backendOf(s) != moved[0].Backend {
		t.Errorf("%v moved", moved)
	}
	if moved := d.Return(); len(moved) != 0 {
		t.Errorf("%v moved again", moved)
	}
}

// What other programs have of a card's memory is not there for streams.
func TestOtherProgramsOnACard(t *testing.T) {
	d := settled(t, map[string]Channel{"a": {Policy: Policy{Where: GPU}}}, proven(t4, 1e9, 32), proven(cpu, 1e10, 0))
	if _, on := d.place("a"); on != onT4 {
		t.Fatal(on)
	}
	full := t4
	full.MemoryUsed = t4.Memory - 100<<20
	d.Seen([]gpu.Device{full, cpu}, time.Now())
	if _, on := d.place("a"); !strings.HasPrefix(on, "no room") || !strings.Contains(on, "GPU memory") {
		t.Error(on)
	}
	d.Seen([]gpu.Device{t4, cpu}, time.Now())
	if _, on := d.place("a"); on != onT4 {
		t.Error(on)
	}
}

// A card that falls off the bus is left alone though no stream was on it.
func TestCardThatIsLost(t *testing.T) {
	d := settled(t, map[string]Channel{"a": {Policy: Policy{Where: GPU}}}, proven(t4, 1e9, 32), proven(cpu, 1e10, 0))
	gone := t4
	gone.Problem = "the GPU does not answer any more"
	d.Seen([]gpu.Device{gone}, time.Now())
	d.Seen([]gpu.Device{gone}, time.Now())
	d.says("a device failed", "device=GPU-1", "does not answer")
	if _, on := d.place("a"); !strings.Contains(on, "have failed") {
		t.Error(on)
	}
}
