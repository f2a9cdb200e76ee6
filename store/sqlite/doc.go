// Package sqlite keeps the store in one file of this machine.
//
//	Apply, Grant, … ──► queue ──► writer: one goroutine, one connection ──► the file
//	                                 │      all that waits is one transaction, one fsync
//	                                 ▼
//	                               feed: the last changes, in memory ──► watchers
//	Get, List ────────► readers: connections of their own ──► the file, as of the last commit
//
// Readers and watchers never hold up the writer: SQLite's WAL gives readers the state of the
// last commit, and a watcher that is slower than the feed forgets gets store.ErrCompacted.
//
// Open says in one log line what it found, and refuses a file that is damaged or newer than
// this program without having touched it (inspect.go). lock.go keeps a second process out,
// schema.go has the steps from each version of the schema to the next, wal.go counts what a
// crash has left unfinished, replace.go puts a backup in the file's place.
package sqlite
