package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"ladderd/store"
)

// fullDir has the test's own binary be a process that may fill a disk: below this folder.
const fullDir = "STORE_FULL_DIR"

// TestFullDisk has a disk without room: changes fail, and nothing that was acknowledged is lost;
// when there is room they work again. It runs in a process of its own, which has a small disk in
// namespaces of its own, or, where the machine does not give it those, a limit to its files.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDir); dir != "" {
		fillDisk(t, dir)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(attributes *syscall.SysProcAttr) ([]byte, error) {
		c := exec.Command(self, "-test.run", "^TestFullDisk$", "-test.v")
		c.Env = append(os.Environ(), fullDir+"="+t.TempDir())
		c.SysProcAttr = attributes
		return c.CombinedOutput()
	}
	out, err := run(&syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	})
	if len(out) == 0 && err != nil {
		t.Logf("no namespaces: %v", err)
		out, err = run(nil)
	}
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// disk can be full.
type disk struct{ fill, empty func() error }

// smallDisk is a file system of 8 MiB at dir.
func smallDisk(t *testing.T, dir string) disk {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Logf("no tmpfs, but a limit to files: %v", err)
		return limitedFiles(dir)
	}
	ballast := filepath.Join(dir, "ballast")
	return disk{
		fill: func() error {
			err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600)
			if !errors.Is(err, syscall.ENOSPC) {
				return fmt.Errorf("the disk is not full: %v", err)
			}
			return nil
		},
		empty: func() error { return os.Remove(ballast) },
	}
}

// limitedFiles has no file become longer than the WAL is.
func limitedFiles(dir string) disk {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	set := func(most uint64) error {
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: limit.Max})
	}
	return disk{
		fill: func() error {
			wal, err := os.Stat(filepath.Join(dir, "store.db-wal"))
			return errors.Join(err, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit), set(uint64(wal.Size())))
		},
		empty: func() error { return set(limit.Max) },
	}
}

func fillDisk(t *testing.T, dir string) {
	d := smallDisk(t, dir)
	path := filepath.Join(dir, "store.db")
	s := openAt(t, path)
	value := bytes.Repeat([]byte("v"), 10_000)
	acknowledged := map[string]int64{}
	for i := range 20 {
		key := fmt.Sprint("before ", i)
		acknowledged[key] = put(t, s, key, string(value))
	}
	if err := d.fill(); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if _, err := s.Apply(t.Context(), store.Change{Put: []store.Put{{Key: fmt.Sprint("full ", i), Value: value}}}); err == nil {
			t.Error("a change was acknowledged that has no room")
		}
	}
	if _, err := s.Grant(t.Context(), store.MinTTL); err == nil {
		t.Error("a lease was granted that has no room")
	}
	check := func(s *Store) {
		t.Helper()
		page, err := s.List(t.Context(), "", "", 0)
		if err != nil || len(page.Entries) != len(acknowledged) {
			t.Errorf("%d entries, want %d; %v", len(page.Entries), len(acknowledged), err)
		}
		for _, e := range page.Entries {
			if acknowledged[e.Key] != e.Revision || !bytes.Equal(e.Value, value) {
				t.Errorf("%s has revision %d, want %d, and %d bytes", e.Key, e.Revision, acknowledged[e.Key], len(e.Value))
			}
		}
	}
	check(s)
	if err := d.empty(); err != nil {
		t.Fatal(err)
	}
	acknowledged["after"] = put(t, s, "after", string(value))
	check(s)
	left := crashed(t, path) // on another disk
	check(openAt(t, left))
}
