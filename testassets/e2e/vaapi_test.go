package e2e

import (
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
	"ladderd/testassets/publish"
)

// probeVA probes a box with one pretended VAAPI GPU, which is the first device.
func probeVA(t *testing.T, gpu *doubles.VA, limit time.Duration) probed {
	t.Helper()
	useCPU(t, encoding)
	p := probe(t, limit, gpu.Env(), t.TempDir(), `render_nodes = ["`+gpu.Node()+`"]`)
	t.Logf("%+v\n%s", p, p.told)
	return p
}

func TestProbeOfAVAAPIGPU(t *testing.T) {
	t.Parallel()
	gpu := doubles.NewVA(t, doubles.VAGPU{Sessions: 6})
	p := probeVA(t, gpu, time.Minute)
	if want := "vaapi on " + gpu.Node() + " (decode, scale, encode)"; p.VAAPI.Backend != want || p.Auto.Backend != want {
		t.Errorf("auto is %q, vaapi %q (%s), want %q", p.Auto.Backend, p.VAAPI.Backend, p.VAAPI.Why, want)
	}
}

// Each of these boxes says in time why it does not encode by VAAPI.
func TestProbeOfVAAPIGPUsThatFail(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		gpu   doubles.VAGPU
		fault doubles.Fault
		why   string
	}{
		{"no encoder", doubles.VAGPU{NoEncoder: true}, doubles.Fault{}, "encode"},
		{"the driver does not start", doubles.VAGPU{}, doubles.Fault{At: doubles.VAOpen, Word: doubles.Fail}, "driver"},
		{"it hangs", doubles.VAGPU{}, doubles.Fault{At: doubles.VAEncode, Word: doubles.Hang, After: 3}, "hangs"},
		{"it crashes", doubles.VAGPU{}, doubles.Fault{At: doubles.VAOpen, Word: doubles.Crash}, "crashed"},
		{"it is lost", doubles.VAGPU{}, doubles.Fault{At: doubles.VAEncode, Word: doubles.Lost, After: 3}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			gpu := doubles.NewVA(t, c.gpu)
			if c.fault.At != "" {
				gpu.Misbehave(c.fault)
			}
			p := probeVA(t, gpu, 3*time.Minute)
			if p.VAAPI.Backend != "" || !strings.Contains(p.VAAPI.Why, c.why) || strings.HasPrefix(p.Auto.Backend, "vaapi") {
				t.Errorf("auto is %q, vaapi is %q: %s", p.Auto.Backend, p.VAAPI.Backend, p.VAAPI.Why)
			}
		})
	}
}

var _ = []any{daemon.Channel{}, ladder.Standard, publish.Clip{}}
