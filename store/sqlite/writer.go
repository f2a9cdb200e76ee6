package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// maxBatch is how many jobs one transaction has at most. Those that come while it is written
// wait for the next one, which bounds how long the first of them waits.
const maxBatch = 64

// expiryRetry is how long after a failure leases that have ended are tried again.
const expiryRetry = time.Second

// writer owns the connection that writes. Its goroutine alone uses it once the store is open.
type writer struct {
	store    *Store
	db       *sql.DB
	conn     *sql.Conn
	sql      statements
	revision int64     // of the last commit
	expiry   time.Time // when the next lease ends; zero where there is none
	stuck    bool      // those that have ended could not be deleted
}

// job is what somebody waits for in the queue.
type job struct {
	ctx  context.Context
	do   func(*transaction) error
	done chan error // has room for the one answer
}

func newWriter(ctx context.Context, path string, version int, s *Store) (*writer, error) {
	// The WAL is cut to this size, in bytes, when it begins anew after it has grown.
	db, err := connect(path, "rw", "journal_mode(WAL)", "journal_size_limit(16777216)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &writer{store: s, db: db}
	if err := w.begin(ctx, version); err != nil {
		return nil, fmt.Errorf("open the store: %w", errors.Join(err, w.close()))
	}
	return w, nil
}

// begin brings the file up to date and reads where it is.
func (w *writer) begin(ctx context.Context, version int) (err error) {
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, w.conn, version); err != nil {
		return err
	}
	if err := w.sql.prepare(ctx, w.conn); err != nil {
		return err
	}
	return w.conn.QueryRowContext(ctx, "SELECT revision FROM counter").Scan(&w.revision)
}

func (w *writer) close() error {
	err := w.sql.close()
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	return errors.Join(err, w.db.Close())
}

// walLength is how many frames of the WAL SQLite uses.
func (w *writer) walLength(ctx context.Context) (int, error) {
	var busy, frames, copied int
	err := w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &copied)
	if err != nil {
		return 0, fmt.Errorf("take the write-ahead log into the store: %w", err)
	}
	return max(frames, 0), nil
}

// submit has the writer do it, and is there when that is durable.
func (s *Store) submit(ctx context.Context, do func(*transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{ctx: ctx, do: do, done: make(chan error, 1)}
	select {
	case s.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return ErrClosed
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return ErrClosed
	}
}

// run does what is in the queue until the store is closed.
func (w *writer) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if w.expiry.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(w.expiry.Sub(w.store.now()))
		}
		select {
		case j := <-w.store.queue:
			w.batch(j)
		case <-timer.C:
			w.retire()
		case <-w.store.ctx.Done():
			return
		}
	}
}

// retire ends leases. Where it cannot it is tried again: until then who renews one is told that
// it has ended, and its entries stay.
func (w *writer) retire() {
	_, err := w.expire(context.Background())
	if err != nil {
		w.expiry = w.store.now().Add(expiryRetry)
	}
	if failed := err != nil; failed != w.stuck {
		w.stuck = failed
		w.store.log.Warn("leases that have ended", "deleted", !failed, "reason", err)
	}
}

// batch does the job and all others that wait, in one transaction.
func (w *writer) batch(first *job) {
	jobs := []*job{first}
	for len(jobs) < maxBatch && len(w.store.queue) > 0 {
		jobs = append(jobs, <-w.store.queue)
	}
	refused := make([]error, len(jobs))
	err := w.transact(context.Background(), func(tx *transaction) {
		for i, j := range jobs {
			if refused[i] = j.ctx.Err(); refused[i] == nil {
				refused[i] = j.do(tx)
			}
		}
	})
	for i, j := range jobs {
		if err != nil {
			j.done <- err
		} else {
			j.done <- refused[i]
		}
	}
}

// transact commits what do does, and tells the feed. What do refuses is its own matter; after
// an error of SQLite nothing is done.
func (w *writer) transact(ctx context.Context, do func(*transaction)) error {
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	tx := &transaction{ctx: ctx, sql: &w.sql, now: w.store.now(), revision: w.revision}
	do(tx)
	tx.finish(w.revision)
	if tx.failed == nil {
		_, tx.failed = w.conn.ExecContext(ctx, "COMMIT")
	}
	if tx.failed != nil {
		w.conn.ExecContext(ctx, "ROLLBACK") // fails where SQLite has done so itself
		return tx.failed
	}
	w.revision = tx.revision
	if tx.leased {
		w.expiry = tx.expiry
	}
	if w.store.feed != nil {
		w.store.feed.add(tx.changes)
	}
	return nil
}

// expire ends the leases whose time has come, and says how many those were.
func (w *writer) expire(ctx context.Context) (ended int, err error) {
	err = w.transact(ctx, func(tx *transaction) { ended = tx.expire() })
	return ended, err
}

// now is the wall clock's time as it was at the opening, and what has passed since: a clock
// that is set meanwhile ends no lease.
func (s *Store) now() time.Time { return s.opened.Add(time.Since(s.opened)) }
