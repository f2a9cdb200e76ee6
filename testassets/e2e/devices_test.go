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

// TestDaemonChoosesByWhatWasProven has channels that want different backends on a box with
// an NVIDIA card: each stream is made by what its channel wants, or refused with the reason.
func TestDaemonChoosesByWhatWasProven(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, 10)
	rig := doubles.New(t, doubles.Box{Cards: []doubles.Card{{}}})
	channels := []daemon.Channel{
		{ID: "auto", Key: streamKey + "-auto", Type: ladder.Standard},
		{ID: "cpu", Key: streamKey + "-cpu", Type: ladder.Standard, Backend: "x264"},
		{ID: "va", Key: streamKey + "-va", Type: ladder.Standard, Backend: "vaapi"},
	}
	d := startDaemonWith(t, daemon.Settings{
		Channels: channels, Backend: "auto", Measured: true, Env: rig.Env(), RenderNodes: []string{"/nonexistent/renderD128"},
	})
	for _, c := range channels {
		p, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
		stopAtEnd(t, p, err)
	}
	for channel, want := range map[string]string{"auto": "nvenc on " + rig.UUID(0), "cpu": "x264"} {
		if _, err := d.AwaitStream(t.Context(), channel, func(s daemon.Stream) bool {
			return s.Worker != nil && strings.HasPrefix(s.Worker.Backend, want)
		}); err != nil {
			t.Error(err)
		}
	}
	awaitOrFail(t, within(t, 30*time.Second), "the refusal in the log", func() (bool, error) {
		return strings.Count(d.Output(), "backend vaapi is not available: ") > 1, nil
	}, d.Output)

	// A card that hangs costs the stream nothing but the time until that is noticed, once:
	// 4 s, and then what it takes to begin on the CPU.
	rig.Misbehave(0, doubles.Fault{At: doubles.Encode, Word: doubles.Hang})
	if _, err := d.AwaitStream(within(t, 15*time.Second), "auto", func(s daemon.Stream) bool {
		return s.Worker != nil && s.Worker.Restarts > 0 && strings.HasPrefix(s.Worker.Backend, "x264") && s.Worker.PID > 0
	}); err != nil {
		t.Error(err)
	}
}
