package main

import (
	"bytes"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"
)

func TestMoreConnectionsThanFilesAreWarnedOf(t *testing.T) {
	for _, c := range []struct {
		connections int
		limit       uint64
		enough      bool
	}{{20_000, 65_536, true}, {64_536, 65_536, true}, {64_537, 65_536, false}, {1, 512, false}, {1_000_000, math.MaxUint64, true}} {
		if got := enoughFiles(c.connections, c.limit); got != c.enough {
			t.Errorf("%d connections of %d files: enough %v", c.connections, c.limit, got)
		}
	}
	var log bytes.Buffer
	warnOfFiles(math.MaxInt, slog.New(slog.NewTextHandler(&log, nil)))
	if !strings.Contains(log.String(), "playback.max_connections is more than") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestGOGCIsTheOperators(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for gogc, want := range map[string]int{"": garbagePercent, "200": 100, "off": 100} {
		t.Setenv("GOGC", gogc)
		limitGarbage()
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("GOGC=%q: %d, want %d", gogc, got, want)
		}
	}
}
