package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/testassets/daemon"
)

// topLine is what `ladderd top` shows of a channel: the words of its line.
func topLine(t *testing.T, d *daemon.Daemon, channel string) []string {
	t.Helper()
	bin, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), bin, "top", "--once", "--config", filepath.Join(d.Folder(), "ladderd.toml")).Output()
	if err != nil {
		t.Fatalf("ladderd top: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] == channel {
			return words
		}
	}
	t.Fatalf("ladderd top does not show %s:\n%s", channel, out)
	return nil
}
