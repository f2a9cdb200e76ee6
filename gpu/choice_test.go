package gpu

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/pipeline"
)

func settled(proofs ...Proof) *Choice {
	c := NewChoice(slog.New(slog.NewTextHandler(io.Discard, nil)))
	c.Settle(proofs)
	return c
}

func give(t *testing.T, c *Choice, want Wanted) pipeline.Backend {
	t.Helper()
	b, err := c.For(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEqualDevicesTakeTurns(t *testing.T) {
	c := settled(proven(t4, 1e9, nil), proven(other, 1e9, nil))
	turns := map[string]int{}
	for range 6 {
		turns[give(t, c, Auto).Device.ID]++
	}
	if turns["GPU-1"] != 3 || turns["GPU-2"] != 3 {
		t.Errorf("given %v", turns)
	}
}

// A stream whose device fails goes on with another one, then with the CPU; new streams
// leave failed devices alone for a while.
func TestElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := settled(proven(t4, 1e9, nil), proven(other, 1e9, nil), proven(cpu, 1e8, nil))
		first := give(t, c, "nvenc")
		second := c.Elsewhere("nvenc", first, "the GPU is on fire")
		if second.Encoder != pipeline.NVENC || second.Device == first.Device {
			t.Errorf("after %v comes %v", first, second)
		}
		if third := c.Elsewhere("nvenc", second, "so is this one"); third != (pipeline.Backend{Encoder: pipeline.X264}) {
			t.Errorf("after both comes %v", third)
		}
		if b := give(t, c, Auto); b != (pipeline.Backend{Encoder: pipeline.X264}) {
			t.Errorf("auto gives %v", b)
		}
		if b := give(t, c, "nvenc"); b != first {
			t.Errorf("where all have failed it gives %v, not the one that failed first", b)
		}
		time.Sleep(forgiven + time.Second)
		if b := give(t, c, Auto); b.Encoder != pipeline.NVENC {
			t.Errorf("later it gives %v", b)
		}
	})
}

// A device that was left alone takes turns again, and does not get all that its equals
// were given meanwhile.
func TestADeviceThatComesBackTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := settled(proven(t4, 1e9, nil), proven(other, 1e9, nil), proven(h100, 1e9, nil))
		failed := []pipeline.Backend{give(t, c, Auto), give(t, c, Auto)}
		for _, b := range failed {
			c.Elsewhere(Auto, b, "the GPU is on fire")
		}
		for range 20 {
			if b := give(t, c, Auto); b == failed[0] || b == failed[1] {
				t.Fatalf("%v has failed, and is given", b)
			}
		}
		time.Sleep(forgiven + time.Second)
		turns := map[string]int{}
		for range 9 {
			turns[give(t, c, Auto).Device.ID]++
		}
		if turns["GPU-1"] != 3 || turns["GPU-2"] != 3 || turns["GPU-3"] != 3 {
			t.Errorf("given %v", turns)
		}
	})
}

// A card without free sessions still decodes and scales, and has some again soon.
func TestElsewhereOfAFullCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := settled(proven(t4, 1e9, nil), proven(cpu, 1e8, nil))
		first := give(t, c, Auto)
		next := c.Elsewhere(Auto, first, "open h264_nvenc: OpenEncodeSessionEx failed: out of memory (10): (no details)")
		if next.String() != "x264 on GPU-1 (decode, scale)" {
			t.Errorf("next is %v", next)
		}
		time.Sleep(emptied + time.Second)
		if b := give(t, c, Auto); b != first {
			t.Errorf("a minute later it gives %v", b)
		}
	})
}

func TestForWaitsForTheProofs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewChoice(slog.New(slog.NewTextHandler(io.Discard, nil)))
		if b := give(t, c, "x264"); b.Encoder != pipeline.X264 {
			t.Errorf("x264 is %v", b)
		}
		go func() {
			time.Sleep(patience / 2)
			c.Settle([]Proof{proven(t4, 1e9, nil)})
		}()
		if b := give(t, c, Auto); b.Encoder != pipeline.NVENC {
			t.Errorf("auto is %v", b)
		}
	})
}

// A stream starts on a GPU that was seen to encode, whatever the others do; on less than
// that only when they are all known.
func TestForWaitsForWhatDecides(t *testing.T) {
	for name, c := range map[string]struct {
		learned Proof
		want    Wanted
		waits   bool
	}{
		"a GPU that encodes":              {proven(t4, 1e9, nil), Auto, false},
		"the encoder that is wanted":      {proven(t4, 1e9, nil), "nvenc", false},
		"another encoder than is wanted":  {proven(t4, 1e9, nil), "vaapi", true},
		"the CPU, and GPUs are to come":   {proven(cpu, 1e8, nil), Auto, true},
		"a GPU that has a problem":        {Proof{Device: Device{API: pipeline.VA, Problem: "no permission"}}, Auto, true},
		"a GPU that encodes, for the CPU": {proven(t4, 1e9, nil), "x264", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				choice := NewChoice(slog.New(slog.DiscardHandler))
				time.AfterFunc(time.Second, func() { choice.Learn(c.learned) })
				time.AfterFunc(2*time.Second, func() {
					choice.Settle([]Proof{c.learned, proven(iris, 1e9, nil), proven(cpu, 1e8, nil)})
				})
				start := time.Now()
				b := give(t, choice, c.want)
				want := time.Second
				if c.waits {
					want = 2 * time.Second
				}
				if c.want == "x264" {
					want = 0
				}
				if took := time.Since(start); took != want || (b.Encoder == pipeline.X264) != (c.want == "x264") {
					t.Errorf("after %v it is %v", took, b)
				}
			})
		})
	}
}

// A running stream does not wait: it goes on with what is known.
func TestElsewhereDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewChoice(slog.New(slog.DiscardHandler))
		c.Learn(proven(t4, 1e9, nil))
		first, start := give(t, c, Auto), time.Now()
		if next := c.Elsewhere(Auto, first, "the GPU is on fire"); next != (pipeline.Backend{Encoder: pipeline.X264}) || time.Since(start) != 0 {
			t.Errorf("after %v it is %v", time.Since(start), next)
		}
		c.Learn(proven(other, 1e9, nil))
		if next := c.Elsewhere(Auto, first, "the GPU is on fire"); next.Device.ID != other.ID {
			t.Errorf("later it is %v", next)
		}
	})
}

func TestForDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewChoice(slog.New(slog.NewTextHandler(io.Discard, nil)))
		if b := give(t, c, Auto); b.Encoder != pipeline.X264 {
			t.Errorf("auto is %v", b)
		}
		if _, err := c.For(t.Context(), "nvenc"); err == nil || !strings.Contains(err.Error(), "the devices are still being tried") {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := c.For(ctx, Auto); err == nil || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
