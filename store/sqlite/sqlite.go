package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"ladderd/store"
)

// ErrClosed says that the store was closed meanwhile.
var ErrClosed = errors.New("the store is closed")

// readers is how many Gets and Lists are read at the same time; more wait.
const readers = 4

// Store is the file of one path.
type Store struct {
	lock  *os.File
	log   *slog.Logger
	db    *sql.DB // the readers
	get   *sql.Stmt
	feed  *feed
	queue chan *job
	// opened is when; the time since then is told by a clock that nobody sets.
	opened time.Time

	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	done   sync.WaitGroup // the writer and the watchers
	writer *writer
}

// Open opens the file at path, or makes it, and says in the log what it found there. What is
// damaged (ErrDamaged), of a newer ladderd or another program's is refused and left as it is.
// Another process that has it is ErrInUse.
func Open(path string, log *slog.Logger) (*Store, error) {
	held, err := lock(path)
	if err != nil {
		return nil, err
	}
	s, err := open(path, log)
	if err != nil {
		held.Close()
		return nil, err
	}
	s.lock = held
	return s, nil
}

// open does what Open does, without a lock.
func open(path string, log *slog.Logger) (s *Store, err error) {
	ctx := context.Background()
	found, err := inspect(ctx, path)
	if err != nil {
		return nil, err
	}
	s = &Store{log: log, opened: time.Now(), queue: make(chan *job, maxBatch)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	if s.writer, err = newWriter(ctx, path, found.version, s); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.shut())
		}
	}()
	if found.recovered, err = s.writer.walLength(ctx); err != nil {
		return nil, err
	}
	found.recovered = min(found.recovered, found.frames) // a new schema has added some
	ended, err := s.writer.expire(ctx)
	if err != nil {
		return nil, err
	}
	if s.db, err = connect(path, "rw", "query_only(1)"); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(readers)
	s.db.SetMaxIdleConns(readers)
	if s.get, err = s.db.PrepareContext(ctx, "SELECT value, revision, lease FROM entries WHERE key = ?"); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	var entries int
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM entries").Scan(&entries); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s.feed = newFeed(s.writer.revision)
	s.done.Go(s.writer.run)
	found.tell(log, path, entries, ended, s.writer.revision)
	return s, nil
}

// connect is a pool of connections to the file at path, each with the pragmas. A commit is on
// the disk before it is acknowledged (synchronous).
func connect(path, mode string, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"mode": {mode}, "_pragma": append([]string{"busy_timeout(5000)", "synchronous(FULL)"}, pragmas...)}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	return db, nil
}

// Get is store.Store's.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Entry{}, err
	}
	e := store.Entry{Key: key}
	err := s.get.QueryRowContext(ctx, []byte(key)).Scan(&e.Value, &e.Revision, &e.Lease)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Entry{}, fmt.Errorf("%w: %q", store.ErrNotFound, key)
	}
	if err != nil {
		return store.Entry{}, fmt.Errorf("read %q: %w", key, err)
	}
	return e, nil
}

// List is store.Store's.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (store.Page, error) {
	page, err := list(ctx, s.db, prefix, after, limit)
	if err != nil {
		return store.Page{}, fmt.Errorf("list %q: %w", prefix, err)
	}
	return page, nil
}

// list reads a page in a transaction, so that all of it is of one revision.
func list(ctx context.Context, db *sql.DB, prefix, after string, limit int) (page store.Page, err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return page, err
	}
	defer tx.Rollback()
	if err := tx.QueryRowContext(ctx, "SELECT revision FROM counter").Scan(&page.Revision); err != nil {
		return page, err
	}
	first, end := store.Range(prefix, after)
	most := -1
	if limit > 0 {
		most = limit + 1 // one more, to know that there is one
	}
	rows, err := tx.QueryContext(ctx, `SELECT key, value, revision, lease FROM entries
		WHERE key >= ? AND (key < ? OR ?) ORDER BY key LIMIT ?`, []byte(first), []byte(end), end == "", most)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		var e store.Entry
		if err := rows.Scan(&e.Key, &e.Value, &e.Revision, &e.Lease); err != nil {
			return page, err
		}
		page.Entries = append(page.Entries, e)
	}
	if limit > 0 && len(page.Entries) > limit {
		page.Entries, page.More = page.Entries[:limit], true
	}
	return page, rows.Err()
}

// Apply is store.Store's.
func (s *Store) Apply(ctx context.Context, c store.Change) (int64, error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	c.Put = slices.Clone(c.Put)
	for i := range c.Put {
		// The feed keeps it, and NULL is not what an empty value is.
		c.Put[i].Value = append([]byte{}, c.Put[i].Value...)
	}
	var revision int64
	err := s.submit(ctx, func(tx *transaction) (err error) {
		revision, err = tx.apply(c)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("change the store: %w", err)
	}
	return revision, nil
}

// Watch is store.Store's.
func (s *Store) Watch(ctx context.Context, prefix string, after int64) (store.Watcher, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.ctx, func() { cancel(ErrClosed) })
	w := &watcher{updates: make(chan []store.Update)}
	s.done.Go(func() {
		defer stop()
		defer cancel(nil)
		w.run(ctx, s.feed, prefix, after)
	})
	return w, nil
}

// Close is store.Store's.
func (s *Store) Close() error {
	err := s.shut()
	return errors.Join(err, s.lock.Close())
}

func (s *Store) shut() error {
	s.cancel(ErrClosed)
	s.done.Wait()
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	// Last, as the last connection takes the WAL into the file and removes it.
	return errors.Join(err, s.writer.close())
}

// syncDir makes durable which files are in the folder of path.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
