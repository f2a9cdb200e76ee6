package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"ladderd/store"
)

const (
	// lettersMost is how many dead letters a receiver has; the oldest go.
	lettersMost = 10_000
	// lettersKept is how long they are kept.
	lettersKept = 60 * 24 * time.Hour
	// tidied is how often both are seen to.
	tidied = 10 * time.Minute
)

// Letters are the dead letters of a receiver, of all where it is "", the oldest first, at most
// limit.
func (o *Outbox) Letters(ctx context.Context, receiver string, limit int) ([]Letter, error) {
	var letters []Letter
	err := o.eachLetter(ctx, receiver, func(_ string, l Letter) (bool, error) {
		letters = append(letters, l)
		return len(letters) < limit, nil
	})
	return letters, err
}

func (o *Outbox) receiver(name string) *receiver {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.receivers[name]
}

// eachLetter calls with dead letters and their keys, until it says false or fails.
func (o *Outbox) eachLetter(ctx context.Context, receiver string, call func(key string, l Letter) (bool, error)) error {
	prefix := dead + o.options.Node + "/"
	if receiver != "" {
		prefix = o.deadPrefix(receiver)
	}
	after := ""
	for {
		page, err := o.store.List(ctx, prefix, after, 100)
		if err != nil {
			return fmt.Errorf("list the dead letters: %w", err)
		}
		for _, e := range page.Entries {
			var l Letter
			if err := json.Unmarshal(e.Value, &l); err != nil {
				return fmt.Errorf("read the dead letter at %s: %w", e.Key, err)
			}
			if on, err := call(e.Key, l); !on || err != nil {
				return err
			}
			after = e.Key
		}
		if !page.More {
			return nil
		}
	}
}

func (o *Outbox) countLetters(ctx context.Context, receiver string) (n int, err error) {
	err = o.eachLetter(ctx, receiver, func(string, Letter) (bool, error) { n++; return true, nil })
	return n, err
}

// keep bounds the dead letters while the outbox is there.
func (o *Outbox) keep() {
	ticker := time.NewTicker(tidied)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			o.tidy(o.ctx)
		case <-o.ctx.Done():
			return
		}
	}
}

// tidy deletes the dead letters that are too old, and the oldest where there are too many.
func (o *Outbox) tidy(ctx context.Context) {
	o.tending.Lock()
	defer o.tending.Unlock()
	o.mu.Lock()
	all := o.names()
	o.mu.Unlock()
	for _, name := range all {
		if r := o.receiver(name); r != nil {
			if err := r.tidy(ctx); err != nil && ctx.Err() == nil {
				o.options.Log.Warn("old dead letters were not deleted", "receiver", name, "reason", err)
			}
		}
	}
}

func (r *receiver) tidy(ctx context.Context) error {
	n, err := r.outbox.countLetters(ctx, r.name)
	if err != nil {
		return err
	}
	var c store.Change
	drop := func() error {
		if len(c.Delete) == 0 {
			return nil
		}
		if _, err := r.outbox.store.Apply(ctx, c); err != nil {
			return fmt.Errorf("delete %d dead letters: %w", len(c.Delete), err)
		}
		n -= len(c.Delete)
		c.Delete = nil
		return nil
	}
	deadline := r.outbox.options.Now().Add(-lettersKept)
	err = r.outbox.eachLetter(ctx, r.name, func(key string, l Letter) (bool, error) {
		if n-len(c.Delete) <= lettersMost && l.GivenUp.After(deadline) {
			return false, nil
		}
		c.Delete = append(c.Delete, key)
		if len(c.Delete) < store.MaxChanges {
			return true, nil
		}
		return true, drop() // a reload waits meanwhile: not one by one
	})
	if err == nil {
		err = drop()
	}
	r.mu.Lock()
	r.figures.dead = n
	r.mu.Unlock()
	return err
}

// strangers are the names under which events wait, or are dead, and that are not wanted any
// more.
func (o *Outbox) strangers(ctx context.Context, wanted map[string]bool) (names []string, err error) {
	for _, kind := range []string{waiting, dead} {
		prefix := kind + o.options.Node + "/"
		after := ""
		for {
			page, err := o.store.List(ctx, prefix, after, 1)
			if err != nil {
				return nil, fmt.Errorf("look for what waits: %w", err)
			}
			if len(page.Entries) == 0 {
				break
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(page.Entries[0].Key, prefix), "/")
			if !wanted[name] {
				names = append(names, name)
			}
			after = prefix + name + "/\U0010FFFF"
		}
	}
	return names, nil
}

// forget deletes what waits for a receiver that there is no more, and its dead letters.
func (o *Outbox) forget(ctx context.Context, name string) error {
	dropped, err := o.drop(ctx, o.waitingPrefix(name))
	letters, failed := o.drop(ctx, o.deadPrefix(name))
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("drop the events of %s: %w", name, err)
	}
	if dropped+letters > 0 {
		o.options.Log.Warn("a receiver is configured no more: its events are dropped", "receiver", name, "waiting", dropped, "dead letters", letters)
	}
	return nil
}

func (o *Outbox) drop(ctx context.Context, prefix string) (n int, err error) {
	for {
		page, err := o.store.List(ctx, prefix, "", store.MaxChanges)
		if err != nil || len(page.Entries) == 0 {
			return n, err
		}
		var c store.Change
		for _, e := range page.Entries {
			c.Delete = append(c.Delete, e.Key)
		}
		if _, err := o.store.Apply(ctx, c); err != nil {
			return n, err
		}
		n += len(page.Entries)
	}
}
