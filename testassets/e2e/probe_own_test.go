package e2e

import (
	"fmt"
	"os"
	"slices"
	"testing"
)

// TestProbeOnHardware wants this machine's own GPU known, and what it does measured.
func TestProbeOnHardware(t *testing.T) {
	kind, device := os.Getenv(hardwareMark), os.Getenv(deviceMark)
	if _, known := onOwn[kind]; !known {
		t.Skipf("%s is %q: set it to nvenc, cuda or vaapi to try that on this machine's hardware", hardwareMark, kind)
	}
	api, pipeline := "cuda", none
	if kind == "vaapi" {
		api, pipeline = "va", ""
		if device != "" {
			pipeline = fmt.Sprintf("render_nodes = [%q]", device)
		}
	}
	p := probe(t, slowly, nil, t.TempDir(), pipeline)
	found := p.devicesOf(api)
	if device != "" {
		found = slices.DeleteFunc(found, func(i int) bool { return p.Devices[i].Device.ID != device })
	}
	if len(found) == 0 {
		t.Fatalf("the GPU is not listed: %+v", p)
	}
	card := p.Devices[found[0]]
	// A render node's GPU may have no memory of its own.
	if d := card.Device; d.Name == "" || d.Driver == "" || d.Problem != "" || api == "cuda" && d.Memory <= 0 {
		t.Errorf("the GPU is %+v", d)
	}
	tasks := map[string]string{"decode": "h264", "scale": ""}
	if kind != "cuda" {
		tasks["encode"] = "h264"
	} else if r := p.best(t, found[0], "encode", "h264"); r.Why != "this GPU has no video encoder" {
		t.Errorf("a GPU without an encoder: %+v", r)
	}
	for task, codec := range tasks {
		if r := p.best(t, found[0], task, codec); r.Why != "" || r.Rate <= 0 {
			t.Errorf("%s: %+v", task, r)
		}
	}
	t.Logf("%+v; auto is %s", card, p.Auto.Backend)
}
