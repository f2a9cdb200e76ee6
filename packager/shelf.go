package packager

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
)

// shelf is a stream's place on the disk. Its methods do not wait for the disk, but
// open, which is for readers. A nil one keeps nothing.
type shelf struct {
	dir  string
	disk *Disk
	lane *lane

	bytes   atomic.Int64          // of the files
	unsaved atomic.Int64          // segments that were not taken
	full    atomic.Int64          // those of them for which there was no space
	refusal atomic.Pointer[error] // why the disk does not take segments, nil while it does
	well    atomic.Int64          // segments that it took, one after another, since it refused one
}

func (s *shelf) path(rendition string, msn int64) string {
	return filepath.Join(s.dir, rendition, strconv.FormatInt(msn, 10))
}

// save has a complete segment written.
func (s *shelf) save(rendition string, seg *segment) {
	if s == nil {
		return
	}
	queued := s.lane.save(func() {
		chunks := seg.body.chunks.Load()
		if chunks == nil {
			s.fail(errSlow) // memory had no room for it any longer
			return
		}
		if err := s.disk.write(s.path(rendition, seg.msn), *chunks); err != nil {
			s.fail(err)
			return
		}
		s.bytes.Add(seg.bytes)
		seg.body.saved.Store(true)
		s.took()
	})
	if !queued {
		s.fail(errSlow)
	}
}

// writeFile makes a file, or none.
func writeFile(path string, chunks [][]byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		}
	}
	if err != nil {
		return fmt.Errorf("save a segment: %w", err)
	}
	for _, c := range chunks {
		if _, err = f.Write(c); err != nil {
			break
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("save a segment: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

// recovery is how many segments the disk has to take one after another to be well
// again. One that is nearly full takes the small renditions and refuses the large ones;
// with each segment the log would say another thing.
const recovery = 8

func (s *shelf) took() {
	if s.refusal.Load() != nil && s.well.Add(1) >= recovery {
		s.refusal.Store(nil)
	}
}

func (s *shelf) refused(err error) {
	s.well.Store(0)
	s.refusal.CompareAndSwap(nil, &err)
}

func (s *shelf) fail(err error) {
	s.unsaved.Add(1)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		s.full.Add(1)
	}
	s.refused(err)
}

// discard has a segment's file removed, if there is one by then.
func (s *shelf) discard(rendition string, seg *segment) {
	if s == nil {
		return
	}
	s.lane.put(func() {
		if !seg.body.saved.Load() {
			return
		}
		s.bytes.Add(-seg.bytes)
		if err := os.Remove(s.path(rendition, seg.msn)); err != nil {
			s.refused(err)
		}
	})
}

// empty has all files removed.
func (s *shelf) empty() {
	if s == nil {
		return
	}
	s.lane.put(func() {
		s.bytes.Store(0)
		if err := os.RemoveAll(s.dir); err != nil {
			s.refused(err)
		}
	})
}

// afterwards has something done when all is saved that is to be. Without a disk it never
// is.
func (s *shelf) afterwards(do func()) {
	if s != nil {
		s.lane.put(do)
	}
}

// open is a saved segment's file, for one reader: ErrNotFound where it has been
// removed.
func (s *shelf) open(rendition string, msn int64) (*os.File, error) {
	f, err := os.Open(s.path(rendition, msn))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("open a saved segment: %w", err)
	}
	return f, nil
}

// usage is how many bytes the files have, and how many segments were not taken.
func (s *shelf) usage() (bytes, unsaved int64) {
	if s == nil {
		return 0, 0
	}
	return s.bytes.Load(), s.unsaved.Load()
}

// timesFull is how often there was no space on the disk.
func (s *shelf) timesFull() int64 {
	if s == nil {
		return 0
	}
	return s.full.Load()
}

// err is why the disk does not take segments, nil while it does.
func (s *shelf) err() error {
	if s == nil {
		return nil
	}
	if err := s.refusal.Load(); err != nil {
		return *err
	}
	return nil
}
