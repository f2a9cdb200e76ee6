package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The fault: the goroutine of a stream of one channel stops for good after a few beats, while the
// daemon lives and serves all others. The daemon has no way to make it do so, so this is a build of
// its own, with one line more in one file (go build -overlay).
const (
	faultFile = "stream/live.go"
	faultAt   = "			l.pulse.next(stall)\n			err = l.passed(now)\n"
	fault     = "			if l.channel.ID == \"stuck\" && now.Sub(l.since) > 2*beat {\n				select {}\n			}\n"
)

// buildFaulty builds that daemon, and gives its path.
func buildFaulty(ctx context.Context, dir string) (string, error) {
	file, err := filepath.Abs(faultFile)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if strings.Count(string(text), faultAt) != 1 {
		return "", fmt.Errorf("%s has no place for the fault any more: see faultAt", faultFile)
	}
	changed, overlay, bin := filepath.Join(dir, "live.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "ladderd-faulty")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), faultAt, fault+faultAt, 1)), 0o600); err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, replaced, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", bin, "./cmd/ladderd").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the daemon with a fault: %w\n%s", err, out)
	}
	return bin, nil
}
