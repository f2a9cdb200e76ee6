package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladderd/testassets/daemon"
)

// probed is what `ladderd probe --json` prints, as far as tests look at it.
type probed struct {
	Devices []struct {
		Device struct {
			API     string `json:"api"`
			ID      string `json:"id"`
			Name    string `json:"name"`
			Driver  string `json:"driver"`
			Cores   int    `json:"cores"`
			Memory  int64  `json:"memory_bytes"`
			Problem string `json:"problem"`
		} `json:"device"`
		At      time.Time `json:"at"`
		Results []result  `json:"results"`
	} `json:"devices"`
	Auto struct {
		Backend string `json:"backend"`
	} `json:"auto"`
	NVENC struct {
		Backend string `json:"backend"`
		Why     string `json:"why"`
	} `json:"nvenc"`
	VAAPI struct {
		Backend string `json:"backend"`
		Why     string `json:"why"`
	} `json:"vaapi"`

	status int    // the exit status
	told   string // on standard error
}

type result struct {
	Task     string  `json:"task"`
	Codec    string  `json:"codec"`
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	Rate     float64 `json:"pixels_per_second"`
	Sessions int     `json:"sessions"`
	Capped   string  `json:"capped"`
	Why      string  `json:"why"`
}

// probe runs the real one, with a data directory of its own and these additions to its
// environment and to [pipeline]. It has to answer within the limit.
func probe(t *testing.T, limit time.Duration, env []string, dir, pipeline string) probed {
	t.Helper()
	bin, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ladderd.toml")
	text := fmt.Sprintf("[server]\ndata_dir = %q\n[pipeline]\n%s", dir, pipeline)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var out, told bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, "probe", "--json", "--config", file)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &told
	err = cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("probe: %v, %v\n%s", err, ctx.Err(), told.String())
	}
	p := probed{told: told.String(), status: cmd.ProcessState.ExitCode()}
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatalf("probe printed %q: %v\n%s", out.String(), err, p.told)
	}
	return p
}

// best is the best result of a device's task and codec; it fails the test where there is none.
func (p probed) best(t *testing.T, device int, task, codec string) result {
	t.Helper()
	best := -1
	for i, r := range p.Devices[device].Results {
		if r.Task == task && r.Codec == codec && (best < 0 || r.Why == "") {
			best = i
		}
	}
	if best < 0 {
		t.Fatalf("%s %s was not tried: %+v", task, codec, p.Devices[device])
	}
	return p.Devices[device].Results[best]
}

// A box without any GPU has its CPU, measured, and the second probe knows it.
func TestProbeOfAnOrdinaryBox(t *testing.T) {
	t.Parallel()
	useCPU(t, encoding)
	dir := t.TempDir()
	bare := []string{"LD_LIBRARY_PATH="}
	p := probe(t, time.Minute, bare, dir, none)
	if p.status != 2 || p.Auto.Backend != "x264" || p.NVENC.Backend != "" || p.NVENC.Why == "" || p.VAAPI.Why == "" {
		t.Errorf("it offers %+v", p)
	}
	cpu := len(p.Devices) - 1
	if d := p.Devices[cpu].Device; d.API != "" || d.Name == "" || d.Cores < 1 {
		t.Errorf("the CPU is %+v", d)
	}
	for task, codec := range map[string]string{"encode": "h264", "decode": "h264", "scale": ""} {
		if r := p.best(t, cpu, task, codec); r.Why != "" || r.Rate < 1e6 {
			t.Errorf("the CPU: %+v", r)
		}
	}
	again := probe(t, time.Minute, bare, dir, none)
	if !again.Devices[cpu].At.Equal(p.Devices[cpu].At) || strings.Contains(again.told, "decode") || !strings.Contains(p.told, "decode") {
		t.Errorf("the second probe did not know what the first had found: %s, %s", again.Devices[cpu].At, again.told)
	}
}
