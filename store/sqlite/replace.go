package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"ladderd/store"
)

// Read is all that is in the file at path, which another process may have open. One that is
// damaged is ErrDamaged.
func Read(ctx context.Context, path string) (store.Page, error) {
	if _, err := os.Stat(path); err != nil {
		return store.Page{}, fmt.Errorf("read the store: %w", err)
	}
	found, err := inspect(ctx, path)
	if err != nil {
		return store.Page{}, err
	}
	if found.version < len(steps) {
		return store.Page{}, fmt.Errorf("read the store %s: it is of an older ladderd (schema version %d, this one reads %d): "+
			"start the daemon, which brings it up to date", path, found.version, len(steps))
	}
	db, err := connect(path, "ro")
	if err != nil {
		return store.Page{}, err
	}
	defer db.Close()
	page, err := list(ctx, db, "", "", 0)
	if err != nil {
		return store.Page{}, fmt.Errorf("read the store %s: %w", path, err)
	}
	return page, nil
}

// Replaced says what a Replace has done with what was there.
type Replaced struct {
	Entries int    // how many there were; -1 where they could not be read
	Kept    string // path of the old file; empty where there were none in it
}

// Replace puts a file with the archive's entries in the place of that at path: a reader finds
// the one or the other. The old one is kept beside it under another name. One that is not empty,
// or cannot be read, is store.ErrNotEmpty unless force, and one that is open ErrInUse.
func Replace(ctx context.Context, path string, a store.Archive, force bool) (r Replaced, err error) {
	held, err := lock(path)
	if err != nil {
		return r, err
	}
	defer held.Close()
	var damage error
	if r.Entries, damage = occupation(ctx, path); damage != nil {
		r.Entries = -1
	}
	if damage != nil && !force {
		return r, fmt.Errorf("%w, as far as one can tell: %w", store.ErrNotEmpty, damage)
	}
	if r.Entries != 0 && !force {
		return r, fmt.Errorf("%w: %s has %d entries", store.ErrNotEmpty, path, r.Entries)
	}
	built := path + ".restored"
	if err := build(ctx, built, a); err != nil {
		return r, errors.Join(fmt.Errorf("make the restored store: %w", err), discard(built))
	}
	if r.Entries != 0 {
		r.Kept = path + ".replaced-" + time.Now().UTC().Format("20060102T150405.000Z")
	}
	if err := exchange(built, path, r.Kept); err != nil {
		return r, fmt.Errorf("put the restored store in its place: %w", err)
	}
	return r, nil
}

// occupation counts the entries of a file. It takes what a crash has left in the WAL into it,
// unless it is damaged.
func occupation(ctx context.Context, path string) (entries int, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	found, err := inspect(ctx, path)
	if err != nil || found.version == 0 {
		return 0, err
	}
	db, err := connect(path, "rw")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM entries").Scan(&entries); err != nil {
		return 0, err
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return entries, err
}

// build makes a store of the archive, whose revisions come after all that the archive's store
// had.
func build(ctx context.Context, path string, a store.Archive) (err error) {
	if err := discard(path); err != nil { // of a restore that was broken off
		return err
	}
	s, err := open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, s.shut()); err == nil {
			err = alone(path)
		}
	}()
	err = s.submit(ctx, func(tx *transaction) error {
		tx.revision = a.Revision
		return nil
	})
	if err != nil {
		return err
	}
	for c := range a.Changes() {
		if _, err := s.Apply(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// alone wants all of a closed store in its file. On a disk that is full SQLite closes without a
// word, and leaves in the WAL what there was no room for.
func alone(path string) error {
	info, err := os.Stat(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%d bytes of its write-ahead log could not be taken into it: is the disk full?", info.Size())
	}
	return err
}

// exchange has the file at built be the one at path. There is a store at path all the time, so
// that nobody who is killed here leaves a daemon that begins with an empty one.
func exchange(built, path, kept string) error {
	if kept != "" {
		if err := os.Link(path, kept); err != nil {
			return err
		}
		// SQLite would take another file's WAL for the new one's.
		if err := os.Rename(path+"-wal", kept+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := remove(path+"-wal", path+"-shm"); err != nil {
		return err
	}
	if err := os.Rename(built, path); err != nil {
		return err
	}
	return syncDir(path)
}

// discard removes a file and what SQLite has beside it.
func discard(path string) error { return remove(path, path+"-wal", path+"-shm") }

// remove removes those files that there are.
func remove(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
