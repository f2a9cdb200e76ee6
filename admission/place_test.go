package admission

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/gpu"
	"ladderd/pipeline"
)

// What each policy comes to where two cards have room for one stream each.
func TestPolicies(t *testing.T) {
	const (
		one, two = "nvenc on GPU-1 (decode, scale, encode)", "nvenc on GPU-2 (decode, scale, encode)"
		refused  = "no room for the stream: "
	)
	for name, c := range map[string]struct {
		policy Policy
		want   []string // of one stream after the other
	}{
		"auto":            {Policy{}, []string{one, two, "x264", "x264"}},
		"gpu":             {Policy{Where: GPU}, []string{one, two, refused}},
		"gpu, shed":       {Policy{Where: GPU, Shed: true}, []string{one, two, one + " without [2 1]", two + " without [2 1]", "no room for the stream, not even with its smallest rendition alone: "}},
		"gpu-then-cpu":    {Policy{Where: GPUThenCPU}, []string{one, two, "x264"}},
		"cpu":             {Policy{Where: CPU}, []string{"x264", "x264"}},
		"nvenc":           {Policy{Make: "nvenc"}, []string{one, two, refused}},
		"nvenc, then cpu": {Policy{Make: "nvenc", Where: GPUThenCPU}, []string{one, two, "x264"}},
		"vaapi":           {Policy{Make: "vaapi"}, []string{"backend vaapi is not available"}},
		"vaapi, then cpu": {Policy{Make: "vaapi", Where: GPUThenCPU}, []string{"x264"}},
		"x264":            {Policy{Make: "x264"}, []string{"x264"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := settled(t, map[string]Channel{"a": {Policy: c.policy}}, proven(t4, 1e9, 6), proven(other, 1e9, 6), proven(cpu, 3e9, 0))
			for i, want := range c.want {
				if _, got := d.place("a"); got != want && !(strings.HasSuffix(want, " ") || i == len(c.want)-1) || !strings.HasPrefix(got, want) {
					t.Errorf("stream %d: %s, want %s", i, got, want)
				}
			}
		})
	}
}

// What is refused for want of room says so, and fits when somebody has gone.
func TestRefusalAndRelease(t *testing.T) {
	d := settled(t, map[string]Channel{"a": {Policy: Policy{Make: "nvenc"}}}, proven(t4, 1e9, 4), proven(cpu, 1e9, 0))
	first, _ := d.place("a")
	if _, err := d.Place(t.Context(), wish("x", "a")); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "encoder sessions") {
		t.Error(err)
	}
	d.Release(first)
	if _, got := d.place("a"); got != onT4 {
		t.Error(got)
	}
}

// A machine that is too slow for one stream carries it all the same, and says so.
func TestOneStreamIsAlwaysCarried(t *testing.T) {
	d := settled(t, anyGPU, proven(cpu, 1e7, 0))
	first, got := d.place("a")
	if got != "x264" {
		t.Error(got)
	}
	d.says("level=WARN", "this machine may be too slow")
	if _, got := d.place("a"); !strings.HasPrefix(got, "no room for the stream") {
		t.Error(got)
	}
	d.Release(first)
	if _, got := d.place("a"); got != "x264" {
		t.Error(got)
	}
}

// A channel that has room reserved always gets it.
func TestReservedRoom(t *testing.T) {
	large := job()
	d := settled(t, map[string]Channel{"a": {Policy: Policy{Where: GPU}}, "vip": {Policy: Policy{Where: GPU}, Reserved: &large}},
		proven(t4, 1e9, 8), proven(cpu, 1e9, 0))
	if _, got := d.place("a"); got != onT4 {
		t.Error(got)
	}
	if _, got := d.place("a"); !strings.HasPrefix(got, "no room") {
		t.Error(got)
	}
	if _, got := d.place("vip"); got != onT4 {
		t.Error(got)
	}
}

func TestEqualDevicesTakeTurns(t *testing.T) {
	d := settled(t, anyGPU, proven(t4, 1e9, 32), proven(other, 1e9, 32), proven(cpu, 1e9, 0))
	turns := map[string]int{}
	for range 6 {
		_, on := d.place("a")
		turns[on]++
	}
	if turns[onT4] != 3 || turns[onOne] != 3 {
		t.Errorf("given %v", turns)
	}
}

func TestPlaceWaitsForTheProofs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, map[string]Channel{"a": {}, "b": {Policy: Policy{Make: "x264"}}})
		if _, got := d.place("b"); got != "x264" {
			t.Errorf("x264 is %s", got)
		}
		time.AfterFunc(patience/2, func() { d.Settle([]gpu.Proof{proven(t4, 1e9, 8)}) })
		if _, got := d.place("a"); got != onT4 {
			t.Errorf("auto is %s", got)
		}
	})
}

// A stream starts on a GPU that was seen to encode, whatever the others do; on less than
// that only when they are all known.
func TestPlaceWaitsForWhatDecides(t *testing.T) {
	for name, c := range map[string]struct {
		learned gpu.Proof
		make    gpu.Wanted
		took    time.Duration
	}{
		"a GPU that encodes":              {proven(t4, 1e9, 8), gpu.Auto, time.Second},
		"the encoder that is wanted":      {proven(t4, 1e9, 8), "nvenc", time.Second},
		"another encoder than is wanted":  {proven(t4, 1e9, 8), "vaapi", 2 * time.Second},
		"the CPU, and GPUs are to come":   {proven(cpu, 1e9, 0), gpu.Auto, 2 * time.Second},
		"a GPU that has a problem":        {gpu.Proof{Device: gpu.Device{API: pipeline.VA, Problem: "no permission"}}, gpu.Auto, 2 * time.Second},
		"a GPU without room":              {proven(t4, 1e9, 8), gpu.Auto, time.Second},
		"a GPU that encodes, for the CPU": {proven(t4, 1e9, 8), "x264", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, map[string]Channel{"a": {Policy: Policy{Make: c.make}}})
				time.AfterFunc(time.Second, func() { d.Learn(c.learned) })
				time.AfterFunc(2*time.Second, func() {
					d.Settle([]gpu.Proof{c.learned, proven(iris, 1e9, 8), proven(cpu, 1e9, 0)})
				})
				start := time.Now()
				_, on := d.place("a")
				if took := time.Since(start); took != c.took || strings.HasPrefix(on, "x264") != (c.make == "x264") {
					t.Errorf("after %v it is %v", took, on)
				}
			})
		})
	}
}

func TestPlaceDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, map[string]Channel{"a": {}, "b": {Policy: Policy{Make: "nvenc"}}})
		if _, got := d.place("a"); got != "x264" {
			t.Errorf("auto is %v", got)
		}
		d.says("level=WARN", "the devices are still being tried: this stream is made by the CPU")
		if _, got := d.place("b"); !strings.Contains(got, "the devices are still being tried") {
			t.Error(got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := d.Place(ctx, wish("x", "a")); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
