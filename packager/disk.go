package packager

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
)

// Disk is a directory that streams keep their older segments in:
//
//	<directory>/<stream id>/<rendition>/<media sequence number>
//
// A segment's file is its parts end to end. Nothing in it outlives the daemon: what
// an earlier one left is moved aside at the start, and removed while streams run.
//
// Streams hand their segments to a few goroutines, one queue each, and go on; a
// stream's files are all written and removed by the same one, in order. A queue has
// room for laneLength segments. When it is full, as the disk is too slow, a segment
// stays in memory, and the stream's Usage counts it.
type Disk struct {
	dir     string
	lock    *os.File
	lanes   []*lane
	next    atomic.Uint32
	running sync.WaitGroup
	write   func(path string, chunks [][]byte) error // writeFile, but in tests
}

const (
	laneCount  = 4
	laneLength = 256 // segments; their bytes are bounded by Options.Memory
)

var (
	// ErrDiskBusy says that a directory belongs to a daemon that runs.
	ErrDiskBusy = errors.New("another process uses the directory")

	errSlow = errors.New("the disk is too slow: too many segments wait for it")
)

// OpenDisk takes a directory into use, creates it where it is not there, and has
// all that is in it removed: hours of media take a disk a while, so that goes on when
// this has returned. Close the disk when no stream writes and nobody reads any more.
func OpenDisk(dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the window's directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the window's directory: %w", err)
	}
	d := &Disk{dir: dir, lock: lock, write: writeFile}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("open the window's directory %s: %w", dir, ErrDiskBusy), lock.Close())
	}
	old, err := d.moveAside()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("empty the window's directory: %w", err), lock.Close())
	}
	d.running.Go(func() { _ = os.RemoveAll(old) }) // what cannot be is tried again, and told, by Close
	for range laneCount {
		l := &lane{wake: make(chan struct{}, 1)}
		d.lanes = append(d.lanes, l)
		d.running.Go(l.run)
	}
	return d, nil
}

// lockName is no stream's id.
const lockName = ".lock"

// moveAside puts everything but the lock into a directory below the disk's own, which
// takes no longer than there are streams.
func (d *Disk) moveAside() (to string, err error) {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return "", err
	}
	if to, err = os.MkdirTemp(d.dir, ".old-"); err != nil {
		return "", err
	}
	for _, e := range entries {
		if e.Name() != lockName {
			err = errors.Join(err, os.Rename(filepath.Join(d.dir, e.Name()), filepath.Join(to, e.Name())))
		}
	}
	return to, err
}

// clean removes everything but the lock.
func (d *Disk) clean() error {
	entries, err := os.ReadDir(d.dir)
	for _, e := range entries {
		if e.Name() != lockName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(d.dir, e.Name())))
		}
	}
	return err
}

// Close ends what is being written, removes all files, and waits for that. A disk
// that hangs holds it up.
func (d *Disk) Close() error {
	for _, l := range d.lanes {
		l.close()
	}
	d.running.Wait()
	return errors.Join(d.clean(), d.lock.Close())
}

func (d *Disk) shelf(stream string) *shelf {
	l := d.lanes[int(d.next.Add(1))%len(d.lanes)]
	return &shelf{dir: filepath.Join(d.dir, stream), disk: d, lane: l}
}

// lane is a goroutine that works for the disk, and its queue.
type lane struct {
	wake chan struct{} // has an element where there may be jobs, or the lane is closed

	mu     sync.Mutex
	jobs   []func()
	saving int // of the jobs
	closed bool
}

// save puts a job in line that counts against the queue's length, and says whether
// there was room.
func (l *lane) save(job func()) bool {
	l.mu.Lock()
	room := l.saving < laneLength && !l.closed
	if room {
		l.saving++
		l.jobs = append(l.jobs, func() {
			job()
			l.mu.Lock()
			l.saving--
			l.mu.Unlock()
		})
	}
	l.mu.Unlock()
	l.knock()
	return room
}

// put puts a job in line that must not be lost. There are never more of them than
// files.
func (l *lane) put(job func()) {
	l.mu.Lock()
	if !l.closed {
		l.jobs = append(l.jobs, job)
	}
	l.mu.Unlock()
	l.knock()
}

func (l *lane) knock() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) close() {
	l.mu.Lock()
	l.closed, l.jobs = true, nil
	l.mu.Unlock()
	l.knock()
}

func (l *lane) run() {
	for {
		job, closed := l.take()
		switch {
		case closed:
			return
		case job == nil:
			<-l.wake
		default:
			job()
		}
	}
}

func (l *lane) take() (job func(), closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.jobs) > 0 {
		job = l.jobs[0]
		l.jobs[0] = nil // it holds a segment with its bytes, and the array lives on
		l.jobs = l.jobs[1:]
	}
	return job, l.closed
}
