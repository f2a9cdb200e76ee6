package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"ladderd/store"
)

// draft is a change that is being made: what it has read must still be so when it is applied.
type draft struct {
	ctx    context.Context
	store  store.Store
	change store.Change
	read   map[string]bool
	follow bool // a channel changes
}

// get reads a record, and says whether it is there. That it stays as it is becomes a
// condition of the change.
func (d *draft) get(key string, into any) (bool, error) {
	entry, err := d.store.Get(d.ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	if !d.read[key] {
		d.read[key] = true
		d.change.If = append(d.change.If, store.Condition{Key: key, Revision: entry.Revision})
	}
	if err != nil {
		return false, nil
	}
	if err := json.Unmarshal(entry.Value, into); err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	return true, nil
}

// put writes a record. A draft that has not read it writes over whatever there is.
func (d *draft) put(key string, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	d.change.Put = append(d.change.Put, store.Put{Key: key, Value: value})
	d.touch(key)
	return nil
}

func (d *draft) delete(key string) {
	d.change.Delete = append(d.change.Delete, key)
	d.touch(key)
}

func (d *draft) touch(key string) { d.follow = d.follow || strings.HasPrefix(key, channelPrefix) }

// count adds to how many there are of a kind; more than most of them is the quota's fault.
func (d *draft) count(k kind, by, most int, what string) error {
	var c countRecord
	if _, err := d.get(countKey(k), &c); err != nil {
		return err
	}
	if c.N += by; by > 0 && c.N > most {
		return fault(codeQuota, "the quota of %s is %d, and all are in use", what, most)
	}
	return d.put(countKey(k), c)
}

// use has a channel use a resource, which cannot be deleted then. It writes the resource's
// record anew, so that whoever is about to delete it finds that it has changed.
func (d *draft) use(k kind, id, channel, arn string) error {
	if id == "" {
		return nil
	}
	var record json.RawMessage
	found, err := d.get(entryKey(k, id), &record)
	if err != nil {
		return err
	}
	if !found {
		return notFound(arn)
	}
	if err := d.put(entryKey(k, id), record); err != nil {
		return err
	}
	return d.put(usesKey(k, id, channel), struct{}{})
}

// release is the end of a use.
func (d *draft) release(k kind, id, channel string) {
	if id != "" {
		d.delete(usesKey(k, id, channel))
	}
}

// attempts is how often a change is made anew where others are faster. Those of this process
// take turns, so it is other processes of a fleet alone.
const attempts = 20

// change has f make a draft, and applies it. f is called again where what it had read is not
// so any more. The change has been followed when it returns: whoever lets publishers in knows.
func (a *API) change(ctx context.Context, f func(*draft) error) error {
	revision, err := a.apply(ctx, f)
	if err != nil {
		return err
	}
	a.follower.await(ctx, revision) // while others have their turn
	return nil
}

// apply gives the revision that has to be followed, 0 for none.
func (a *API) apply(ctx context.Context, f func(*draft) error) (int64, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for range attempts {
		d := &draft{ctx: ctx, store: a.store, read: map[string]bool{}}
		if err := f(d); err != nil {
			return 0, err
		}
		revision, err := a.store.Apply(ctx, d.change)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("apply a change: %w", err)
		}
		if !d.follow {
			revision = 0
		}
		return revision, nil
	}
	return 0, fault(codeConflict, "others change the same resource at the same time: try again")
}

// load reads a record by its ARN, which it must have.
func (a *API) load(ctx context.Context, k kind, arn string, into any) error {
	id, ours := a.arns.id(k, arn)
	if !ours {
		return notFound(arn)
	}
	entry, err := a.store.Get(ctx, entryKey(k, id))
	if errors.Is(err, store.ErrNotFound) {
		return notFound(arn)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", arn, err)
	}
	if err := json.Unmarshal(entry.Value, into); err != nil {
		return fmt.Errorf("read %s: %w", arn, err)
	}
	return nil
}
