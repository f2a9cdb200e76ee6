package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ladderd/load/proc"
)

// Usage is the CPU time, user and system, that the browsers which this process has
// started have taken so far, those of their processes not counted that have ended.
func Usage() (time.Duration, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	parents, browsers := map[int]int{}, map[int]time.Duration{}
	for _, file := range stats {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		stat, err := proc.ParseStat(content)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		parents[stat.PID] = stat.Parent
		if strings.HasPrefix(stat.Name, "chrom") {
			browsers[stat.PID] = stat.CPU
		}
	}
	var sum time.Duration
	for pid, used := range browsers {
		if descends(pid, os.Getpid(), parents) {
			sum += used
		}
	}
	return sum, nil
}

// descends says whether a process has another among its ancestors.
func descends(pid, ancestor int, parents map[int]int) bool {
	for pid > 1 {
		if pid = parents[pid]; pid == ancestor {
			return true
		}
	}
	return false
}
