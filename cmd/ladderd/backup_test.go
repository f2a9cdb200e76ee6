package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/config"
	"ladderd/store"
	"ladderd/store/sqlite"
)

// storeIn is a store below a data_dir, whose configuration file is at the path.
func storeIn(t *testing.T) (path string, s store.Store) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "ladderd.toml")
	if err := os.WriteFile(path, []byte("[server]\ndata_dir = \""+dir+"/data\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = openStore(t.Context(), cfg, quiet()); err != nil {
		t.Fatal(err)
	}
	return path, s
}

func putInto(t *testing.T, s store.Store, key, value string) {
	t.Helper()
	if _, err := s.Apply(t.Context(), store.Change{Put: []store.Put{{Key: key, Value: []byte(value)}}}); err != nil {
		t.Fatal(err)
	}
}

// TestBackupAndRestore backs a store up while it is open, and restores it.
func TestBackupAndRestore(t *testing.T) {
	cfg, s := storeIn(t)
	putInto(t, s, "a", "before")
	to := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(to, []byte("an older one"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (&backupCommand{Config: cfg, To: to}).Run(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(to)); err != nil || len(files) != 1 {
		t.Errorf("left: %v, %v", files, err)
	}
	putInto(t, s, "a", "after")

	restore := &restoreCommand{Config: cfg, From: to, Force: true}
	if err := restore.Run(); !errors.Is(err, sqlite.ErrInUse) || !strings.Contains(err.Error(), "stop the daemon") {
		t.Errorf("while it is open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := (&restoreCommand{Config: cfg, From: to}).Run(); !errors.Is(err, store.ErrNotEmpty) || !strings.Contains(err.Error(), "--force") {
		t.Errorf("without force: %v", err)
	}
	if err := restore.Run(); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(cfg)
	if err != nil {
		t.Fatal(err)
	}
	page, err := readStore(t.Context(), loaded)
	if err != nil || len(page.Entries) != 1 || string(page.Entries[0].Value) != "before" {
		t.Errorf("restored %+v, %v", page, err)
	}
}

func TestBackupIsNotWrittenOverTheStore(t *testing.T) {
	cfg, s := storeIn(t)
	putInto(t, s, "a", "x")
	path := filepath.Join(filepath.Dir(cfg), "data", "ladderd.db")
	if err := (&backupCommand{Config: cfg, To: path}).Run(); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if page, err := sqlite.Read(t.Context(), path); err != nil || len(page.Entries) != 1 {
		t.Errorf("the store has %v, %v", page.Entries, err)
	}
}

func TestBadBackupsTouchNothing(t *testing.T) {
	cfg, s := storeIn(t)
	putInto(t, s, "a", "x")
	to := filepath.Join(t.TempDir(), "backup")
	if err := (&backupCommand{Config: cfg, To: to}).Run(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"altered":      bytes.Replace(good, []byte(`"value":"e`), []byte(`"value":"f`), 1),
		"cut off":      good[:len(good)-2],
		"of a newer":   bytes.Replace(good, []byte(`"version":1`), []byte(`"version":2`), 1),
		"not a backup": []byte("hello\n"),
	} {
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
		err := (&restoreCommand{Config: cfg, From: to, Force: true}).Run()
		if !errors.Is(err, store.ErrArchive) || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if files, err := os.ReadDir(filepath.Join(filepath.Dir(cfg), "data")); err != nil || len(files) != 2 { // the store and its lock
		t.Errorf("there are %v, %v", files, err)
	}
}

// What is replaced in a store of many is kept as a backup, which can be restored.
func TestRestoreKeepsWhatItReplaces(t *testing.T) {
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "store.db"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c := &restoreCommand{From: filepath.Join(t.TempDir(), "backup"), Force: true}
	if kept, err := c.keep(t.Context(), s); kept != "" || err != nil {
		t.Errorf("of an empty store: %q, %v", kept, err)
	}
	if _, err := s.Apply(t.Context(), store.Change{Put: []store.Put{{Key: "a", Value: []byte("1")}}}); err != nil {
		t.Fatal(err)
	}
	said, err := c.keep(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(c.From + ".replaced-*")
	if len(files) != 1 || !strings.Contains(said, files[0]) {
		t.Fatalf("%v; it says %s", files, said)
	}
	archive, err := readBackup(files[0])
	if err != nil || len(archive.Entries) != 1 || archive.Entries[0].Key != "a" {
		t.Errorf("kept %+v, %v", archive.Entries, err)
	}
}
