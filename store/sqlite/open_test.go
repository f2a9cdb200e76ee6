package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ladderd/store"
)

// opened closes it again, and returns the log's line.
func opened(t *testing.T, path string) string {
	t.Helper()
	var text bytes.Buffer
	s, err := Open(path, slog.New(slog.NewTextHandler(&text, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func put(t *testing.T, s *Store, key, value string) int64 {
	t.Helper()
	revision, err := s.Apply(t.Context(), store.Change{Put: []store.Put{{Key: key, Value: []byte(value)}}})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := connect(path, "rwc")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range statements {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatIsClosedIsThereAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	revision := put(t, s, "a", "x")
	lease, err := s.Grant(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), "", "", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(path + "-*"); err != nil || len(left) > 0 {
		t.Errorf("not closed: %v, %v", left, err)
	}
	again := openAt(t, path)
	if e, err := again.Get(t.Context(), "a"); err != nil || e.Revision != revision || string(e.Value) != "x" {
		t.Errorf("got %+v, %v", e, err)
	}
	if err := again.Renew(t.Context(), lease); err != nil {
		t.Errorf("a lease has not lasted: %v", err)
	}
	if r := put(t, again, "a", "y"); r <= revision {
		t.Errorf("revision %d after %d", r, revision)
	}
	w, err := again.Watch(t.Context(), "", revision-1)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := <-w.Updates(); ok || !errors.Is(w.Err(), store.ErrCompacted) {
		t.Errorf("watched what was before the start: %v", w.Err())
	}
}

// TestOldFilesAreBroughtUpToDate makes a file of each version that there was, by its SQL, with
// entries in it.
func TestOldFilesAreBroughtUpToDate(t *testing.T) {
	rows := []string{
		`INSERT INTO entries (key, value, revision) VALUES (CAST('a' AS BLOB), x'01', 3), (CAST('b' AS BLOB), x'', 7)`,
		`UPDATE counter SET revision = 9`,
	}
	for version := 1; version < len(steps); version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "old.db")
			execute(t, path, append(steps[:version:version], append(rows, fmt.Sprintf("PRAGMA user_version = %d", version))...)...)
			if line := opened(t, path); !strings.Contains(line, fmt.Sprintf("entries=2 revision=9 schema=%d schema_found=%d", len(steps), version)) {
				t.Error(line)
			}
			s := openAt(t, path)
			for key, want := range map[string]store.Entry{"a": {Key: "a", Value: []byte{1}, Revision: 3}, "b": {Key: "b", Revision: 7}} {
				e, err := s.Get(t.Context(), key)
				if err != nil || !bytes.Equal(e.Value, want.Value) || e.Revision != want.Revision || e.Lease != 0 {
					t.Errorf("got %+v, %v; want %+v", e, err, want)
				}
			}
			if r := put(t, s, "a", "new"); r != 10 {
				t.Errorf("the next revision is %d, want 10", r)
			}
			if _, err := s.Grant(t.Context(), time.Second); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMigrationsAreWholeOrNotAtAll has a step fail behind its first statement.
func TestMigrationsAreWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	execute(t, path, steps[0], "PRAGMA user_version = 1", "CREATE TABLE leased (x)")
	if s, err := Open(path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "from version 1 to 2") {
		t.Fatalf("opened %v: %v", s, err)
	}
	execute(t, path, "DROP TABLE leased")
	if line := opened(t, path); !strings.Contains(line, "schema_found=1") {
		t.Error(line)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		damaged    bool
		make       func(t *testing.T, path string)
	}{
		{"newer", "of a newer ladderd (schema version 99", false, func(t *testing.T, path string) {
			opened(t, path)
			execute(t, path, "PRAGMA user_version = 99")
		}},
		{"another's", "another program's", false, func(t *testing.T, path string) { execute(t, path, "CREATE TABLE theirs (x)") }},
		{"no database", "ladderd restore", true, func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"damaged in the middle", "ladderd restore", true, func(t *testing.T, path string) {
			s := openAt(t, path)
			for i := range 200 {
				put(t, s, fmt.Sprintf("key %d", i), strings.Repeat("value", 200))
			}
			damageAt(t, path, s)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "store.db")
			c.make(t, path)
			path = crashed(t, path)
			before := read(t, path)
			s, err := Open(path, slog.New(slog.DiscardHandler))
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || errors.Is(err, ErrDamaged) != c.damaged {
				t.Error(err)
			}
			if !bytes.Equal(read(t, path), before) {
				t.Error("the file was written to")
			}
		})
	}
}

// damageAt writes over the middle of the file, with a WAL beside it.
func damageAt(t *testing.T, path string, s *Store) {
	t.Helper()
	if _, err := s.writer.conn.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	put(t, s, "last", "in the WAL")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, 8192), info.Size()/2/4096*4096); err != nil {
		t.Fatal(err)
	}
}

// crashed copies a store as a crash would leave it.
func crashed(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	for _, end := range []string{"", "-wal"} {
		text, err := os.ReadFile(path + end)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+end, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestOneProcessAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	openAt(t, path)
	_, err := Open(path, slog.New(slog.DiscardHandler))
	if want := fmt.Sprintf("open in process %d;", os.Getpid()); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), want) {
		t.Errorf("opened twice: %v", err)
	}
}

