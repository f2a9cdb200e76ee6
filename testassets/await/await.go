// Package await waits for conditions in end-to-end tests and benchmarks: it asks
// again and again until the condition holds or the context ends. Nothing that
// uses it depends on how long a step takes, only on its happening.
package await

import (
	"context"
	"fmt"
	"time"
)

// interval is the time between two questions. It is short beside a part (200 ms
// at the least), so that no state that a test looks for passes by unseen.
const interval = 20 * time.Millisecond

// Until asks cond until it says true. A cond that returns an error stops the
// wait; where the context ends first, the error says what was waited for and,
// in detail's words, how far it had come. detail may be nil.
func Until(ctx context.Context, what string, detail func() string, cond func() (bool, error)) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		ok, err := cond()
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			if detail != nil {
				return fmt.Errorf("wait for %s: %w; last seen: %s", what, context.Cause(ctx), detail())
			}
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
