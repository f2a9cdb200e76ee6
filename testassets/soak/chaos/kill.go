package chaos

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// deaths are a worker's. SIGSEGV is what a fault in a codec looks like, SIGSTOP a driver that
// hangs.
var deaths = []syscall.Signal{syscall.SIGKILL, syscall.SIGSEGV, syscall.SIGSTOP}

// workerDies kills one.
func (s *stage) workerDies(ctx context.Context) (string, error) {
	h, err := s.daemon.Health(ctx)
	if err != nil {
		return "", err
	}
	var pids []int
	for _, stream := range h.Streams {
		if stream.Worker != nil && stream.Worker.PID > 0 {
			pids = append(pids, stream.Worker.PID)
		}
	}
	how := deaths[s.random.IntN(len(deaths))]
	if len(pids) == 0 {
		return "", nil
	}
	pid := pids[s.random.IntN(len(pids))]
	if err := syscall.Kill(pid, how); errors.Is(err, syscall.ESRCH) {
		return "", nil // it was quicker
	} else if err != nil {
		return "", fmt.Errorf("kill worker %d: %w", pid, err)
	}
	return fmt.Sprintf("%d, by %v", pid, how), nil
}