// TestTornWAL cuts and overwrites the end of a WAL: what was committed before is there.
func TestTornWAL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	var ends []int64 // of the WAL, after each commit
	for i := range 5 {
		put(t, s, fmt.Sprint(i), strings.Repeat("v", 10_000))
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, info.Size())
	}
	for name, tear := range map[string]func(f *os.File) error{
		"cut off":            func(f *os.File) error { return f.Truncate(ends[4] - 100) },
		"a frame less":       func(f *os.File) error { return f.Truncate(ends[4] - 4096 - frameHeader) },
		"a header left":      func(f *os.File) error { return f.Truncate(ends[4] - 4096) },
		"garbage at the end": func(f *os.File) error { _, err := f.WriteAt([]byte("garbage"), ends[4]-100); return err },
		"zeros at the end":   func(f *os.File) error { _, err := f.WriteAt(make([]byte, 3000), ends[4]-3000); return err },
	} {
		t.Run(name, func(t *testing.T) {
			torn := crashed(t, path)
			f, err := os.OpenFile(torn+"-wal", os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(tear(f), f.Close()); err != nil {
				t.Fatal(err)
			}
			line := opened(t, torn)
			if !strings.Contains(line, "level=WARN") || strings.Contains(line, "unfinished=0") || strings.Contains(line, "recovered=0") ||
				!strings.Contains(line, "entries=4") {
				t.Error(line)
			}
			page, err := openAt(t, torn).List(t.Context(), "", "", 0)
			if err != nil || len(page.Entries) != 4 {
				t.Errorf("%d entries, %v", len(page.Entries), err)
			}
		})
	}
}

func TestLogSaysWhatWasFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	lease, err := s.Grant(t.Context(), store.MinTTL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []store.Change{{Put: []store.Put{{Key: "a"}}}, {Put: []store.Put{{Key: "b", Lease: lease}}}} {
		if _, err := s.Apply(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	left := crashed(t, path)
	// A second later, for who opens it.
	execute(t, left, "UPDATE leases SET ends = 1")
	line := opened(t, left)
	for _, want := range []string{"level=INFO", "quick_check=ok", "entries=1", "revision=3", "leases_ended=1", "unfinished=0", "file=" + left} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
	left = crashed(t, path)
	if line := opened(t, left); strings.Contains(line, "recovered=0") {
		t.Error(line)
	}
	if line := opened(t, filepath.Join(t.TempDir(), "new.db")); !strings.Contains(line, "recovered=0") || !strings.Contains(line, "unfinished=0") {
		t.Errorf("of a new file: %s", line)
	}
}

// TestClockThatWasSetBack has a lease end no later than it lasts.
func TestClockThatWasSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	opened(t, path)
	execute(t, path, fmt.Sprintf("INSERT INTO leases VALUES (7, 1000000000, %d)", time.Now().Add(time.Hour).UnixNano()))
	if line := opened(t, path); !strings.Contains(line, "leases_ended=1") {
		t.Error(line)
	}
}
