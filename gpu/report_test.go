package gpu

import (
	"bytes"
	"encoding/json"
	"testing"

	"ladderd/pipeline"
	"ladderd/testassets/golden"
)

func sample() Report {
	degrees, busy, idle := 41, 7, 0
	warm := t4
	warm.Memory, warm.MemoryUsed = 16<<30, 3<<29
	warm.Load = Load{Temperature: &degrees, Use: &busy, EncoderUse: &idle}
	whole := proven(warm, 1e9, func(r *Result) {
		switch {
		case r.Task == pipeline.Sessions:
			r.Sessions, r.Capped = 8, full
		case r.Codec == pipeline.AV1:
			r.Why, r.Said = "this GPU does not encode AV1", "Codec not supported"
		}
	})
	helper := proven(h100, 2e9, without(noEncoder, pipeline.Encode, pipeline.Sessions))
	forbidden := Proof{Device: Device{API: pipeline.VA, ID: "/dev/dri/renderD128", Name: "Intel GPU 46a6", Driver: "i915", PCI: "0000:00:02.0",
		Problem: "no permission on the render node: add the ladderd user to group render"}, Results: []Result{}}
	report := NewReport([]Proof{whole, helper, forbidden, proven(cpu, 2e8, nil)})
	for i, p := range report.Devices {
		report.Devices[i].At = p.At.UTC()
	}
	return report
}

func TestReportForPeople(t *testing.T) {
	var out bytes.Buffer
	if err := sample().Write(&out); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/report.golden", out.String())
}

// The names of --json are for other programs: they stay.
func TestReportForPrograms(t *testing.T) {
	text, err := json.MarshalIndent(sample(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/report.json", string(text)+"\n")
}
