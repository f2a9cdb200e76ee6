package store

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNotFound says that no entry has the key.
	ErrNotFound = errors.New("no such entry")
	// ErrConflict says that a condition of a change did not hold: nothing was changed.
	ErrConflict = errors.New("the entry was changed by another")
	// ErrCompacted says that the changes since a revision are not remembered any more:
	// whoever watches has to list anew.
	ErrCompacted = errors.New("the changes since then are not remembered")
	// ErrExpired says that a lease has ended.
	ErrExpired = errors.New("the lease has ended")
	// ErrInvalid says that what was asked for is not within the limits, and never will be.
	ErrInvalid = errors.New("the store does not take this")
)

// Entry is a value as it was at some revision.
type Entry struct {
	Key      string
	Value    []byte
	Revision int64 // at which it was changed last
	Lease    LeaseID
}

// Page is a run of entries in the order of their keys, byte by byte.
type Page struct {
	Entries  []Entry
	Revision int64 // of the store, when it was read
	More     bool  // there are entries behind the last one
}

// Change is what is changed at once. It puts or deletes a key once.
type Change struct {
	If     []Condition // must hold, or nothing is changed
	Put    []Put
	Delete []string // keys; one that does not exist is no error
}

// Condition holds where the entry's revision is still this; 0 is for no entry.
type Condition struct {
	Key      string
	Revision int64
}

// Put writes an entry, which goes with the lease where it has one.
type Put struct {
	Key   string
	Value []byte
	Lease LeaseID // 0 for none
}

// LeaseID names a lease; 0 is none.
type LeaseID int64

// Update is a change to one entry. Deleted has no value.
type Update struct {
	Entry
	Deleted bool
}

// Store is a backend. Its methods may be called from any goroutine. Their errors wrap the
// sentinels above, or are the backend's own: then what was asked has not been acknowledged,
// and may or may not have happened.
type Store interface {
	// Get reads an entry, or ErrNotFound.
	Get(ctx context.Context, key string) (Entry, error)
	// List reads entries whose keys begin with prefix and come after the key after, at most
	// limit of them, all where it is 0. They are of one revision.
	List(ctx context.Context, prefix, after string, limit int) (Page, error)
	// Apply makes the change and returns its revision; one that changes nothing, as where it
	// deletes what is not there, may return an older one. When it returns without an error
	// the change is durable, and every Get and List that begins then sees it. ErrExpired
	// where a lease that it puts with has ended.
	Apply(ctx context.Context, c Change) (int64, error)

	// Grant makes a lease that ends after ttl unless it is renewed; entries put with it are
	// deleted then, which is a change like any other. ttl is at least a second.
	Grant(ctx context.Context, ttl time.Duration) (LeaseID, error)
	// Renew has the lease last for its whole ttl again, or ErrExpired.
	Renew(ctx context.Context, id LeaseID) error
	// Revoke ends the lease now; one that has ended is no error.
	Revoke(ctx context.Context, id LeaseID) error

	// Watch tells of all changes below prefix that come after the revision, in order, until
	// ctx or the store ends.
	Watch(ctx context.Context, prefix string, after int64) (Watcher, error)

	// Close ends all that is going on. No method is called after it.
	Close() error
}

// Watcher is a Watch that has begun.
type Watcher interface {
	// Updates are all updates of a revision, or of several, in their order. They are for
	// reading: other watchers have the same. It closes when the watch has ended.
	Updates() <-chan []Update
	// Err is why it has, once Updates is closed: ErrCompacted where whoever watches was too
	// slow or came too late, ctx's error where that ended.
	Err() error
}
