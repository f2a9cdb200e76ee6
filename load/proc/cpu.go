package proc

import "time"

// CPU is the CPU time that a process has taken. It fails where the process has gone.
func CPU(pid int) (time.Duration, error) { return cpuOf(pid) }
