package main

import (
	"sync"
	"testing"

	"ladderd/ladder"
)

// Demos that start at once see the same ports free, and one of them gets those.
func TestDemosStartTogether(t *testing.T) {
	var starts sync.WaitGroup
	for range 8 {
		dir := t.TempDir()
		starts.Go(func() {
			d, _, err := (&demoCommand{Type: string(ladder.Basic)}).open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(d.close)
		})
	}
	starts.Wait()
}
