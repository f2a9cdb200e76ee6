package store

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxBehind is how much a watcher may be behind, in bytes of keys and values, before the watch
// ends with ErrCompacted.
const MaxBehind = 16 << 20

// Limits of what is stored, so that any backend takes it: etcd's requests have at most 1.5 MiB
// and 128 operations. More is refused.
const (
	MaxKey     = 512              // bytes
	MaxValue   = 1 << 20          // bytes
	MaxChanges = 128              // conditions, puts and deletes of a Change, together
	MaxChange  = MaxValue + 1<<18 // bytes of the keys and values of a Change, together
	MinTTL     = time.Second      // of a lease
)

// CheckKey says what is wrong with a key: it is UTF-8 without a zero, not empty, of at most
// MaxKey bytes.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("%w: a key of %d bytes; allowed: 1 to %d", ErrInvalid, len(key), MaxKey)
	}
	if !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return fmt.Errorf("%w: the key %q; allowed: UTF-8 without zeros", ErrInvalid, key)
	}
	return nil
}

// Check says what is wrong with a change before any backend has seen it.
func (c Change) Check() error {
	if n := len(c.If) + len(c.Put) + len(c.Delete); n > MaxChanges {
		return fmt.Errorf("%w: a change of %d conditions, puts and deletes; allowed: %d", ErrInvalid, n, MaxChanges)
	}
	bytes := 0
	for _, condition := range c.If {
		if err := CheckKey(condition.Key); err != nil {
			return err
		}
		bytes += len(condition.Key)
	}
	written := make(map[string]bool, len(c.Put)+len(c.Delete))
	write := func(key string, value []byte) error {
		if len(value) > MaxValue {
			return fmt.Errorf("%w: a value of %d bytes at %q; allowed: %d", ErrInvalid, len(value), key, MaxValue)
		}
		if written[key] {
			return fmt.Errorf("%w: %q is written twice in a change", ErrInvalid, key)
		}
		written[key] = true
		bytes += len(key) + len(value)
		return CheckKey(key)
	}
	for _, put := range c.Put {
		if err := write(put.Key, put.Value); err != nil {
			return err
		}
	}
	for _, key := range c.Delete {
		if err := write(key, nil); err != nil {
			return err
		}
	}
	if bytes > MaxChange {
		return fmt.Errorf("%w: a change of %d bytes; allowed: %d", ErrInvalid, bytes, MaxChange)
	}
	return nil
}

// CheckTTL says what is wrong with a lease's.
func CheckTTL(ttl time.Duration) error {
	if ttl < MinTTL {
		return fmt.Errorf("%w: a lease for %v; allowed: %v and more", ErrInvalid, ttl, MinTTL)
	}
	return nil
}

// Range are the keys that begin with prefix and come after the key after: all from first, up
// to end and without it. An empty end is none. It is empty where none can be: then first is
// not below end.
func Range(prefix, after string) (first, end string) {
	first = prefix
	if after >= prefix && after != "" {
		first = after + "\x00"
	}
	return first, successor(prefix)
}

// successor is the first text that comes after all that begin with the prefix.
func successor(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}
