package density

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ladderd/gpu"
	"ladderd/pipeline"
)

func testReport() Report {
	step := Step{
		Channels: 3, Seconds: 30, Whole: true, RealTime: true, Behind: 120,
		Usage:  Usage{CPU: 3.3, OwnCPU: 0.15, OthersCPU: 0.4, Memory: 330e6},
		Delays: []Delay{{"720p60", 5400, 98, 130, 180, 220}},
	}
	p := &Pipelines{Streams: []*Stream{{Name: "STANDARD of 1080p60"}}, Backends: []pipeline.Backend{{Encoder: pipeline.X264}}}
	proofs := []gpu.Proof{{Device: gpu.Device{Name: "EPYC", Cores: 4}}}
	r := Result{Channels: 3, Confirmed: true, Failed: 4, Why: "channel 2: 480p30 was 0.52 s further behind", Best: &step, Steps: []Step{step}}
	return NewReport(Result{Channels: r.Channels, Confirmed: true, Failed: 4, Why: r.Why, Steps: r.Steps}, p, proofs, "ladderd 1", 30*time.Second).with(&step)
}

// with is a report whose best step has no streams with jobs.
func (r Report) with(best *Step) Report {
	r.Best, r.PerChannel = best, (best.Usage.CPU+best.Usage.OwnCPU)/float64(r.Channels)
	return r
}

const testText = `3 channels, STANDARD of 1080p60, by x264: in real time for 30 s
4 are not: channel 2: 480p30 was 0.52 s further behind

CPU     3.45 of 4 cores, 1.150 a channel; other programs took 0.40
memory  330 MB, 110 MB a channel

ms from the source's packet to                     p50       p95       p99      most
720p60                                              98       130       180       220
`

func TestReportForPeople(t *testing.T) {
	var w strings.Builder
	r := testReport()
	r.Text(&w)
	if d := cmp.Diff(testText, w.String()); d != "" {
		t.Error(d)
	}
	w.Reset()
	(&Report{}).Text(&w)
	if w.String() != "interrupted before anything was found out\n" {
		t.Error(w.String())
	}
}

func TestProgressForPeople(t *testing.T) {
	for want, p := range map[string]Progress{
		"1 channel: settling": {Channels: 1},
		"2 channels: 5 of 30 s, at most 0.12 s further behind than when settled": {Channels: 2, Measured: 5 * time.Second, Length: 30 * time.Second, Behind: 120 * time.Millisecond},
		"2 channels: not real time: why":                                         {Channels: 2, Step: &Step{Why: "why"}},
	} {
		if p.String() != want {
			t.Errorf("%q, want %q", p, want)
		}
	}
}

func TestReportIsReadBack(t *testing.T) {
	r := testReport()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "old.json")
	for content, wrong := range map[string]bool{string(text): false, "{}": true, "": true} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadReport(file)
		if (err != nil) != wrong {
			t.Errorf("%q: %v", content, err)
		}
		if !wrong {
			if d := cmp.Diff(&r, got); d != "" {
				t.Error(d)
			}
		}
	}
	if _, err := ReadReport(file + ".none"); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestCompare(t *testing.T) {
	old, now := testReport(), testReport()
	var w strings.Builder
	now.Compare(&old).Text(&w)
	if w.String() != "channels       3, was 3 (+0 %)\nCPU a channel  1.150, was 1.150 (+0 %)\n" {
		t.Error(w.String())
	}
	now.Channels, now.PerChannel = 6, 0.575
	now.Version, now.Machine.Cores, now.Confirmed = "ladderd 2\nFFmpeg 7", 8, false
	w.Reset()
	now.Compare(&old).Text(&w)
	const want = `channels       6, was 3 (+100 %)
CPU a channel  0.575, was 1.150 (-50 %)
differs        the machine: EPYC, 8 cores, was EPYC, 4 cores
differs        the version: ladderd 2 FFmpeg 7, was ladderd 1
differs        this report was interrupted
`
	if d := cmp.Diff(want, w.String()); d != "" {
		t.Error(d)
	}
}
