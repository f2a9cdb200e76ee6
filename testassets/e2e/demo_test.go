package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/process"
)

// demoURLs finds what the demo prints: the page and the playlist.
var demoURLs = regexp.MustCompile(`Watch +(http\S+)\s+Player +(http\S+)`)

// TestDemoPlaysAndStopsWhole has a demo that transcodes and one that does not.
func TestDemoPlaysAndStopsWhole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind      ladder.Type
		processes int // a publisher, and a worker where something is transcoded
		cpu       int
	}{{ladder.Standard, 2, 14}, {ladder.Basic, 1, 5}}
	for _, test := range tests {
		t.Run(string(test.kind), func(t *testing.T) {
			t.Parallel()
			useCPU(t, test.cpu)
			playDemo(t, test.kind, test.processes)
		})
	}
}

func playDemo(t *testing.T, kind ladder.Type, processes int) {
	binary, err := daemon.Binary()
	if err != nil {
		t.Fatal(err)
	}
	demo, err := process.Start(exec.Command(binary, "demo", "--type", string(kind)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Stop(syscall.SIGKILL, time.Second) })
	ctx := within(t, time.Minute)
	var urls []string
	awaitOrFail(t, ctx, "the demo's URLs", func() (bool, error) {
		urls = demoURLs.FindStringSubmatch(demo.Output())
		return urls != nil, nil
	}, demo.Output)

	var client hls.Client
	page, err := client.Get(ctx, urls[1])
	if err != nil || !strings.Contains(string(page), "<video") {
		t.Errorf("the page: %v\n%s", err, page)
	}
	awaitOrFail(t, ctx, "the broadcast", func() (bool, error) {
		_, err := client.Variants(ctx, urls[2])
		if notFound(err) {
			return false, nil
		}
		return true, err
	}, demo.Output)

	started := children(t, demo.PID())
	if len(started) != processes {
		t.Errorf("the demo runs %v, not %d processes", started, processes)
	}
	startVerify(t, urls[2]+"?allow_audio_only=true", 4*time.Second).finish(t)
	if err := demo.Stop(syscall.SIGINT, time.Minute); err != nil {
		t.Error(err)
	}
	for _, pid := range started {
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("process %d has outlived the demo", pid)
		}
	}
}

// children are the processes that a process has started and that run still.
func children(t *testing.T, pid int) []int {
	t.Helper()
	lists, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, list := range lists {
		b, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended meanwhile
		}
		for _, field := range strings.Fields(string(b)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, child)
		}
	}
	return pids
}
