package e2e

import (
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
)

// A pretended VAAPI GPU decodes, scales and encodes a ladder, in both containers: what
// viewers get is what TestLadders wants of the CPU.
func TestVAAPILadders(t *testing.T) {
	t.Parallel()
	want := []rung{
		{"480p30", 852, 480, 30, 0}, {"360p30", 640, 360, 30, 630}, {"160p30", 284, 160, 30, 230}, audioOnly}
	for _, c := range []daemon.Channel{
		{Type: ladder.Standard},
		{Type: ladder.Standard, Container: "TS", Latency: "NORMAL"},
	} {
		t.Run(modeOf(c).container, func(t *testing.T) {
			t.Parallel()
			file := clip(t, clip480p30)
			useCPU(t, transcoding)
			gpu := doubles.NewVA(t, doubles.VAGPU{})
			renditions := readAllOf(t, daemon.Settings{
				Channels: []daemon.Channel{channel(c)}, Backend: "vaapi", RenderNodes: []string{gpu.Node()}, Env: gpu.Env(),
			}, file, len(want))
			for i, r := range renditions {
				checkRung(t, r, want[i])
			}
			checkVALadder(t, gpu, want[1:3])
		})
	}
}

// checkVALadder wants the rungs to have been encoded as they are, and nothing but IDRs
// where a picture is not P.
func checkVALadder(t *testing.T, gpu *doubles.VA, rungs []rung) {
	t.Helper()
	told := gpu.Recorded(doubles.VASequence)
	for _, want := range rungs {
		found := false
		for _, e := range told {
			found = found || e.Bitrate == 1000*want.kbps && e.RateNum == int(want.fps)*e.RateDen && e.IPPeriod == 1
		}
		if !found {
			t.Errorf("the driver was not told to encode %+v, only %+v", want, told)
		}
	}
	for _, e := range gpu.Recorded(doubles.VAPicture) {
		if e.Type != "IDR" {
			t.Errorf("a picture is %+v", e)
		}
	}
}

// probeVA probes a box with one pretended VAAPI GPU, which is the first device.
func probeVA(t *testing.T, gpu *doubles.VA, limit time.Duration) probed {
	t.Helper()
	useCPU(t, transcoding)
	return probe(t, limit, gpu.Env(), t.TempDir(), `render_nodes = ["`+gpu.Node()+`"]`)
}

func TestProbeOfAVAAPIGPU(t *testing.T) {
	t.Parallel()
	gpu := doubles.NewVA(t, doubles.VAGPU{Sessions: 6})
	p := probeVA(t, gpu, time.Minute)
	if want := "vaapi on " + gpu.Node() + " (decode, scale, encode)"; p.VAAPI.Backend != want || p.Auto.Backend != want {
		t.Errorf("auto is %q, vaapi %q (%s), want %q", p.Auto.Backend, p.VAAPI.Backend, p.VAAPI.Why, want)
	}
	for task, codec := range map[string]string{"encode": "h264", "decode": "h264", "scale": ""} {
		if r := p.best(t, 0, task, codec); r.Why != "" || r.Rate < 1e6 {
			t.Errorf("%s: %+v", task, r)
		}
	}
	if r := p.best(t, 0, "sessions", "h264"); r.Sessions != 6 || r.Capped != "all encoder sessions that the driver allows are in use" {
		t.Errorf("sessions: %+v", r)
	}
	if r := p.best(t, 0, "encode", "hevc"); r.Why != "this GPU does not encode HEVC" {
		t.Errorf("HEVC: %+v", r)
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
		{"no encoder", doubles.VAGPU{NoEncoder: true}, doubles.Fault{}, "this GPU does not encode H264"},
		{"no driver", doubles.VAGPU{}, doubles.Fault{At: doubles.VAOpen, Word: doubles.Fail}, "no VAAPI driver for this GPU"},
		{"it hangs", doubles.VAGPU{}, doubles.Fault{At: doubles.VAEncode, Word: doubles.Hang, After: 3}, "the driver hangs"},
		{"it crashes", doubles.VAGPU{}, doubles.Fault{At: doubles.VAEncode, Word: doubles.Crash, After: 3}, "the driver crashed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			gpu := doubles.NewVA(t, c.gpu)
			if c.fault.At != "" {
				gpu.Misbehave(c.fault)
			}
			p := probeVA(t, gpu, 2*time.Minute)
			if p.VAAPI.Backend != "" || !strings.Contains(p.VAAPI.Why, c.why) || p.Auto.Backend != "x264" {
				t.Errorf("auto is %q, vaapi is %q: %s", p.Auto.Backend, p.VAAPI.Backend, p.VAAPI.Why)
			}
		})
	}
}
