package e2e

import (
	"os"
	"strings"
	"testing"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
)

// What `make test-gpu` says in the environment: the kind of backend that is tried on this
// machine's own hardware, and the device where it is not the first one.
const (
	hardwareMark = "LADDERD_TEST_GPU"
	deviceMark   = "LADDERD_TEST_DEVICE"
)

// onOwn is what the daemon is told for a kind, and what its worker's backend begins with,
// up to the device. A GPU that has no encoder is what auto comes to.
var onOwn = map[string]struct{ backend, prefix string }{
	"nvenc": {"nvenc", "nvenc on "},
	"vaapi": {"vaapi", "vaapi on "},
	"cuda":  {"auto", "x264 on "},
}

// TestLaddersOnHardware makes ladders on this machine's own GPU, and holds them to what
// holds for x264's.
func TestLaddersOnHardware(t *testing.T) {
	t.Parallel()
	kind := os.Getenv(hardwareMark)
	own, known := onOwn[kind]
	if !known {
		t.Skipf("%s is %q: set it to nvenc, cuda or vaapi to try that on this machine's hardware", hardwareMark, kind)
	}
	for _, c := range []struct {
		name    string
		channel daemon.Channel
		clip    string
		want    []rung
	}{
		{"STANDARD", daemon.Channel{Type: ladder.Standard}, clip(t, clip1080p30), standardHD},
		{"STANDARD in TS", daemon.Channel{Type: ladder.Standard, Container: "TS"}, clip(t, clip480p30), standard480},
		{"ADVANCED_HD", daemon.Channel{Type: ladder.AdvancedHD, Preset: ladder.ConstrainedBandwidth}, clip(t, clip720p30), advanced720},
		{"ADVANCED_HD in TS", daemon.Channel{Type: ladder.AdvancedHD, Preset: ladder.ConstrainedBandwidth, Container: "TS"}, clip(t, clip720p30), advanced720},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			useCPU(t, whole)
			ch := channel(c.channel)
			s := daemon.Settings{Channels: []daemon.Channel{ch}, Backend: own.backend}
			if device := os.Getenv(deviceMark); device != "" && kind == "vaapi" {
				s.RenderNodes = []string{device}
			} else if device != "" {
				s.Env = []string{"CUDA_VISIBLE_DEVICES=" + device}
			}
			d := startDaemonWith(t, s)
			awaitProven(t, d)
			renditions := readAllOf(t, d, ch, c.clip, len(c.want), func() {
				if ran := backendOf(t, d); !strings.HasPrefix(ran, own.prefix+os.Getenv(deviceMark)) {
					t.Errorf("the worker is on %s, not on %s%s", ran, own.prefix, os.Getenv(deviceMark))
				} else {
					t.Logf("made by %s", ran)
				}
			})
			for i, r := range renditions {
				checkRung(t, r, c.want[i])
			}
		})
	}
}
