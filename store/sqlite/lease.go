package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"ladderd/store"
)

// Grant is store.Store's.
func (s *Store) Grant(ctx context.Context, ttl time.Duration) (store.LeaseID, error) {
	if err := store.CheckTTL(ttl); err != nil {
		return 0, err
	}
	id := newLeaseID()
	err := s.submit(ctx, func(tx *transaction) error { return tx.extend(id, int64(ttl)) })
	if err != nil {
		return 0, fmt.Errorf("make a lease: %w", err)
	}
	return id, nil
}

// newLeaseID is one that nobody has had, so that nobody renews another's.
func newLeaseID() store.LeaseID {
	var b [8]byte
	rand.Read(b[:])
	return store.LeaseID(binary.BigEndian.Uint64(b[:])>>1 | 1)
}

// Renew is store.Store's.
func (s *Store) Renew(ctx context.Context, id store.LeaseID) error {
	err := s.submit(ctx, func(tx *transaction) error {
		ttl, err := tx.ttl(id)
		if err != nil {
			return err
		}
		return tx.extend(id, ttl)
	})
	if err != nil {
		return fmt.Errorf("renew a lease: %w", err)
	}
	return nil
}

// Revoke is store.Store's.
func (s *Store) Revoke(ctx context.Context, id store.LeaseID) error {
	if err := s.submit(ctx, func(tx *transaction) error { return tx.revoke(id) }); err != nil {
		return fmt.Errorf("revoke a lease: %w", err)
	}
	return nil
}

// ttl is that of a lease that has not ended, in ns.
func (tx *transaction) ttl(id store.LeaseID) (int64, error) {
	ttl, err := tx.number(tx.sql.lease, int64(id), tx.now.UnixNano())
	if err == nil && ttl == 0 {
		err = store.ErrExpired
	}
	return ttl, err
}

// extend makes the lease, or has it end later; ttl is in ns.
func (tx *transaction) extend(id store.LeaseID, ttl int64) error {
	tx.leased = true
	_, err := tx.exec(tx.sql.grant, int64(id), ttl, tx.now.UnixNano()+ttl)
	return err
}

// revoke ends a lease and deletes what goes with it.
func (tx *transaction) revoke(id store.LeaseID) error {
	tx.leased = true
	if _, err := tx.exec(tx.sql.revoke, int64(id)); err != nil {
		return err
	}
	rows, err := tx.sql.leased.QueryContext(tx.ctx, int64(id))
	if err != nil {
		return tx.fail(err)
	}
	defer rows.Close()
	next := change{revision: tx.revision + 1}
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return tx.fail(err)
		}
		next.remove(key)
	}
	tx.add(next)
	return tx.fail(rows.Err())
}

// expire revokes the leases whose time has come, and says how many those were.
func (tx *transaction) expire() int {
	tx.leased = true
	ids, err := tx.ended()
	tx.fail(err)
	for _, id := range ids {
		if tx.revoke(id) != nil {
			return 0
		}
	}
	return len(ids)
}

func (tx *transaction) ended() (ids []store.LeaseID, err error) {
	rows, err := tx.sql.ended.QueryContext(tx.ctx, tx.now.UnixNano())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id store.LeaseID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
