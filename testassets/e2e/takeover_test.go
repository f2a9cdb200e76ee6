package e2e

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/browser"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
	"ladderd/testassets/stamp"
)

// Each encoder's frames are numbered from another multiple of numbersEach.
const numbersEach = 20_000

// standMost is how long the picture may stand at a takeover, in seconds; on a busy
// machine the player may have to wait for a part or two.
const standMost = 3

// TestTakeoverWhileABrowserPlays has an encoder with a priority take over from one
// without, and another one from that, which hangs: nothing comes from it, and its
// connection stays open.
func TestTakeoverWhileABrowserPlays(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, 20)
	c := channel(daemon.Channel{Type: ladder.Standard})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, Reconnect: 30 * time.Second})
	_ = onAir(t, d.RTMP(c.Key), 0)
	v := view(t, d, d.Playback(c.ID), mixedRenditions, continuous(t))
	b := watch(t, d, c.ID)
	if err := stamp.Watch(b); err != nil {
		t.Fatal(err)
	}
	before := streamOf(t, d)
	plays(t, b, 2)

	second := onAir(t, d.RTMP(c.Key+"?priority=5"), 1)
	awaitTakeover(t, d, b, 1)
	checkRefused(t, d, file, "?priority=5")
	if err := syscall.Kill(second.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	third := onAir(t, d.RTMP(c.Key+"?priority=17"), 2)
	awaitTakeover(t, d, b, 2)
	_ = syscall.Kill(second.PID(), syscall.SIGCONT) // it finds its connection closed

	if after := streamOf(t, d); after.ID != before.ID || after.State != "live" || after.Worker.Restarts != before.Worker.Restarts {
		t.Errorf("the stream was %+v and is %+v", before, after)
	}
	checkShown(t, b, 2)
	if err := third.Stop(); err != nil {
		t.Error(err)
	}
	checkWithin(t, v.finish(t), hls.LastSlackCut)
	for event, want := range map[string]int{"Session Created": 1, "Stream Start": 1, "Stream Takeover": 2, "Stream Takeover Failure": 1, "Session Ended": 1, "Stream End": 1} {
		if n := strings.Count(d.Output(), `name="`+event+`"`); n != want {
			t.Errorf("%d events %q, want %d", n, event, want)
		}
	}
}

// awaitTakeover waits until the nth one has reached the screen.
func awaitTakeover(t *testing.T, d *daemon.Daemon, b *browser.Browser, n int) {
	t.Helper()
	if _, err := d.AwaitStream(t.Context(), studio, func(s daemon.Stream) bool { return s.Takeovers == n }); err != nil {
		t.Fatal(err)
	}
	waitFor(t, b, fmt.Sprintf(`window.watched.frames.some((f) => f.number > %d)`, n*numbersEach+60))
}

// onAir is the nth encoder, which broadcasts until the test's end.
func onAir(t *testing.T, url string, n int) *publish.Live {
	t.Helper()
	c := numbered
	c.Stamp = func(frame []byte, width, height, i int, _ time.Time) {
		stamp.Draw(frame, width, height, uint16(n*numbersEach+i))
	}
	live, err := c.Broadcast(context.WithoutCancel(t.Context()), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Stop() })
	return live
}

func streamOf(t *testing.T, d *daemon.Daemon) daemon.Stream {
	t.Helper()
	s, err := d.AwaitStream(t.Context(), studio, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// continuous wants playlists without a discontinuity; that media sequence numbers go
// on is hls.Follow's to see.
func continuous(t *testing.T) func(hls.Variant, *hls.Playlist) {
	return func(v hls.Variant, p *hls.Playlist) {
		if strings.Contains(p.Text, "EXT-X-DISCONTINUITY\n") || strings.Count(p.Text, "EXT-X-MAP") > 1 {
			t.Errorf("%s has a discontinuity:\n%s", v.Name, p.Text)
		}
	}
}

// checkRefused wants another publisher with that query to be refused and the stream to
// stay as it is.
func checkRefused(t *testing.T, d *daemon.Daemon, file, query string) {
	t.Helper()
	before := streamOf(t, d)
	p, err := publish.FFmpeg(d.RTMP(streamKey+query), file)
	p = stopAtEnd(t, p, err)
	awaitEnd(t, p)
	if err := p.Wait(); err == nil {
		t.Errorf("a publisher with %s was let in", query)
	}
	if after := streamOf(t, d); after.ID != before.ID || after.Remote != before.Remote {
		t.Errorf("the stream was %+v and is %+v", before, after)
	}
}

// checkShown wants the browser to have gone from one encoder's pictures to the next
// one's with hardly a stop, that many times, without starting anew.
func checkShown(t *testing.T, b *browser.Browser, takeovers int) {
	t.Helper()
	seen, err := stamp.Seen(b)
	if err != nil {
		t.Fatal(err)
	}
	stood, turns := 0.0, 0
	for i := 1; i < len(seen.Frames); i++ {
		a, b := seen.Frames[i-1], seen.Frames[i]
		stood = max(stood, (b.Shown-a.Shown)/1000)
		if a.Number >= 0 && b.Number >= 0 && a.Number/numbersEach != b.Number/numbersEach {
			turns++
		}
	}
	t.Logf("%d frames; the picture stood for %.2f s at most; the player waited at %v s", len(seen.Frames), stood, seen.Waits)
	if turns != takeovers {
		t.Errorf("the pictures changed from one encoder's to the next one's %d times, not %d", turns, takeovers)
	}
	if stood > standMost {
		t.Errorf("the picture stood for %.2f s", stood)
	}
	if n := eval[int](t, b, `window.ladderd.starts`); n != 1 {
		t.Errorf("playback began %d times", n)
	}
	if eval[bool](t, b, `window.ladderd.ended`) {
		t.Error("playback has ended")
	}
}

func TestPublisherThatIsKilledComesBack(t *testing.T) {
	t.Parallel()
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, Reconnect: 30 * time.Second})
	file := clip(t, small)
	first, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	first = stopAtEnd(t, first, err)
	far := newProgress()
	v := view(t, d, d.Playback(c.ID), 1, func(v hls.Variant, p *hls.Playlist) {
		continuous(t)(v, p)
		far.seen(v, p)
	})
	far.await(t, 1, 2)
	verified := startVerify(t, d.Playback(c.ID), time.Minute) // up to the broadcast's end
	before := streamOf(t, d)
	if err := syscall.Kill(first.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AwaitStream(t.Context(), c.ID, func(s daemon.Stream) bool { return s.State == "waiting for the publisher" }); err != nil {
		t.Fatal(err)
	}
	second, err := publish.FFmpeg(d.RTMP(c.Key), file)
	second = stopAtEnd(t, second, err)
	after, err := d.AwaitStream(t.Context(), c.ID, func(s daemon.Stream) bool { return s.State == "live" })
	if err != nil {
		t.Fatal(err)
	}
	if after.ID != before.ID || after.Remote == before.Remote {
		t.Errorf("the stream was %+v and is %+v", before, after)
	}
	awaitEnd(t, second)
	verified.finish(t)
	v.finish(t)
	if n := strings.Count(d.Output(), `name="Session Created"`); n != 1 {
		t.Errorf("%d streams", n)
	}
}
