package worker

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// opening is whose turn it is to open an encoder on a device, in all workers of the machine:
// drivers take long over many at once, and what libav logs meanwhile is this one's. The
// kernel ends the turn of a worker that dies in it, which drivers have them do.
type opening struct {
	path string // a file that is locked; of the device
	mu   sync.Mutex
}

// turnMost is how long a turn of another worker's is waited for: one that hangs in its driver
// would hold up all others. It is less than the supervisor gives a worker to start.
const turnMost = 4 * time.Second

// openingOf is a device's. Users do not share it: one could hold up the other for ever.
func openingOf(id string) *opening {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash takes all
	return &opening{path: filepath.Join(os.TempDir(), fmt.Sprintf("ladderd-%d-%x.lock", os.Getuid(), h.Sum64()))}
}

// begin waits for the turn, and end ends it. Where there is no turn to be had the encoder is
// opened without: that is slower at worst.
func (o *opening) begin() (end func()) {
	o.mu.Lock()
	fd, err := syscall.Open(o.path, syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return o.mu.Unlock
	}
	for late := time.Now().Add(turnMost); ; time.Sleep(turnLook) {
		err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || err != syscall.EWOULDBLOCK && err != syscall.EINTR || time.Now().After(late) {
			break
		}
	}
	return func() {
		_ = syscall.Close(fd) // which unlocks it
		o.mu.Unlock()
	}
}

// turnLook is how often the turn is looked for: opening takes tens of milliseconds.
const turnLook = 5 * time.Millisecond
