package main

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestCrowdIsComparedByRequest(t *testing.T) {
	c := crowdRun{Scheme: "http", Viewers: 2000, Ladderd: served{CPU: 0.75, Idle: 0.25, Requests: 8192, Answers: 81_920, Parts: 40_960, P99: 40, Memory: 30}}
	// Half as many requests for as much CPU as ladderd's viewers alone take.
	c.static(&replayed{cpu: 0.5, requests: 40_960}, 10)
	if c.Ratio != 0.5 || c.RatioAll != 0.75 {
		t.Errorf("ratio %v, with packaging %v", c.Ratio, c.RatioAll)
	}
	r := crowdReport{Runs: []*crowdRun{&c}, Load: []string{""}}
	r.judge()
	if len(r.Aims) != 3 {
		t.Fatalf("aims: %v", r.Aims)
	}
	for _, a := range r.Aims {
		if !a.Met {
			t.Errorf("%v", a)
		}
	}
}

// TestCrowdWithoutDataMeetsNoAim: what was not measured, or failed, is not good.
func TestCrowdWithoutDataMeetsNoAim(t *testing.T) {
	for name, change := range map[string]struct {
		spoil   func(ours, theirs *served)
		without []int // aims that have no data: CPU, time of a part, memory
	}{
		"nothing failed":              {func(_, _ *served) {}, nil},
		"one in 2,000 failed":         {func(ours, theirs *served) { ours.Failed, theirs.Failed = 5, 5 }, nil},
		"ladderd fails":               {func(ours, _ *served) { ours.Failed = 500 }, []int{0, 1, 2}},
		"nginx fails":                 {func(_, theirs *served) { theirs.Failed = 500 }, []int{0}},
		"no part":                     {func(ours, _ *served) { ours.Parts, ours.P99 = 0, 0 }, []int{1}},
		"no request":                  {func(ours, _ *served) { *ours = served{} }, []int{0, 1, 2}},
		"ladderd's process not found": {func(ours, _ *served) { ours.CPU, ours.Memory = 0, 0 }, []int{0, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			ours := served{CPU: 0.75, Idle: 0.25, Requests: 1000, Answers: 10_000, Parts: 5000, P99: 40, Memory: 30}
			theirs := served{}
			c := crowdRun{Scheme: "http", Viewers: aimPartCount}
			change.spoil(&ours, &theirs)
			c.Ladderd = ours
			c.static(&replayed{cpu: 0.5, requests: 10_000, failed: int(theirs.Failed)}, 10)
			r := crowdReport{Runs: []*crowdRun{&c}}
			r.judge()
			for i, a := range r.Aims {
				if none := slices.Contains(change.without, i); (a.NoData != "") != none || a.Met == none {
					t.Errorf("%v", a)
				}
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		})
	}
}
