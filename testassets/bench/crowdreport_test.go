package main

import "testing"

func TestCrowdIsComparedByRequest(t *testing.T) {
	c := crowdRun{Scheme: "http", Viewers: 2000, Ladderd: served{CPU: 0.75, Idle: 0.25, Requests: 8192, P99: 40, Memory: 30}}
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
