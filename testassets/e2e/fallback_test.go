package e2e

import (
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/await"
	"ladderd/testassets/daemon"
	"ladderd/testassets/doubles"
	"ladderd/testassets/publish"
)

// backendOf is what the channel's worker runs on, once there is one.
func backendOf(t *testing.T, d *daemon.Daemon) string {
	t.Helper()
	s, err := d.AwaitStream(within(t, 20*time.Second), studio, func(s daemon.Stream) bool { return s.Worker != nil && s.Worker.PID != 0 })
	if err != nil {
		t.Fatal(err)
	}
	return s.Worker.Backend
}

// TestAutoWithoutADriverIsX264 has a box with no driver at all.
func TestAutoWithoutADriverIsX264(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, transcoding)
	rig := doubles.New(t, doubles.Box{Without: doubles.NoDriver})
	d := startDaemonWith(t, daemon.Settings{
		Channels: []daemon.Channel{channel(daemon.Channel{Type: ladder.Standard})},
		Backend:  "auto", RenderNodes: []string{"/nonexistent/renderD128"}, Env: rig.Env(),
	})
	awaitProven(t, d)
	p, err := publish.FFmpegLoop(d.RTMP(streamKey), file)
	stopAtEnd(t, p, err)
	if ran := backendOf(t, d); !strings.HasPrefix(ran, "x264") {
		t.Errorf("the worker is on %s", ran)
	}
}

// TestStreamStartsWhileACardHangs has a box at its first start, of whose cards one hangs as
// it is tried: the stream starts on the other, and would be x264's if it waited for both.
func TestStreamStartsWhileACardHangs(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, encoding)
	rig := doubles.New(t, doubles.Box{Cards: []doubles.Card{{}, {}}})
	rig.Misbehave(0, doubles.Fault{At: doubles.Context, Word: doubles.Hang})
	d := startDaemonWith(t, daemon.Settings{
		Channels: []daemon.Channel{channel(daemon.Channel{Type: ladder.Standard})},
		Backend:  "auto", Measured: true, RenderNodes: []string{"/nonexistent/renderD128"}, Env: rig.Env(),
	})
	if err := await.Until(within(t, time.Minute), "the good card", nil, func() (bool, error) {
		return strings.Contains(d.Output(), "msg=device name=\"NVIDIA Double\" id="+rig.UUID(1)), nil
	}); err != nil {
		t.Fatal(err)
	}
	p, err := publish.FFmpegLoop(d.RTMP(streamKey), file)
	stopAtEnd(t, p, err)
	if ran := backendOf(t, d); !strings.HasPrefix(ran, "nvenc on "+rig.UUID(1)) {
		t.Errorf("the worker is on %s", ran)
	}
	awaitLive(t, d.Playback(studio))
}
