package verify

import (
	"testing"
	"time"

	"ladderd/m3u8"
)

// A publisher that stops in the midst of a picture's reordering leaves renditions that
// differ by a few frames, which is nothing that a server could mend.
func TestLastSegmentMayDifferThoughListedBeforeTheEnd(t *testing.T) {
	list := func(ended bool) *state {
		return &state{list: &m3u8.Media{Ended: ended, Segments: []m3u8.Segment{{MSN: 4}, {MSN: 5}}}}
	}
	for name, c := range map[string]struct {
		ended bool
		found int
	}{"goes on": {false, 1}, "ended": {true, 0}} {
		t.Run(name, func(t *testing.T) {
			two := [2]*rendition{}
			for i, last := range []time.Duration{900 * time.Millisecond, 1100 * time.Millisecond} {
				two[i] = &rendition{fetched: 6, seen: []summary{{msn: 4, duration: 2 * time.Second}, {msn: 5, duration: last}}}
				if err := two[i].take(t.Context(), list(c.ended)); err != nil {
					t.Fatal(err)
				}
			}
			findings := found(func(rule *Rule, f *finder) {
				if rule.ID == "same-segments" {
					rule.pair(f, two[0], two[1])
				}
			})
			if n := len(findings); n != c.found {
				t.Errorf("%d findings, want %d", n, c.found)
			}
		})
	}
}
