package control

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ladderd/store"
)

const (
	// revocationKept is how long a viewer's sessions stay revoked: longer than any stream, and
	// so any session, can last (limits.stream_duration).
	revocationKept = 8 * 24 * time.Hour
	purgeEvery     = time.Hour
)

// purging deletes what is too old to matter, until ctx ends.
func (a *API) purging(ctx context.Context) {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if err := a.purge(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("old revocations of viewer sessions are not deleted; this is tried again in an hour", "reason", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// purge deletes revocations that concern no session any more.
func (a *API) purge(ctx context.Context) error {
	deadline := a.now().Add(-revocationKept)
	for after, more := "", true; more; {
		page, err := a.store.List(ctx, revocations, after, store.MaxChanges)
		if err != nil {
			return fmt.Errorf("list revocations: %w", err)
		}
		var old store.Change
		for _, e := range page.Entries {
			var r revocationRecord
			if err := json.Unmarshal(e.Value, &r); err != nil || r.At.Before(deadline) {
				old.Delete = append(old.Delete, e.Key)
			}
			after = e.Key
		}
		if len(old.Delete) > 0 {
			if _, err := a.store.Apply(ctx, old); err != nil {
				return fmt.Errorf("delete revocations: %w", err)
			}
		}
		more = page.More
	}
	return nil
}
