package browser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTicks is how many of its units of CPU time Linux counts in a second
// (USER_HZ, the same on all of Go's architectures).
const clockTicks = 100

// Usage is the CPU time, user and system, that the browsers which this process has
// started have taken so far, those of their processes not counted that have ended.
func Usage() (time.Duration, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	parents, ticks := map[int]int{}, map[int]int64{}
	for _, file := range stats {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		pid, parent, used, err := parseStat(content)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		parents[pid] = parent
		if bytes.Contains(content, []byte("(chrom")) {
			ticks[pid] = used
		}
	}
	var sum int64
	for pid, used := range ticks {
		if descends(pid, os.Getpid(), parents) {
			sum += used
		}
	}
	return time.Duration(sum) * time.Second / clockTicks, nil
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

// parseStat reads what proc_pid_stat(5) calls pid, ppid, utime and stime. The
// program's name, in parentheses, may have any character in it.
func parseStat(content []byte) (pid, parent int, ticks int64, err error) {
	open, end := bytes.IndexByte(content, '('), bytes.LastIndexByte(content, ')')
	if open < 0 || end < open {
		return 0, 0, 0, fmt.Errorf("no program's name in %q", content)
	}
	fields := strings.Fields(string(content[end+1:]))
	if len(fields) < 13 {
		return 0, 0, 0, fmt.Errorf("too few fields in %q", content)
	}
	var utime, stime int64
	for _, f := range []struct {
		text string
		to   *int64
	}{{fields[11], &utime}, {fields[12], &stime}} {
		if *f.to, err = strconv.ParseInt(f.text, 10, 64); err != nil {
			return 0, 0, 0, err
		}
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(string(content[:open]))); err == nil {
		parent, err = strconv.Atoi(fields[1])
	}
	return pid, parent, utime + stime, err
}
