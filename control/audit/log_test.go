package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func open(t *testing.T, dir string, limits Limits) *Log {
	t.Helper()
	l, err := Open(dir, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// names are the operations in a file, by its lines; "" is a line that is no record.
func names(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range bytes.Lines(text) {
		var e struct{ EventName string }
		if err := json.Unmarshal(line, &e); err != nil || !bytes.HasSuffix(line, []byte("\n")) {
			e.EventName = ""
		}
		all = append(all, e.EventName)
	}
	return all
}

func TestFilesRotate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	one, err := Record{Name: "a0"}.line(strings.Repeat("0", 36))
	if err != nil {
		t.Fatal(err)
	}
	limits := Limits{Size: int64(2 * len(one)), Files: 3}
	l := open(t, dir, limits)
	for i := range 9 {
		if err := l.Write(Record{Name: "a" + strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want map[string]string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) != len(want) {
			t.Errorf("files %v, want %v", files, want)
		}
		for _, path := range files {
			if got := strings.Join(names(t, path), " "); got != want[filepath.Base(path)] {
				t.Errorf("%s has %s", path, got)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
	}
	check(map[string]string{"audit-000000000003.jsonl": "a4 a5", "audit-000000000004.jsonl": "a6 a7", "audit.jsonl": "a8"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	limits.Files = 2
	l = open(t, dir, limits)
	if err := l.Write(Record{Name: "a9"}); err != nil {
		t.Fatal(err)
	}
	check(map[string]string{"audit-000000000004.jsonl": "a6 a7", "audit.jsonl": "a8 a9"})
	if err := l.Write(Record{Name: "b0", Parameters: strings.Repeat("x", 4*len(one))}); err != nil {
		t.Fatal(err)
	}
	check(map[string]string{"audit-000000000005.jsonl": "a8 a9", "audit.jsonl": "b0"})
}

func TestAnUnfinishedLineIsEnded(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, current)
	if err := os.WriteFile(path, []byte("{\"eventName\":\"a\"}\n{\"eventNa"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, Limits{Size: 1 << 20, Files: 2})
	if err := l.Write(Record{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(t, path), ","); got != "a,,b" {
		t.Errorf("lines %q", got)
	}
}

// A file may grow no further within a record: the record leaves nothing behind.
func TestAFullDiskLeavesNoHalfLine(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Limits{Size: 1 << 20, Files: 2})
	if err := l.Write(Record{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	limitFiles(t, uint64(l.size)+100, func() {
		if err := l.Write(Record{Name: "b"}); !errors.Is(err, syscall.EFBIG) {
			t.Errorf("got %v", err)
		}
	})
	if err := l.Write(Record{Name: "c"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(t, filepath.Join(dir, current)), ","); got != "a,c" || l.Failed() != 1 {
		t.Errorf("lines %q, %d failed", got, l.Failed())
	}
}

// limitFiles has no file grow beyond size while f runs.
func limitFiles(t *testing.T, size uint64, f func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(err)
		}
	}()
	f()
}

// A device that is always full cannot be cut either.
func TestAFullDiskIsAnErrorAndCounted(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(dir, current)); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, Limits{Size: 1 << 20, Files: 2})
	for range 3 {
		if err := l.Write(Record{Name: "a"}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("got %v", err)
		}
	}
	if l.Failed() != 3 {
		t.Errorf("%d failed", l.Failed())
	}
}

// Who moves the file away, as other programs rotate, loses nothing by it.
func TestAFileThatIsMovedAwayIsBegunAnew(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Limits{Size: 10, Files: 2})
	moved := filepath.Join(dir, "away.jsonl")
	for _, name := range []string{"a", "b"} {
		if err := l.Write(Record{Name: name}); err != nil {
			t.Fatal(err)
		}
		if name == "a" {
			if err := os.Rename(filepath.Join(dir, current), moved); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, b := names(t, moved), names(t, filepath.Join(dir, current))
	if len(a) != 1 || a[0] != "a" || len(b) != 1 || b[0] != "b" || l.Failed() != 0 {
		t.Errorf("moved away %q, here %q, %d failed", a, b, l.Failed())
	}
}

func TestRecordsOfManyAreWhole(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Limits{Size: 4096, Files: 1000})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if err := l.Write(Record{Name: "a"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	n := 0
	for _, path := range files {
		for _, name := range names(t, path) {
			if name != "a" {
				t.Errorf("%s has a line that is no record", path)
			}
			n++
		}
	}
	if n != 8*50 || len(files) < 10 {
		t.Errorf("%d records in %d files", n, len(files))
	}
}

func TestWhatIsNoLogIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Limits{Size: 1, Files: 1}); err == nil {
		t.Error("a file is opened as a folder")
	}
	if _, err := Open(t.TempDir(), Limits{}); err == nil {
		t.Error("no limits are taken")
	}
	l := open(t, t.TempDir(), Limits{Size: 1, Files: 1})
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if err := l.Write(Record{}); !errors.Is(err, ErrClosed) || l.Failed() != 1 {
		t.Errorf("got %v", err)
	}
	if err := open(t, t.TempDir(), Limits{Size: 1, Files: 1}).Write(Record{Parameters: func() {}}); err == nil {
		t.Error("what is no JSON is written")
	}
}

func BenchmarkWrite(b *testing.B) {
	l, err := Open(b.TempDir(), Limits{Size: 64 << 20, Files: 2})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	for b.Loop() {
		if err := l.Write(Record{Name: "GetChannel", Parameters: map[string]any{"arn": "arn:aws:ivs:local:000000000000:channel/abcdABCDefgh"}}); err != nil {
			b.Fatal(err)
		}
	}
}
