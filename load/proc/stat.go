// Package proc reads what Linux tells of processes' CPU time and memory (proc(5)), for
// load and density, and for the tests that measure other programs.
package proc

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// userHz is the unit of the times in /proc, fixed in the kernel's interface: the same
// on all of Go's architectures.
const userHz = 100

// Ticks is a time in /proc as a duration.
func Ticks(n int64) time.Duration { return time.Duration(n) * time.Second / userHz }

// Stat is what counts of /proc/PID/stat.
type Stat struct {
	PID, Parent int
	Name        string        // the program's, cut to 15 bytes by the kernel
	CPU         time.Duration // user and system, of all threads; its grain is 10 ms
}

// ParseStat reads what proc_pid_stat(5) calls pid, comm, ppid, utime and stime. The
// program's name, in parentheses, may have any character in it.
func ParseStat(content []byte) (Stat, error) {
	open, end := bytes.IndexByte(content, '('), bytes.LastIndexByte(content, ')')
	if open < 0 || end < open {
		return Stat{}, fmt.Errorf("read a process's state: no program's name in %q", content)
	}
	fields := strings.Fields(string(content[end+1:]))
	if len(fields) < 13 {
		return Stat{}, fmt.Errorf("read a process's state: too few fields in %q", content)
	}
	var numbers [4]int64
	for i, text := range []string{strings.TrimSpace(string(content[:open])), fields[1], fields[11], fields[12]} {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return Stat{}, fmt.Errorf("read a process's state: %w", err)
		}
		numbers[i] = n
	}
	return Stat{
		PID: int(numbers[0]), Parent: int(numbers[1]), Name: string(content[open+1 : end]), CPU: Ticks(numbers[2] + numbers[3]),
	}, nil
}
