package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
)

const (
	current = "audit.jsonl"
	full    = "audit-%012d.jsonl"
)

var fullName = regexp.MustCompile(`^audit-(\d{12})\.jsonl$`)

// Limits bounds what is kept.
type Limits struct {
	Size  int64 // how long a file gets, in bytes; a longer record has a file for itself
	Files int   // how many there are in all, the one that is written included
}

// ErrClosed is what Write says after Close.
var ErrClosed = errors.New("the audit log is closed")

// Log is an audit log.
type Log struct {
	dir    string
	limits Limits
	failed atomic.Int64

	mu   sync.Mutex // is held for one write
	file *os.File   // nil after Close
	size int64
	torn bool // the file ends within a line
}

// Open continues the log in dir, which is made where it is not there. A line that a crash
// has left unfinished is ended.
func Open(dir string, limits Limits) (*Log, error) {
	if limits.Size < 1 || limits.Files < 1 {
		return nil, fmt.Errorf("open the audit log: limits of %d bytes and %d files", limits.Size, limits.Files)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	l := &Log{dir: dir, limits: limits}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", err)
	}
	if err := errors.Join(l.mend(), l.prune()); err != nil {
		return nil, fmt.Errorf("open the audit log: %w", errors.Join(err, l.file.Close()))
	}
	return l, nil
}

// open has the current file in l, be it there or not.
func (l *Log) open() error {
	f, err := os.OpenFile(filepath.Join(l.dir, current), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.size = f, info.Size()
	return nil
}

// mend ends an unfinished line. Where there is no room for that, the next record begins with
// the line break.
func (l *Log) mend() error {
	if l.size == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := l.file.ReadAt(last, l.size-1); err != nil {
		return fmt.Errorf("read the end of %s: %w", l.file.Name(), err)
	}
	l.torn = last[0] != '\n'
	if l.torn {
		_ = l.append([]byte("\n"))
	}
	return nil
}

// Write adds a record. It is in the file when Write returns nil.
func (l *Log) Write(r Record) error {
	err := l.write(r)
	if err != nil {
		l.failed.Add(1)
		return fmt.Errorf("write a record of %s into the audit log: %w", r.Name, err)
	}
	return nil
}

// Failed is how many records could not be written.
func (l *Log) Failed() int64 { return l.failed.Load() }

func (l *Log) write(r Record) error {
	id, err := uuid.NewRandom()
	if err != nil {
		return err
	}
	line, err := r.line(id.String())
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return ErrClosed
	}
	if l.size > 0 && l.size+int64(len(line)) > l.limits.Size {
		_ = l.rotate() // where it cannot, the old file takes more than it should
	}
	if l.torn {
		line = append([]byte("\n"), line...)
	}
	return l.append(line)
}

// append writes all of the text or, as far as the file system lets it, nothing.
func (l *Log) append(text []byte) error {
	n, err := l.file.Write(text)
	if err == nil {
		l.size, l.torn = l.size+int64(n), false
		return nil
	}
	if n > 0 && l.file.Truncate(l.size) != nil {
		l.size, l.torn = l.size+int64(n), true
	}
	return err
}

// rotate begins a new file. Where it cannot, the old one stays as it is, and the next record
// tries again.
func (l *Log) rotate() error {
	numbers, err := l.numbers()
	if err != nil {
		return err
	}
	var last int64
	if len(numbers) > 0 {
		last = numbers[len(numbers)-1]
	}
	at, aside := filepath.Join(l.dir, current), l.path(last+1)
	err = os.Rename(at, aside)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // else somebody has moved it, which does as well
		return err
	}
	moved := err == nil
	old := l.file
	if err := l.open(); err != nil {
		if moved {
			err = errors.Join(err, os.Rename(aside, at))
		}
		return err
	}
	l.torn = false
	// What was written is in the file; what else goes wrong is no reason to lose a record,
	// and prune comes again with the next file.
	_, _ = old.Close(), l.prune()
	return nil
}

func (l *Log) path(number int64) string { return filepath.Join(l.dir, fmt.Sprintf(full, number)) }

// numbers are those of the full files, in their order.
func (l *Log) numbers() ([]int64, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var numbers []int64
	for _, e := range entries {
		if m := fullName.FindStringSubmatch(e.Name()); m != nil {
			n, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				return nil, err
			}
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// prune removes the oldest files above the limit.
func (l *Log) prune() error {
	numbers, err := l.numbers()
	if err != nil {
		return err
	}
	var failed error
	for len(numbers) > l.limits.Files-1 {
		failed = errors.Join(failed, os.Remove(l.path(numbers[0])))
		numbers = numbers[1:]
	}
	return failed
}

// Close ends the log. Further records are refused.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
