package main

import (
	"testing"
	"time"

	"ladderd/admission"
	"ladderd/stream"
)

func TestStatusLine(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cpu := admission.Device{ID: "cpu", Plan: 1, Leases: 2}
	for _, test := range []struct {
		phase   string
		streams []stream.Status
		devices []admission.Device
		reload  string
		want    string
	}{
		{"ready", nil, []admission.Device{{ID: "cpu", Plan: 1}}, "", "0 live, 0 watching; cpu carries 0"},
		{"ready", []stream.Status{
			{State: stream.Live, Viewers: 3, IngestHealth: stream.Starving}, {State: stream.Live, Viewers: 4}, {State: stream.Waiting}, {State: stream.Placing},
		}, []admission.Device{cpu, {ID: "GPU-1", Plan: 0.8, Leases: 1}, {ID: "GPU-2", Plan: 1, Until: &at}}, "configuration taken at 03:04:05 UTC",
			"2 live, 1 starving, 1 waiting for the publisher, 1 waiting for a device, 7 watching; cpu carries 2; GPU-1 carries 1 at 80 % of its speed; GPU-2 carries 0, FAILED, tried again at 03:04:05 UTC; configuration taken at 03:04:05 UTC"},
		{"draining", []stream.Status{{State: stream.Live}}, []admission.Device{cpu}, "", "draining: 1 live, 0 watching; cpu carries 2"},
	} {
		if got := statusLine(test.phase, test.streams, test.devices, test.reload); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
