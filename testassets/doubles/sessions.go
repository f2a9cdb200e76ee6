package doubles

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// openLock is F_OFD_GETLK of fcntl(2): whether another open file holds a lock. Package syscall
// does not have it.
const openLock = 36

// Sessions is how many encoders are open on a card, in all processes together.
func (r *Rig) Sessions(card int) (int, error) {
	slots, err := filepath.Glob(filepath.Join(r.control.folder, fmt.Sprintf("card%d-session*", card)))
	if err != nil {
		return 0, fmt.Errorf("look for card %d's sessions: %w", card, err)
	}
	open := 0
	for _, slot := range slots {
		held, err := locked(slot)
		if err != nil {
			return 0, fmt.Errorf("look at card %d's sessions: %w", card, err)
		}
		if held {
			open++
		}
	}
	return open, nil
}

// locked asks, and takes nothing: an encoder that opens meanwhile is not refused.
func locked(path string) (held bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), openLock, &lock); err != nil {
		return false, fmt.Errorf("ask for the lock on %s: %w", path, err)
	}
	return lock.Type != syscall.F_UNLCK, nil
}
