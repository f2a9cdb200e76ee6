package metrics

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// applicationID says in the file's header that it is ladderd's metrics: "ladm".
const applicationID = 0x6c61646d

// schemaVersion is PRAGMA user_version's. A file of another version is set aside.
const schemaVersion = 1

// schema is a new file's. rowid of chunks is rowID's, and made is up to when, in Unix seconds,
// a level has been made of the one before it; of level 0, when it was last looked for what is too
// old.
const schema = `PRAGMA application_id = 0x6c61646d;
	PRAGMA user_version = 1;
	CREATE TABLE groups (id INTEGER NOT NULL PRIMARY KEY, channel TEXT NOT NULL UNIQUE);
	CREATE TABLE series (
		id         INTEGER NOT NULL PRIMARY KEY,
		grp        INTEGER NOT NULL,
		name       TEXT NOT NULL,
		dimensions TEXT NOT NULL,
		namespace  TEXT NOT NULL,
		steps      INTEGER NOT NULL, -- that make 1
		last       INTEGER NOT NULL, -- sample, in Unix seconds; up to an hour behind
		UNIQUE (grp, name, dimensions, namespace)
	);
	CREATE TABLE chunks (id INTEGER NOT NULL PRIMARY KEY, data BLOB NOT NULL);
	CREATE TABLE made (level INTEGER NOT NULL PRIMARY KEY, until INTEGER NOT NULL);`

// errForeign says that the file is none that this program can go on with.
var errForeign = errors.New("it is not a file of this version's metrics")

// connect opens the file, which is set aside where it is damaged or another program's. A commit
// is not waited for until it is on the disk: see Store.
func (s *Store) connect(ctx context.Context) error {
	db, err := openFile(ctx, s.path)
	if isDamage(err) {
		if err := s.setAside(err); err != nil {
			return err
		}
		db, err = openFile(ctx, s.path)
	}
	if err != nil {
		return err
	}
	s.db = db
	return s.readMade(ctx)
}

func openFile(ctx context.Context, path string) (_ *sql.DB, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite would have everybody read it
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	query := url.Values{"mode": {"rw"}, "_pragma": {
		"busy_timeout(5000)", "synchronous(NORMAL)", "journal_mode(WAL)", "journal_size_limit(16777216)", "cache_size(-1000)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2)
	if err := begin(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// begin makes the schema of a new file, and looks whose one is that there is.
func begin(ctx context.Context, db *sql.DB) error {
	var application, version, tables int
	for text, to := range map[string]*int{
		"PRAGMA application_id": &application, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := db.QueryRowContext(ctx, text).Scan(to); err != nil {
			return err
		}
	}
	switch {
	case tables == 0 && application == 0:
		if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE; "+schema+" COMMIT"); err != nil {
			return err
		}
	case application != applicationID || version != schemaVersion:
		return errForeign
	}
	return nil
}

// setAside moves a file out of the way that cannot be used. The one that was there before it
// goes: they do not fill the disk.
func (s *Store) setAside(why error) error {
	if s.db != nil {
		_ = s.db.Close() // nothing of it is used any more
		s.db = nil
	}
	aside := s.path + ".aside"
	if err := os.Rename(s.path, aside); err != nil {
		return fmt.Errorf("move the file aside: %w", err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(s.path+suffix, aside+suffix); errors.Is(err, os.ErrNotExist) {
			err = os.Remove(aside + suffix)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		} else if err != nil {
			return err
		}
	}
	s.log.Error("the metrics' file cannot be used: it has been moved aside, and metrics begin anew", "file", s.path, "aside", aside, "reason", why)
	s.forgetIDs()
	return nil
}

// SQLite's codes of what is damaged, and of what is no file of its own (SQLITE_CORRUPT,
// SQLITE_NOTADB).
const (
	corrupt      = 11
	notADatabase = 26
)

// isDamage says whether an error means that the file is not whole, or not ours.
func isDamage(err error) bool {
	if errors.Is(err, errForeign) {
		return true
	}
	var said interface{ Code() int }
	if errors.As(err, &said) {
		primary := said.Code() & 0xff // the rest says where
		return primary == corrupt || primary == notADatabase
	}
	return false
}

// forgetIDs says that what is in memory is in no file. file is locked.
func (s *Store) forgetIDs() {
	s.ahead, s.expired = [len(levels)]int64{}, 0
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		l.id, l.told = 0, 0
	}
	for _, g := range s.groups {
		g.id = 0
		if g.open != nil {
			g.open.base, g.open.based = nil, false
		}
	}
	for _, p := range s.sealed {
		p.base, p.based = nil, false
		for l := range p.points {
			l.id, l.told = 0, 0
		}
	}
}
