package await

import (
	"context"
	"testing"
	"time"
)

// Soon fails the test unless the condition holds within half a minute. It asks often, for
// conditions that cost nothing and hold within a millisecond.
func Soon(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 30*time.Second)
	defer done()
	look := time.NewTicker(100 * time.Microsecond)
	defer look.Stop()
	for !cond() {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}
