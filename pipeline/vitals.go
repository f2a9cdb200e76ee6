package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// vitals are what the kernel knows of a worker, whatever the worker itself says.
type vitals struct {
	cpu    time.Duration // that it has used since it began, in steps of 10 ms
	memory int64         // bytes that are resident
}

// The fields of /proc/PID/stat that are looked at, counted from the one behind the name
// (proc_pid_stat(5): 3, 14, 15 and 24), and what they are counted in.
const (
	statState = 0
	statUser  = 11
	statKern  = 12
	statRSS   = 21

	clockTick = 10 * time.Millisecond // USER_HZ is 100 on all that Go runs on
)

// vitalsOf are a process's; false where the kernel does not tell.
func vitalsOf(pid int) (v vitals, ok bool) {
	f := stat(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if len(f) <= statRSS {
		return v, false
	}
	v.cpu = time.Duration(number(f[statUser])+number(f[statKern])) * clockTick
	v.memory = number(f[statRSS]) * int64(os.Getpagesize())
	return v, true
}

// busyNow says whether one of a process's threads runs or waits for a CPU. Of one that is
// dead and only waits to be taken note of, that is true too.
func busyNow(pid int) bool {
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "stat"))
	if err != nil {
		return false
	}
	living := false
	for _, thread := range threads {
		f := stat(thread)
		if len(f) <= statState {
			continue // it has ended meanwhile
		}
		switch f[statState][0] {
		case 'R':
			return true
		case 'Z', 'X':
		default:
			living = true
		}
	}
	return !living
}

// stat are the fields behind the name, which may hold spaces and brackets; nil where
// there is no such process.
func stat(path string) [][]byte {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
}

func number(b []byte) int64 {
	n, _ := strconv.ParseInt(string(b), 10, 64) // the kernel writes nothing else
	return n
}
