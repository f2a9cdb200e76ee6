package e2e

import (
	"testing"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
)

// A pretended VAAPI GPU decodes, scales and encodes a ladder, in both containers: what
// viewers get is what TestLadders wants of the CPU.
func TestVAAPILadders(t *testing.T) {
	t.Parallel()
	want := []rung{
		{"480p30", 852, 480, 30, 1400}, {"360p30", 640, 360, 30, 630}, {"160p30", 284, 160, 30, 230}, audioOnly}
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
			checkVALadder(t, gpu, want[:3])
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
