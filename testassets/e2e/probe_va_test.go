package e2e

import (
	"fmt"
	"strings"
	"testing"

	"ladderd/testassets/doubles"
)

// TestProbeOfARenderNode has a GPU behind VAAPI that does all, and others that do less.
func TestProbeOfARenderNode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		gpu   doubles.VAGPU
		fault *doubles.Fault
		why   string // of encoding H.264; empty where it works
		does  string // what "vaapi" gives
		auto  string
	}{
		"all":        {doubles.VAGPU{Sessions: 6}, nil, "", "(decode, scale, encode)", "vaapi"},
		"no encoder": {doubles.VAGPU{NoEncoder: true}, nil, "this GPU does not encode H264", "", "x264"},
		"hangs":      {doubles.VAGPU{}, &doubles.Fault{At: doubles.VAEncode, Word: doubles.Hang}, "the driver hangs: it was stopped after 15s", "", "x264"},
		"no driver":  {doubles.VAGPU{}, &doubles.Fault{At: doubles.VAOpen, Word: doubles.Fail}, "no VAAPI driver for this GPU", "", "x264"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.fault != nil && c.fault.Word == doubles.Hang {
				useCPU(t, passing) // it waits
			} else {
				useCPU(t, transcoding)
			}
			va := doubles.NewVA(t, c.gpu)
			if c.fault != nil {
				va.Misbehave(*c.fault)
			}
			p := probe(t, slowly, va.Env(), t.TempDir(), fmt.Sprintf("render_nodes = [%q]", va.Node()))
			why, known := p.why(t, va.Node())
			if !known || c.why == "" != (why == "") || !strings.Contains(why, c.why) {
				t.Errorf("it says %q, not %q", why, c.why)
			}
			if c.does != "" && p.VAAPI.Backend != fmt.Sprintf("vaapi on %s %s", va.Node(), c.does) || c.does == "" && !strings.Contains(p.VAAPI.Why, c.why) {
				t.Errorf("vaapi is %+v", p.VAAPI)
			}
			if !strings.HasPrefix(p.Auto.Backend, c.auto) {
				t.Errorf("auto is %+v", p.Auto)
			}
			if c.gpu.Sessions > 0 {
				checkSessions(t, p, va.Node(), c.gpu.Sessions)
			}
			if t.Failed() {
				t.Logf("%+v", p)
			}
		})
	}
}
