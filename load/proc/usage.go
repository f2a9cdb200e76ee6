package proc

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what processes have taken so far, and hold now.
type Usage struct {
	CPU time.Duration // user and system; its grain is 10 ms
	// Memory is in bytes: each process's share of what it has resident (PSS), since
	// workers share much. The kernel's socket buffers are not in it.
	Memory int64
}

// Of is what a process has taken. It fails where the process has gone, or is another user's.
func Of(pid int) (u Usage, err error) {
	if u.CPU, err = CPU(pid); err != nil {
		return u, err
	}
	u.Memory, err = memoryOf(pid)
	return u, err
}

// File is the path of a file that tells of a process.
func File(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }

// CPU is the CPU time that a process has taken. It fails where the process has gone.
func CPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile(File(pid, "stat"))
	if err != nil {
		return 0, fmt.Errorf("read a process's CPU time: %w", err)
	}
	stat, err := ParseStat(b)
	return stat.CPU, err
}

func memoryOf(pid int) (int64, error) {
	if n, err := kilobytes(File(pid, "smaps_rollup"), "Pss:"); err == nil {
		return n << 10, nil
	}
	// A kernel without it, or another user's process.
	n, err := kilobytes(File(pid, "status"), "VmRSS:")
	if err != nil {
		return 0, fmt.Errorf("read a process's memory: %w", err)
	}
	return n << 10, nil
}

func kilobytes(file, field string) (int64, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), field); ok {
			number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			return strconv.ParseInt(number, 10, 64)
		}
	}
	return 0, errors.Join(lines.Err(), fmt.Errorf("%s has no %s", file, field))
}

// Busy is how long the CPUs of this machine have been busy so far, with whatever
// (proc(5), /proc/stat: all but the fourth and fifth field, which are idle and iowait,
// and the last two, which are in the first two).
func Busy() (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read the machine's CPU time: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("read the machine's CPU time: /proc/stat begins with %q", line)
	}
	ticks := int64(0)
	for i, f := range fields[1:9] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the machine's CPU time: %w", err)
		}
		if i != 3 && i != 4 {
			ticks += n
		}
	}
	return Ticks(ticks), nil
}

// Own is the user and system time of this process so far; 0 where the kernel does not tell.
func Own() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
