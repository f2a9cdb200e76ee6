package worker

import (
	"fmt"
	"slices"
	"strings"
)

// where says which piece runs where, for the heartbeat.
func (g *graph) where() string {
	if g.decoder == nil {
		return "on the CPU"
	}
	at := func(device bool) string {
		if device {
			return "on " + g.backend.device.id
		}
		return "on the CPU"
	}
	var encoders []string
	for _, out := range g.job.Videos {
		made := g.backend.encoding(out).name() + " " + at(g.backend.encode && g.backend.main.takes(out))
		if !slices.Contains(encoders, made) {
			encoders = append(encoders, made)
		}
	}
	return fmt.Sprintf("decode %s, scale %s, encode by %s",
		at(g.decoder.onDevice()), at(g.backend.scale.place() == onDevice), strings.Join(encoders, " and "))
}
