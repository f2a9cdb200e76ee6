package e2e

import (
	"strings"
	"testing"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
	"ladderd/testassets/publish"
)

// TestCaptionsOnNVENC publishes captions in pictures to a ladder that a double's GPU makes:
// the one of three that CUDA_VISIBLE_DEVICES names.
func TestCaptionsOnNVENC(t *testing.T) {
	t.Parallel()
	file := clip(t, quick)
	useCPU(t, 8)
	const own = 1
	rig := doubles.New(t, doubles.Box{Cards: make([]doubles.Card, 3)})
	env := append(rig.Env(), "CUDA_VISIBLE_DEVICES="+rig.UUID(own))
	s := daemon.Settings{Backend: "nvenc", RenderNodes: []string{"/nonexistent/renderD128"}, Env: env}
	checkCaptionsOn(t, s, daemon.Channel{Type: ladder.AdvancedHD}, file)
	opened, err := rig.Recorded(doubles.Opened)
	if err != nil || len(opened) == 0 {
		t.Errorf("no encoder was opened: %v", err)
	}
	for _, e := range opened {
		if e.Card != own {
			t.Errorf("an encoder was opened on card %d", e.Card)
		}
	}
}

// TestCaptionsOnVAAPI does so by a driver that takes captions from FFmpeg, and by one that
// takes nothing.
func TestCaptionsOnVAAPI(t *testing.T) {
	t.Parallel()
	file := clip(t, quick)
	for name, own := range map[string]bool{"FFmpeg's headers": false, "the driver's own headers": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			useCPU(t, 8)
			gpu := doubles.NewVA(t, doubles.VAGPU{OwnHeaders: own})
			s := daemon.Settings{Backend: "vaapi", RenderNodes: []string{gpu.Node()}, Env: gpu.Env()}
			checkCaptionsOn(t, s, daemon.Channel{Type: ladder.AdvancedHD, Container: "TS"}, file)
		})
	}
}

// checkCaptionsOn wants each picture's captions in every rendition.
func checkCaptionsOn(t *testing.T, s daemon.Settings, c daemon.Channel, file string) {
	t.Helper()
	say := func(n int) []byte { return []byte{0xfc, byte(1 + n%100), byte(1 + n/100)} }
	tags, err := publish.ReadFLV(file)
	if err != nil {
		t.Fatal(err)
	}
	s.Channels = []daemon.Channel{channel(c)}
	d := startDaemonWith(t, s)
	awaitProven(t, d)
	sent := pace(t, d.RTMP(streamKey), publish.InPictures(tags, say))
	v := view(t, d, d.Playback(studio), 3, nil)
	if ran := backendOf(t, d); !strings.HasPrefix(ran, s.Backend) {
		t.Errorf("the worker is on %s", ran)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	for _, r := range v.finish(t) {
		if r.HasVideo() {
			checkCaptions(t, r, publish.Shown(tags), say, 0)
		}
	}
}
