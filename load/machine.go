package load

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ladderd/load/proc"
)

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
	return proc.Ticks(ticks), nil
}

// own is the user and system time of this process so far.
func own() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
