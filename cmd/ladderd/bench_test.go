package main

import (
	"strings"
	"testing"

	"ladderd/density"
	"ladderd/pipeline"
)

func TestBenchUsesEqualDevices(t *testing.T) {
	on := func(id string, decode bool) pipeline.Backend {
		return pipeline.Backend{Encoder: pipeline.NVENC, Device: pipeline.Device{API: pipeline.CUDA, ID: id}, Decode: decode, Scale: true}
	}
	got := equals([]pipeline.Backend{on("GPU-1", true), on("GPU-2", true), on("GPU-3", false), {Encoder: pipeline.X264}})
	if len(got) != 2 || got[0] != on("GPU-1", true) || got[1] != on("GPU-2", true) {
		t.Errorf("%v", got)
	}
	if got := equals([]pipeline.Backend{{Encoder: pipeline.X264}}); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestBenchRefusesWhatIsNoChannel(t *testing.T) {
	for text, want := range map[string]string{
		"STANDARD:8K":      `input "8K"`,
		"STANDARD":         `input ""`,
		"PREMIUM:180p30":   "unknown channel type",
		"BASIC:180p30":     "nothing to transcode",
		"STANDARD:180p300": `input "180p300"`,
		"STANDARD:2160p30": "exceeds the limit",
	} {
		_, err := (&benchCommand{Channel: []string{text}}).streams(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestBenchTellsWhatIsOver(t *testing.T) {
	var w strings.Builder
	s := &benchScreen{w: &w}
	s.tell(density.Progress{Channels: 1})
	s.tell(density.Progress{Channels: 1, Step: &density.Step{Channels: 1, RealTime: true, Seconds: 10, Usage: density.Usage{CPU: 1, OwnCPU: 0.25, OthersCPU: 0.5}}})
	s.tell(density.Progress{Channels: 2, Step: &density.Step{Channels: 2, Why: "channel 2: the worker died"}})
	const want = "ladderd: 1 channel: real time for 10 s, 1.25 cores, others 0.50\nladderd: 2 channels: not real time: channel 2: the worker died\n"
	if w.String() != want {
		t.Errorf("it says\n%s", w.String())
	}
}
