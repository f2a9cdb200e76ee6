package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ladderd/store"
)

// statements are what the writer does again and again.
type statements struct {
	revision, put, remove, count              *sql.Stmt
	lease, grant, revoke, leased, ended, next *sql.Stmt
}

// all are the statements with their texts.
func (s *statements) all() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&s.revision: "SELECT revision FROM entries WHERE key = ?",
		&s.put: `INSERT INTO entries (key, value, revision, lease) VALUES (?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision, lease = excluded.lease`,
		&s.remove: "DELETE FROM entries WHERE key = ?",
		&s.count:  "UPDATE counter SET revision = ?",
		&s.lease:  "SELECT ttl FROM leases WHERE id = ? AND ends > ?",
		&s.grant:  "INSERT INTO leases (id, ttl, ends) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET ends = excluded.ends",
		&s.revoke: "DELETE FROM leases WHERE id = ?",
		&s.leased: "DELETE FROM entries WHERE lease = ? AND lease <> 0 RETURNING key",
		// A lease that has longer than its whole time was renewed by a clock that is wrong now.
		&s.ended: "SELECT id FROM leases WHERE ends <= ?1 OR ends > ?1 + ttl",
		&s.next:  "SELECT min(ends) FROM leases",
	}
}

func (s *statements) prepare(ctx context.Context, conn *sql.Conn) error {
	for statement, text := range s.all() {
		var err error
		if *statement, err = conn.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// close has to come before the connection's end: what is open keeps SQLite from taking the WAL
// into the file, and from closing it, and database/sql does not see to it.
func (s *statements) close() (err error) {
	for statement := range s.all() {
		if *statement != nil {
			err = errors.Join(err, (*statement).Close())
		}
	}
	return err
}

// transaction is what several jobs do together. Its methods' errors are refusals, after which
// they have done nothing, or what SQLite said, after which the whole has failed.
type transaction struct {
	ctx      context.Context
	sql      *statements
	now      time.Time
	revision int64
	changes  []change
	failed   error
	// leased says that leases have changed, expiry when the next one then ends.
	leased bool
	expiry time.Time
}

// fail remembers what SQLite said.
func (tx *transaction) fail(err error) error {
	if err != nil && tx.failed == nil {
		tx.failed = err
	}
	return err
}

// number reads one, which is 0 where there is no row.
func (tx *transaction) number(s *sql.Stmt, args ...any) (int64, error) {
	if tx.failed != nil {
		return 0, tx.failed
	}
	var n sql.NullInt64
	err := s.QueryRowContext(tx.ctx, args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n.Int64, tx.fail(err)
}

// exec writes, and says how many rows that concerned.
func (tx *transaction) exec(s *sql.Stmt, args ...any) (int64, error) {
	if tx.failed != nil {
		return 0, tx.failed
	}
	result, err := s.ExecContext(tx.ctx, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := result.RowsAffected()
	return n, tx.fail(err)
}

// apply makes the change, whose revision it returns.
func (tx *transaction) apply(c store.Change) (int64, error) {
	if err := tx.allowed(c); err != nil {
		return 0, err
	}
	next := change{revision: tx.revision + 1}
	for _, put := range c.Put {
		if _, err := tx.exec(tx.sql.put, []byte(put.Key), put.Value, next.revision, put.Lease); err != nil {
			return 0, err
		}
		entry := store.Entry{Key: put.Key, Value: put.Value, Revision: next.revision, Lease: put.Lease}
		next.updates = append(next.updates, store.Update{Entry: entry})
	}
	for _, key := range c.Delete {
		n, err := tx.exec(tx.sql.remove, []byte(key))
		if err != nil {
			return 0, err
		}
		if n > 0 {
			next.remove(key)
		}
	}
	tx.add(next)
	return tx.revision, nil
}

// allowed says whether the conditions hold, and the leases.
func (tx *transaction) allowed(c store.Change) error {
	for _, condition := range c.If {
		revision, err := tx.number(tx.sql.revision, []byte(condition.Key))
		if err != nil {
			return err
		}
		if revision != condition.Revision {
			return fmt.Errorf("%w: %q", store.ErrConflict, condition.Key)
		}
	}
	for _, put := range c.Put {
		if put.Lease == 0 {
			continue
		}
		if _, err := tx.ttl(put.Lease); err != nil {
			return err
		}
	}
	return nil
}

// remove tells of an entry that is not there any more.
func (c *change) remove(key string) {
	c.updates = append(c.updates, store.Update{Entry: store.Entry{Key: key, Revision: c.revision}, Deleted: true})
}

// add counts a change, if it is one.
func (tx *transaction) add(c change) {
	if len(c.updates) > 0 {
		tx.revision = c.revision
		tx.changes = append(tx.changes, c)
	}
}

// finish writes down what follows from the jobs; before them the revision was this.
func (tx *transaction) finish(revision int64) {
	if tx.revision != revision {
		tx.exec(tx.sql.count, tx.revision)
	}
	if tx.leased {
		if ends, err := tx.number(tx.sql.next); err == nil && ends != 0 {
			tx.expiry = time.Unix(0, ends)
		}
	}
}
