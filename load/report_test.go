package load

import (
	"strings"
	"testing"
)

// TestMemoryPerViewerNeedsViewers leaves out what a few viewers' memory would be: the
// server's own ups and downs.
func TestMemoryPerViewerNeedsViewers(t *testing.T) {
	for _, test := range []struct {
		viewers int
		want    string
	}{
		{fewest - 1, "1.0 before, too few viewers to tell"},
		{fewest, "1.0 before, 41.5 KB per viewer"},
	} {
		var text strings.Builder
		r := Report{Viewers: test.viewers, Server: &ServerReport{Name: "x", MemoryBefore: 1e6, PerViewer: 41_500}}
		if r.Text(&text); !strings.Contains(text.String(), test.want) {
			t.Errorf("%d viewers: %q is not in\n%s", test.viewers, test.want, text.String())
		}
	}
}
