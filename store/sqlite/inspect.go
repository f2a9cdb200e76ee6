package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// ErrDamaged says that the file is not whole. It has been left as it is.
var ErrDamaged = errors.New("the store is damaged")

// finding is what was found at the opening.
type finding struct {
	version   int // of the schema; 0 for a new file
	frames    int // in the WAL, whole or not
	recovered int // of them, those that are used
}

// inspect looks at the file at path, which it makes where there is none. It does not write to
// one that there is: not even what is in the WAL goes into it.
func inspect(ctx context.Context, path string) (found finding, err error) {
	if found.frames, err = walFrames(path + "-wal"); err != nil {
		return found, fmt.Errorf("open the store: %w", err)
	}
	if err := create(path); err != nil {
		return found, fmt.Errorf("make the store: %w", err)
	}
	// SQLite would remove the WAL of an empty file, even where it may only read.
	if info, err := os.Stat(path); err == nil && info.Size() == 0 && found.frames > 0 {
		return found, damaged(path, damage("the file is empty, and its write-ahead log is not"))
	}
	db, err := connect(path, "ro")
	if err != nil {
		return found, err
	}
	defer db.Close()
	if found.version, err = examine(ctx, db, path); isDamage(err) {
		err = damaged(path, err)
	} else if err != nil {
		err = fmt.Errorf("open the store %s: %w", path, err)
	}
	return found, err
}

func damaged(path string, err error) error {
	return fmt.Errorf("%w: %s: %w; it has been left as it is: keep it, and put a backup in its place by `ladderd restore --force`",
		ErrDamaged, path, err)
}

// create makes an empty file, which is what SQLite takes for a new database.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), syncDir(path))
}

// examine returns the version of the schema, 0 for an empty file.
func examine(ctx context.Context, db *sql.DB, path string) (int, error) {
	var application, version, tables int
	for _, q := range []struct {
		text string
		to   *int
	}{
		{"PRAGMA application_id", &application},
		{"PRAGMA user_version", &version},
		{"SELECT count(*) FROM sqlite_schema", &tables},
	} {
		if err := db.QueryRowContext(ctx, q.text).Scan(q.to); err != nil {
			return 0, err
		}
	}
	if version == 0 && tables == 0 {
		return 0, nil
	}
	if application != applicationID {
		return 0, errors.New("it is another program's SQLite database; move it away, or set another [server] data_dir")
	}
	if version > len(steps) {
		return 0, fmt.Errorf("it is of a newer ladderd (schema version %d, this one knows %d): "+
			"run that one, or restore a backup that this one can read", version, len(steps))
	}
	var result string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result); err != nil {
		return 0, err
	}
	if result != "ok" {
		return 0, damage(result)
	}
	return version, nil
}

// damage is what quick_check says.
type damage string

func (d damage) Error() string { return string(d) }

// isDamage says whether an error means that the file is not whole.
func isDamage(err error) bool {
	var said *driver.Error
	if errors.As(err, &said) {
		primary := said.Code() & 0xff // the rest says where
		return primary == codes.SQLITE_CORRUPT || primary == codes.SQLITE_NOTADB
	}
	var d damage
	return errors.As(err, &d)
}

// tell says it all in one line.
func (f finding) tell(log *slog.Logger, path string, entries, ended int, revision int64) {
	level := slog.LevelInfo
	if f.frames > f.recovered {
		level = slog.LevelWarn
	}
	log.Log(context.Background(), level, "the store is open", "file", path, "quick_check", "ok", "entries", entries,
		"revision", revision, "schema", len(steps), "schema_found", f.version,
		"wal_frames_recovered", f.recovered, "wal_frames_unfinished", f.frames-f.recovered, "leases_ended", ended)
}
