package stream

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
	"ladderd/pipeline/route"
)

func planFor(t *testing.T, kind ladder.Type, height int, fps int) *plan {
	t.Helper()
	in := ladder.Input{Width: height * 16 / 9, Height: height, Rate: media.Rate{Num: fps, Den: 1}, Audio: true}
	renditions, err := ladder.For(kind, "", in)
	if err != nil {
		t.Fatal(err)
	}
	return newPlan("st-x", renditions, &source{video: testVideo, audio: testAudio, input: in}, 0)
}

func TestPlanOfStandardFollowsTheSource(t *testing.T) {
	p := planFor(t, ladder.Standard, 1080, 60)
	if p.Job.Grid.Period != 0 || p.target != sourceTarget {
		t.Errorf("grid %+v, target %d; want the source's IDRs", p.Job.Grid, p.target)
	}
	// 1080p60, 720p60, 480p30, 360p30, 160p30, audio_only
	want := map[string]any{
		"passVideo": []int{0}, "passAudio": []int{0, 1, 2, 5},
		"madeVideo": []int{1, 2, 3, 4}, "madeAudio": [][]int{{3}, {4}},
		"audios": []pipeline.AudioOutput{{Bitrate: 64000}, {Bitrate: 48000}},
	}
	got := map[string]any{
		"passVideo": p.PassVideo, "passAudio": p.PassAudio,
		"madeVideo": p.MadeVideo, "madeAudio": p.MadeAudio, "audios": p.Job.Audios,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPlanOfAdvancedSharesAudioOnAFixedGrid(t *testing.T) {
	p := planFor(t, ladder.AdvancedHD, 1080, 30)
	if p.Job.Grid != (pipeline.Grid{Period: route.GridPeriod, Origin: Start}) || p.target != route.GridPeriod {
		t.Errorf("grid %+v, target %d", p.Job.Grid, p.target)
	}
	// 720p, 480p at 128 kbps; 360p and audio_only at 64; 160p at 48.
	if d := cmp.Diff([][]int{{0, 1}, {2, 4}, {3}}, p.MadeAudio); d != "" {
		t.Error(d)
	}
}

func TestPlanTakesTheToldKeyframeInterval(t *testing.T) {
	for kind, want := range map[ladder.Type]media.Ticks{ladder.Basic: 4 * media.Clock, ladder.Standard: 4 * media.Clock, ladder.AdvancedHD: route.GridPeriod} {
		in := ladder.Input{Width: 1920, Height: 1080, Rate: media.Rate{Num: 30, Den: 1}, Audio: true}
		renditions, err := ladder.For(kind, "", in)
		if err != nil {
			t.Fatal(err)
		}
		if p := newPlan("st-x", renditions, &source{video: testVideo, audio: testAudio, input: in}, 4*time.Second); p.target != want {
			t.Errorf("%s: target %d, want %d", kind, p.target, want)
		}
	}
}

func TestPlanOfBasicNeedsNoWorker(t *testing.T) {
	if p := planFor(t, ladder.Basic, 720, 30); p.Transcodes() {
		t.Errorf("job %+v", p.Job)
	}
}
