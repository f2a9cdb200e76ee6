package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrInUse says that another process has the store.
var ErrInUse = errors.New("the store is in use")

// lock keeps other processes from opening the file at path: SQLite itself would let them, and
// their changes would reach no watcher here. What it returns is closed to let them in again.
// The lock is on a file beside it, which stays: whoever removed it could have one that another
// process has just locked.
func lock(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("lock the store: %w", err)
	}
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the store: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%w: %s is open in %s; one process at a time may have it", ErrInUse, path, holder(f))
	} else if err == nil {
		err = sign(f)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the store: %w", err)
	}
	return f, nil
}

// sign writes down who has the lock.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	// A disk without room for it is no reason to be without a store.
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}

// holder is who has signed.
func holder(f *os.File) string {
	text := make([]byte, 20)
	n, _ := f.ReadAt(text, 0)
	if pid := strings.TrimSpace(string(text[:n])); pid != "" {
		return "process " + pid
	}
	return "another process"
}
