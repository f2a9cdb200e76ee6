package density

import (
	"time"

	"ladderd/load/proc"
)

// Reading is what has been taken so far, and is held now.
type Reading struct {
	Processes proc.Usage    // of the channels' own processes
	Own       time.Duration // CPU of this process, which supervises and feeds them
	Machine   time.Duration // CPU of all that runs on this machine
}

// Meter reads it.
type Meter func(pids []int) (Reading, error)

// ThisMachine is the meter that reads what the kernel tells.
func ThisMachine(pids []int) (r Reading, err error) {
	for _, pid := range pids {
		u, err := proc.Of(pid)
		if err != nil {
			return r, err
		}
		r.Processes.CPU += u.CPU
		r.Processes.Memory += u.Memory
	}
	r.Own = proc.Own()
	r.Machine, err = proc.Busy()
	return r, err
}
