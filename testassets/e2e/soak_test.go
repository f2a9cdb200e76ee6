package e2e

import (
	"strings"
	"testing"
	"time"

	"ladderd/testassets/soak/chaos"
)

// TestSoak is make soak, but for its length: it shows that what make soak does can be done, and
// that it looks at what it should. An hour of it shows more.
func TestSoak(t *testing.T) {
	t.Parallel()
	useCPU(t, 6) // 4.1 were measured
	var told strings.Builder
	r, err := chaos.Run(t.Context(), chaos.Options{
		Round: 4 * time.Second, Apart: 500 * time.Millisecond, Tenths: 8, Seed: 3,
		// Three quiet points, of which the first comes before Go has grown to its size.
		Allowed: chaos.Growth{RSS: 12 << 20, Goroutines: 4, Files: 4, Threads: 12},
		Owner:   t, Tell: func(line string) { told.WriteString(line + "\n") },
	})
	t.Logf("%s", told.String())
	if r == nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Error(err)
	}
	r.Write(t.Output())
	if wrong := r.Wrong(); len(wrong) > 0 {
		t.Errorf("%d things are wrong: %q", len(wrong), wrong)
	}
	if len(r.Quiet) < 3 || len(r.Events) < 6 || r.Playlists == 0 {
		t.Error("too little has happened")
	}
	if t.Failed() {
		t.Logf("the daemon's log:\n%s", r.Log)
	}
}
