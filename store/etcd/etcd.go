package etcd

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"ladderd/store"
)

const (
	// MaxPrefix is the longest prefix, in bytes: with it the largest change still fits into one
	// of etcd's requests.
	MaxPrefix = 128
	// pageSize is how many entries one answer of a List without a limit has.
	pageSize = 200
	// keepAliveTime and keepAliveTimeout are how soon a connection that says nothing is found
	// to be dead.
	keepAliveTime    = 10 * time.Second
	keepAliveTimeout = 5 * time.Second
)

// Options say which cluster, and who we are to it.
type Options struct {
	Endpoints []string // URLs
	// Prefix is before all keys, at most MaxPrefix bytes; it may be empty.
	Prefix             string
	TLS                *tls.Config // nil for none but what the endpoints' URLs ask for
	Username, Password string      // empty where the cluster does not want them
	Log                *slog.Logger
}

// Store is a prefix of a cluster.
type Store struct {
	client *clientv3.Client
	prefix string
	log    *slog.Logger
	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	done   sync.WaitGroup // the watchers
}

// ErrClosed says that the store was closed meanwhile.
var ErrClosed = errors.New("the store is closed")

// Open connects, and reads once, so that whoever starts knows whether there is a store: until
// ctx ends where nobody answers.
func Open(ctx context.Context, o Options) (*Store, error) {
	if len(o.Prefix) > MaxPrefix {
		return nil, fmt.Errorf("open the store: a prefix of %d bytes; allowed: %d", len(o.Prefix), MaxPrefix)
	}
	var timeout time.Duration // of what the client does to log in; 0 for none
	if until, ok := ctx.Deadline(); ok {
		timeout = max(time.Until(until), 1)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: o.Endpoints, TLS: o.TLS, Username: o.Username, Password: o.Password, DialTimeout: timeout,
		DialKeepAliveTime: keepAliveTime, DialKeepAliveTimeout: keepAliveTimeout, Context: context.WithoutCancel(ctx),
		Logger: zap.NewNop(), // what it has to say comes in errors too
	})
	if err != nil {
		return nil, fmt.Errorf("open the store in etcd: %w", err)
	}
	s := &Store{client: client, prefix: o.Prefix, log: o.Log}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	key, options := s.span("", "")
	answer, err := client.Get(ctx, key, append(options, clientv3.WithCountOnly())...)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the store in etcd at %s: %w", strings.Join(o.Endpoints, ", "), err), s.Close())
	}
	o.Log.Info("the store is open", "etcd", o.Endpoints, "prefix", o.Prefix, "entries", answer.Count, "revision", answer.Header.Revision)
	return s, nil
}

// Close is store.Store's.
func (s *Store) Close() error {
	s.cancel(ErrClosed)
	s.done.Wait()
	return s.client.Close()
}

// Get is store.Store's.
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Entry{}, err
	}
	answer, err := s.client.Get(ctx, s.prefix+key)
	if err != nil {
		return store.Entry{}, fmt.Errorf("read %q: %w", key, told(ctx, err))
	}
	if len(answer.Kvs) == 0 {
		return store.Entry{}, fmt.Errorf("%w: %q", store.ErrNotFound, key)
	}
	return s.entry(answer.Kvs[0]), nil
}

// entry is what etcd has as one.
func (s *Store) entry(kv *mvccpb.KeyValue) store.Entry {
	return store.Entry{Key: string(kv.Key[len(s.prefix):]), Value: kv.Value, Revision: kv.ModRevision, Lease: store.LeaseID(kv.Lease)}
}

// List is store.Store's. Without a limit it asks several times, for what there was at the
// revision of the first answer.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (page store.Page, err error) {
	size := cmp.Or(limit, pageSize)
	for page.More = true; page.More && (limit == 0 || len(page.Entries) == 0); {
		key, options := s.span(prefix, after)
		options = append(options, clientv3.WithLimit(int64(size)), clientv3.WithRev(page.Revision))
		answer, err := s.client.Get(ctx, key, options...)
		if err != nil {
			return store.Page{}, fmt.Errorf("list %q: %w", prefix, told(ctx, err))
		}
		if page.Revision == 0 {
			page.Revision = answer.Header.Revision
		}
		for _, kv := range answer.Kvs {
			page.Entries = append(page.Entries, s.entry(kv))
			after = page.Entries[len(page.Entries)-1].Key
		}
		page.More = answer.More
	}
	return page, nil
}

// span is how etcd is asked for the keys below prefix that come after the key after.
func (s *Store) span(prefix, after string) (key string, options []clientv3.OpOption) {
	if after != "" {
		after = s.prefix + after
	}
	first, end := store.Range(s.prefix+prefix, after)
	switch {
	case end == "":
		return first, []clientv3.OpOption{clientv3.WithFromKey()}
	case first >= end:
		// etcd refuses such a span. No key has a zero.
		return s.prefix + "\x00", nil
	}
	return first, []clientv3.OpOption{clientv3.WithRange(end)}
}

// Apply is store.Store's.
func (s *Store) Apply(ctx context.Context, c store.Change) (int64, error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	var conditions []clientv3.Cmp
	for _, condition := range c.If {
		conditions = append(conditions, clientv3.Compare(clientv3.ModRevision(s.prefix+condition.Key), "=", condition.Revision))
	}
	var writes []clientv3.Op
	for _, put := range c.Put {
		writes = append(writes, clientv3.OpPut(s.prefix+put.Key, string(put.Value), clientv3.WithLease(clientv3.LeaseID(put.Lease))))
	}
	for _, key := range c.Delete {
		writes = append(writes, clientv3.OpDelete(s.prefix+key))
	}
	answer, err := s.client.Txn(ctx).If(conditions...).Then(writes...).Commit()
	if err != nil {
		return 0, fmt.Errorf("change the store: %w", told(ctx, err))
	}
	if !answer.Succeeded {
		return 0, fmt.Errorf("change the store: %w", store.ErrConflict)
	}
	return answer.Header.Revision, nil
}

// Grant is store.Store's. etcd counts whole seconds, and lengthens what is shorter than its
// elections take.
func (s *Store) Grant(ctx context.Context, ttl time.Duration) (store.LeaseID, error) {
	if err := store.CheckTTL(ttl); err != nil {
		return 0, err
	}
	answer, err := s.client.Grant(ctx, int64(math.Ceil(ttl.Seconds())))
	if err != nil {
		return 0, fmt.Errorf("make a lease: %w", told(ctx, err))
	}
	return store.LeaseID(answer.ID), nil
}

// Renew is store.Store's.
func (s *Store) Renew(ctx context.Context, id store.LeaseID) error {
	if _, err := s.client.KeepAliveOnce(ctx, clientv3.LeaseID(id)); err != nil {
		return fmt.Errorf("renew a lease: %w", told(ctx, err))
	}
	return nil
}

// Revoke is store.Store's.
func (s *Store) Revoke(ctx context.Context, id store.LeaseID) error {
	_, err := s.client.Revoke(ctx, clientv3.LeaseID(id))
	if err = told(ctx, err); err != nil && !errors.Is(err, store.ErrExpired) {
		return fmt.Errorf("revoke a lease: %w", err)
	}
	return nil
}

// told is etcd's error as the store's. Its client has errors of its own for a context that has
// ended.
func told(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return store.ErrExpired
	case errors.Is(err, rpctypes.ErrCompacted):
		return store.ErrCompacted
	}
	return err
}
