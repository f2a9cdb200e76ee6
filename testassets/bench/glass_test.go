package main

import (
	"testing"
	"time"

	"ladderd/testassets/stamp"
)

// TestAgeSurvivesTheStampsWrapping: a stamp holds 65.536 s.
func TestAgeSurvivesTheStampsWrapping(t *testing.T) {
	captured := int64(1_795_355_546_248)
	for _, after := range []int64{0, 700, 65_535} {
		f := stamp.Frame{Number: int(uint16(captured)), Shown: float64(captured + after)}
		if got := age(f); got != time.Duration(after)*time.Millisecond {
			t.Errorf("shown after %d ms: %v", after, got)
		}
	}
}

// TestGlassLeavesOutTheSettlingTime: of frames a second apart, 1 to 10 hundred
// milliseconds old, those of the first seconds do not count.
func TestGlassLeavesOutTheSettlingTime(t *testing.T) {
	var seen stamp.Watched
	for i := range 10 {
		shown := int64(1_000_000 + i*1000)
		old := int64(i+1) * 100
		seen.Frames = append(seen.Frames, stamp.Frame{
			Number: int(uint16(shown - old)), Shown: float64(shown), Ahead: 0.5, Dropped: i,
		})
	}
	seen.Frames[9].Number = -1
	seen.Waits = []float64{3}
	g := &glass{}
	if err := g.take(seen); err != nil {
		t.Fatal(err)
	}
	if g.Frames != 4 || g.Unreadable != 1 || g.Lost != 4 || g.Waits != 1 {
		t.Errorf("%+v", g)
	}
	if g.Median != 0.8 || g.Worst != 0.9 || g.Ahead != 0.5 {
		t.Errorf("%+v", g)
	}
	if err := (&glass{}).take(stamp.Watched{}); err == nil {
		t.Error("a browser that shows nothing is taken")
	}
}

func TestWorstJoiningIsJudged(t *testing.T) {
	r := &glassReport{Broadcasts: []*glass{
		{Frames: 900, P95: 1.2, Aim: 1.5, Joined: []float64{0.2, 0.3, 0.9}}, {Frames: 900, P95: 1.1, Aim: 1, Joined: []float64{0.6}},
	}}
	r.judge()
	if a := r.Aims; !a[0].Met || a[1].Met || a[2].Got != 0.6 || a[2].Met {
		t.Errorf("%v", a)
	}
}

// TestUnreadableStampsMeetNoAim: without a stamp, how old a frame is is not known.
func TestUnreadableStampsMeetNoAim(t *testing.T) {
	r := &glassReport{Broadcasts: []*glass{{Frames: 900, Unreadable: 900, Aim: 1.5}}}
	r.judge()
	for _, a := range r.Aims {
		if a.Met || a.NoData == "" {
			t.Errorf("%v", a)
		}
	}
}
