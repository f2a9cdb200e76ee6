package e2e

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/load"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// TestLoadOfTheDaemon has the command's viewers watch a broadcast to its end, and top show it.
func TestLoadOfTheDaemon(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	bin, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	useCPU(t, 4)
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemon(t, c)
	p, err := publish.FFmpeg(d.RTMP(c.Key), file)
	stopAtEnd(t, p, err)
	ctx := within(t, time.Minute)
	url := d.Playback(c.ID) + "?allow_audio_only=true"
	awaitOrFail(t, ctx, "two renditions", func() (bool, error) {
		variants, err := new(hls.Client).Variants(ctx, url)
		return len(variants) == 2, notNotFound(err)
	}, nil)
	if line := topLine(t, d, c.ID); !slices.Contains(line, "live") || !slices.Contains(line, "640x360") {
		t.Errorf("ladderd top says %q", line)
	}
	cmd := exec.CommandContext(ctx, bin, "load", url, "--viewers", "30", "--spread", "--duration", "1m", "--json")
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ladderd load: %v\n%s", err, errors.String())
	}
	var r load.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	if len(r.Errors) > 0 || !r.Ended || r.Parts.Count == 0 || r.Join.Count != 30 || len(r.Variants) != 2 {
		t.Errorf("the report is not that of viewers of two renditions, to the end:\n%s", out)
	}
	if r.Server == nil || !slices.Equal(r.Server.PIDs, []int{d.PID()}) || r.Server.MemoryPeak == 0 {
		t.Errorf("the daemon's process %d was not found:\n%s", d.PID(), out)
	}
}
