package verify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReportForHumans(t *testing.T) {
	c := newCollector()
	must, should := finderOf(t, c, "hold-back"), finderOf(t, c, "head")
	should.found(0, "HEAD is answered with %d", 405)
	for i := range 10 {
		must.found(3, "HOLD-BACK is %ds", i)
	}
	c.count(func(seen *Checked) { seen.Renditions, seen.Bytes, seen.Media = 2, 1_500_000, 20 })
	r := c.report("http://a/top.m3u8", "low latency", 21*time.Second)
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(`http://a/top.m3u8
low latency: 2 renditions, 0 playlists, 0 segments, 0 parts, 1.5 MB, 20 s of media, by N rules in 21 s

HOLD-BACK is at least three target durations. (must, hold-back, rfc8216bis 4.4.3.8)
  http://a/v.m3u8:3
    HOLD-BACK is 0s (10 times)
  http://a/v.m3u8:3
    HOLD-BACK is 1s
  http://a/v.m3u8:3
    HOLD-BACK is 2s

HEAD is answered as GET is, without a body. (should, head)
  http://a/v.m3u8
    HEAD is answered with 405

4 findings.
`, "N rules", fmt.Sprintf("%d rules", len(Rules)), 1)
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestReportAsJSON(t *testing.T) {
	c := newCollector()
	if none, err := json.Marshal(c.report("", "", 0).Findings); err != nil || string(none) != "[]" {
		t.Errorf("no findings are %s, %v", none, err)
	}
	finderOf(t, c, "hold-back").found(3, "HOLD-BACK is 5s")
	got, err := json.Marshal(c.report("http://a/top.m3u8", "live", time.Second).Findings)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"rule":"hold-back","section":"4.4.3.8","severity":"must","url":"http://a/v.m3u8","line":3,"text":"HOLD-BACK is 5s","count":1}]`
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestRulesAreWhole wants each rule to be told apart, explained, and to look at
// exactly one thing.
func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules {
		if seen[r.ID] || r.Section == "" || !strings.HasSuffix(r.Text, ".") || r.Severity != Must && r.Severity != Should {
			t.Errorf("rule %+v", r)
		}
		seen[r.ID] = true
		functions := 0
		for _, set := range []bool{
			r.document != nil, r.multivariant != nil, r.playlist != nil, r.reload != nil, r.answers != nil,
			r.resource != nil, r.segment != nil, r.variant != nil, r.pair != nil,
		} {
			if set {
				functions++
			}
		}
		if functions != 1 {
			t.Errorf("rule %s has %d functions", r.ID, functions)
		}
	}
}

func finderOf(t *testing.T, c *collector, id string) *finder {
	t.Helper()
	for i := range Rules {
		if Rules[i].ID == id {
			return &finder{&Rules[i], c, "http://a/v.m3u8", "http://a/v.m3u8"}
		}
	}
	t.Fatalf("no rule %s", id)
	return nil
}
