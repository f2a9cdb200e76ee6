package sqlite

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/store"
)

func archiveOf(revision int64, keys ...string) store.Archive {
	page := store.Page{Revision: revision}
	for _, key := range keys {
		page.Entries = append(page.Entries, store.Entry{Key: key, Value: []byte("restored")})
	}
	return store.NewArchive(page, "test", time.Now())
}

// keysOf are those of a store that is open or not.
func keysOf(t *testing.T, path string) string {
	t.Helper()
	page, err := Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, e := range page.Entries {
		keys = append(keys, e.Key)
	}
	return strings.Join(keys, " ")
}

func TestReadWhileItIsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if _, err := Read(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	s := openAt(t, path)
	put(t, s, "a", "x")
	last := put(t, s, "b", "y")
	page, err := Read(t.Context(), path)
	if err != nil || len(page.Entries) != 2 || page.Revision != last || string(page.Entries[1].Value) != "y" {
		t.Errorf("read %+v, %v", page, err)
	}
	if put(t, s, "c", "z") != last+1 {
		t.Error("the writer was disturbed")
	}
	left := crashed(t, path)
	if got := keysOf(t, left); got != "a b c" {
		t.Errorf("read of what a crash has left: %s", got)
	}
	if n, err := walFrames(left + "-wal"); err != nil || n == 0 {
		t.Errorf("the WAL was taken into the file: %d frames, %v", n, err)
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "store.db")
	if r, err := Replace(t.Context(), path, archiveOf(100, "a", "b"), false); err != nil || r != (Replaced{}) {
		t.Fatalf("no file: %+v, %v", r, err)
	}
	s := openAt(t, path)
	if r := put(t, s, "a", "x"); r <= 100 {
		t.Errorf("revision %d is one that the archive's store had", r)
	}
	if _, err := Replace(t.Context(), path, archiveOf(1, "c"), true); !errors.Is(err, ErrInUse) {
		t.Errorf("an open one: %v", err)
	}

	left := crashed(t, path) // with a WAL
	if _, err := Replace(t.Context(), left, archiveOf(1, "c"), false); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("one that is not empty: %v", err)
	}
	if got := keysOf(t, left); got != "a b" {
		t.Errorf("has %s", got)
	}
	r, err := Replace(t.Context(), left, archiveOf(1, "c"), true)
	if others, err := filepath.Glob(left + "?*"); err != nil || len(others) != 2 { // lock, replaced
		t.Errorf("left: %v, %v", others, err)
	}
	if err != nil || r.Entries != 2 || keysOf(t, left) != "c" || keysOf(t, r.Kept) != "a b" {
		t.Errorf("%+v, %v", r, err)
	}
	if info, err := os.Stat(left); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	opened(t, left)
}

// TestReplaceDamaged keeps the damaged file as it is, with its WAL.
func TestReplaceDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	for range 200 {
		put(t, s, strings.Repeat("key", 100), strings.Repeat("value", 3000))
	}
	damageAt(t, path, s)
	left := crashed(t, path)
	file, wal := read(t, left), read(t, left+"-wal")
	if _, err := Replace(t.Context(), left, archiveOf(1, "c"), false); !errors.Is(err, store.ErrNotEmpty) || !errors.Is(err, ErrDamaged) {
		t.Errorf("without force: %v", err)
	}
	r, err := Replace(t.Context(), left, archiveOf(1, "c"), true)
	if err != nil || r.Entries != -1 || keysOf(t, left) != "c" {
		t.Errorf("%+v, %v", r, err)
	}
	if !bytes.Equal(read(t, r.Kept), file) || !bytes.Equal(read(t, r.Kept+"-wal"), wal) {
		t.Error("the old file was written to")
	}
}

func TestRestoreIntoAnOpenStore(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "store.db"))
	put(t, s, "a", "x")
	put(t, s, "b", "y")
	if _, err := store.Restore(t.Context(), s, archiveOf(1, "b", "c"), false); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("one that is not empty: %v", err)
	}
	if n, err := store.Restore(t.Context(), s, archiveOf(1, "b", "c"), true); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	page, err := s.List(t.Context(), "", "", 0)
	if err != nil || len(page.Entries) != 2 || string(page.Entries[0].Value) != "restored" || page.Entries[1].Key != "c" {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestReplaceWithoutRoom has the restored file need more than it gets, while its WAL, which is
// begun anew meanwhile, does not: what was there stays.
func TestReplaceWithoutRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if _, err := Replace(t.Context(), path, archiveOf(1, "old"), false); err != nil {
		t.Fatal(err)
	}
	page := store.Page{Revision: 1}
	for _, key := range strings.Split("abcdefghij", "") {
		page.Entries = append(page.Entries, store.Entry{Key: key, Value: make([]byte, store.MaxValue)})
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 8 << 20, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := Replace(t.Context(), path, store.NewArchive(page, "test", time.Now()), true)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	t.Log(err)
	if got := keysOf(t, path); err == nil || got != "old" {
		t.Errorf("has %s; %v", got, err)
	}
}

// TestEmptyFileWithAWAL keeps the WAL, which may have all that was acknowledged.
func TestEmptyFileWithAWAL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	put(t, openAt(t, path), "a", "x")
	left := crashed(t, path)
	wal := read(t, left+"-wal")
	if err := os.Truncate(left, 0); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(left, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened %v, %v", s, err)
	}
	if _, err := Replace(t.Context(), left, archiveOf(1, "c"), false); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("without force: %v", err)
	}
	r, err := Replace(t.Context(), left, archiveOf(1, "c"), true)
	if err != nil || keysOf(t, left) != "c" || !bytes.Equal(read(t, r.Kept+"-wal"), wal) {
		t.Errorf("%+v, %v", r, err)
	}
}
