package main

import (
	"fmt"
	"strings"
	"time"

	"ladderd/admission"
	"ladderd/stream"
)

// statusLine is what `systemctl status` shows: what the daemon is at, its streams, its devices,
// and what came of the last reload.
func statusLine(phase string, streams []stream.Status, devices []admission.Device, reload string) string {
	parts := []string{streamsLine(streams)}
	if phase != "ready" {
		parts[0] = phase + ": " + parts[0]
	}
	for _, d := range devices {
		parts = append(parts, deviceLine(d))
	}
	if reload != "" {
		parts = append(parts, reload)
	}
	return strings.Join(parts, "; ")
}

func streamsLine(streams []stream.Status) string {
	counts, viewers := map[string]int{}, 0
	for _, s := range streams {
		viewers += s.Viewers
		counts[s.State]++
		if s.IngestHealth == stream.Starving {
			counts[stream.Starving]++
		}
	}
	line := fmt.Sprintf("%d live", counts[stream.Live])
	for _, other := range []struct{ state, text string }{
		{stream.Starving, "starving"}, {stream.Waiting, stream.Waiting}, {stream.Placing, stream.Placing},
	} {
		if n := counts[other.state]; n > 0 {
			line += fmt.Sprintf(", %d %s", n, other.text)
		}
	}
	return fmt.Sprintf("%s, %d watching", line, viewers)
}

func deviceLine(d admission.Device) string {
	line := fmt.Sprintf("%s carries %d", d.ID, d.Leases)
	switch {
	case d.Until != nil:
		line += ", FAILED, tried again at " + clock(*d.Until)
	case d.Plan < 1:
		line += fmt.Sprintf(" at %.0f %% of its speed", 100*d.Plan)
	}
	return line
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 MST") }
