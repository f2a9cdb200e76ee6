package chaos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ladderd/load/proc"
)

// Figures are what there is at a quiet point: of the daemon, where nothing else is said.
type Figures struct {
	RSS        int64 `json:"rss_bytes"` // resident
	Own        int64 `json:"own_bytes"` // of that, what is in no file
	Goroutines int64 `json:"goroutines"`
	Threads    int64 `json:"threads"`
	Files      int64 `json:"files"`    // descriptors
	Media      int64 `json:"media"`    // files below data_dir's window
	Children   int64 `json:"children"` // processes: workers, and what tries devices
	Zombies    int64 `json:"zombies"`  // of these have ended, and nobody has asked how
	Streams    int64 `json:"streams"`  // with those that have ended and can still be watched
	Leases     int64 `json:"leases"`
	Booked     int64 `json:"booked"`   // amounts that are booked on devices, other than none
	Sessions   int64 `json:"sessions"` // encoders that are open on the cards, in all processes
}

// figure is one of them.
type figure struct {
	name string
	of   func(*Figures) *int64
	// idle says that it is none at a quiet point.
	idle bool
}

var list = []figure{
	{"RSS", func(f *Figures) *int64 { return &f.RSS }, false},
	{"own memory", func(f *Figures) *int64 { return &f.Own }, false},
	{"goroutines", func(f *Figures) *int64 { return &f.Goroutines }, false},
	{"threads", func(f *Figures) *int64 { return &f.Threads }, false},
	{"descriptors", func(f *Figures) *int64 { return &f.Files }, false},
	{"window files", func(f *Figures) *int64 { return &f.Media }, true},
	{"children", func(f *Figures) *int64 { return &f.Children }, true},
	{"zombies", func(f *Figures) *int64 { return &f.Zombies }, true},
	{"streams", func(f *Figures) *int64 { return &f.Streams }, true},
	{"leases", func(f *Figures) *int64 { return &f.Leases }, true},
	{"booked amounts", func(f *Figures) *int64 { return &f.Booked }, true},
	{"encoder sessions", func(f *Figures) *int64 { return &f.Sessions }, true},
}

// String is a line.
func (f Figures) String() string {
	words := []string{fmt.Sprintf("RSS %.1f MB, %.1f its own", float64(f.RSS)/1e6, float64(f.Own)/1e6)}
	for _, l := range list[2:] {
		if n := *l.of(&f); n != 0 || !l.idle {
			words = append(words, fmt.Sprintf("%d %s", n, l.name))
		}
	}
	return strings.Join(words, ", ")
}

// Left is what should not be there at a quiet point.
func (f Figures) Left() (faults []string) {
	for _, l := range list {
		if n := *l.of(&f); l.idle && n != 0 {
			faults = append(faults, fmt.Sprintf("at a quiet point there are %d %s", n, l.name))
		}
	}
	return faults
}

func (f Figures) idle() bool { return len(f.Left()) == 0 }

// middle has the middle one of each figure.
func middle(all []Figures) (m Figures) {
	for _, l := range list {
		values := make([]int64, len(all))
		for i := range all {
			values[i] = *l.of(&all[i])
		}
		slices.Sort(values)
		*l.of(&m) = values[len(values)/2]
	}
	return m
}

// figures are what there is now.
func (s *stage) figures(ctx context.Context) (f Figures, err error) {
	h, err := s.daemon.Health(ctx)
	if err != nil {
		return f, err
	}
	f.Goroutines = int64(h.Process.Goroutines)
	f.Streams = int64(len(h.Streams) + h.Lingering.Streams)
	f.Leases = int64(len(h.Admission.Leases))
	for _, d := range h.Admission.Devices {
		for _, n := range d.Booked {
			if n != 0 {
				f.Booked++
			}
		}
	}
	open, err := s.sessionsOpen()
	if err != nil {
		return f, err
	}
	f.Sessions = int64(open)
	if f.Media, err = filesBelow(filepath.Join(s.daemon.Folder(), "window")); err != nil {
		return f, err
	}
	return f, f.readProcess(s.daemon.PID())
}

// readProcess has what the kernel tells.
func (f *Figures) readProcess(pid int) error {
	files, err := os.ReadDir(proc.File(pid, "fd"))
	if err != nil {
		return fmt.Errorf("count the daemon's descriptors: %w", err)
	}
	threads, err := os.ReadDir(proc.File(pid, "task"))
	if err != nil {
		return fmt.Errorf("count the daemon's threads: %w", err)
	}
	f.Files, f.Threads = int64(len(files)), int64(len(threads))
	text, err := os.ReadFile(proc.File(pid, "statm"))
	if err != nil {
		return fmt.Errorf("read the daemon's memory: %w", err)
	}
	var size, resident, shared int64 // proc_pid_statm(5), in pages
	if _, err := fmt.Sscan(string(text), &size, &resident, &shared); err != nil {
		return fmt.Errorf("read the daemon's memory: %q: %w", text, err)
	}
	page := int64(os.Getpagesize())
	f.RSS, f.Own = resident*page, (resident-shared)*page
	return f.countChildren(pid)
}

// countChildren counts those that run, and those that have ended unnoticed.
func (f *Figures) countChildren(parent int) error {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		stat, err := proc.ParseStat(text)
		if err != nil {
			return err
		}
		if stat.Parent != parent {
			continue
		}
		if strings.Contains(string(text), ") Z ") {
			f.Zombies++
		} else {
			f.Children++
		}
	}
	return nil
}

// filesBelow counts a folder's files, in all folders below it.
func filesBelow(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it goes with its stream
		}
		if err == nil && e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") { // not the lock
			n++
		}
		return err
	})
	return n, err
}
