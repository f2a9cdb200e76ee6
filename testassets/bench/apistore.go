package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"

	_ "modernc.org/sqlite" // the library that the daemon has
)

// bare measures what the operations cost of SQLite alone: the same library and durability, and
// the same number of callers, with one table and nothing around it.
func (b *apiBench) bare(ctx context.Context) error {
	path := filepath.Join(b.dir, fmt.Sprintf("bare-%d.db", len(b.report.Loaded)))
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return fmt.Errorf("open the bare store: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"); err != nil {
		return fmt.Errorf("make the bare store: %w", err)
	}
	value := make([]byte, 600) // about as long as a channel's record
	if err := bareFill(ctx, db, b.Channels, value); err != nil {
		return err
	}
	var made atomic.Int64
	for i, call := range []func(context.Context) error{
		func(ctx context.Context) error { return bareGet(ctx, db, bareKey(rand.IntN(b.Channels))) },
		func(ctx context.Context) error { return bareList(ctx, db) },
		func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "INSERT INTO entries VALUES (?, ?)", bareKey(b.Channels+int(made.Add(1))), value)
			return err
		},
	} {
		f, err := b.time(ctx, call)
		if err != nil {
			return fmt.Errorf("the bare store: %w", err)
		}
		b.report.Operations[i].Bare = append(b.report.Operations[i].Bare, f.perSecond)
	}
	return nil
}

func bareKey(n int) string { return fmt.Sprintf("channel/%012d", n) }

func bareFill(ctx context.Context, db *sql.DB, n int, value []byte) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("fill the bare store: %w", err)
	}
	for i := range n {
		if _, err := tx.ExecContext(ctx, "INSERT INTO entries VALUES (?, ?)", bareKey(i), value); err != nil {
			return fmt.Errorf("fill the bare store: %w", err)
		}
	}
	return tx.Commit()
}

func bareGet(ctx context.Context, db *sql.DB, key string) error {
	var value []byte
	return db.QueryRowContext(ctx, "SELECT value FROM entries WHERE key = ?", key).Scan(&value)
}

func bareList(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT key, value FROM entries ORDER BY key LIMIT 101")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
	}
	return rows.Err()
}
