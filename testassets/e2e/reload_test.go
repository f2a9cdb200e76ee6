package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// TestReloadLeavesRunningStreamsAlone reloads a file that is no good, and then one in
// which a channel has gone, another one has come, and the live one's key has changed.
func TestReloadLeavesRunningStreamsAlone(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, transcoding+passing)
	c := channel(daemon.Channel{Type: ladder.AdvancedSD})
	gone := daemon.Channel{ID: "gone", Type: ladder.Basic, Key: "sk_test_channel_gone"}
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c, gone}})
	first, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	first = stopAtEnd(t, first, err)
	v := view(t, d, d.Playback(c.ID), 3, nil)
	before := streamOf(t, d)

	refusesBadFile(t, d)
	health, err := d.Reload(within(t, 20*time.Second), func(text string) string {
		text, _, _ = strings.Cut(text, nonsense)
		return strings.NewReplacer(`"gone"`, `"come"`, gone.Key, "sk_test_channel_come", c.Key, "sk_test_channel_other").Replace(text)
	})
	if err != nil || health.Reloaded.Result != "taken" || health.ConfigError != "" {
		t.Fatalf("a good file: %+v, %v", health, err)
	}
	second, err := publish.FFmpeg(d.RTMP("sk_test_channel_come"), file)
	stopAtEnd(t, second, err)
	third, err := publish.FFmpeg(d.RTMP(gone.Key), file)
	third = stopAtEnd(t, third, err)
	awaitLive(t, d.Playback("come"))
	awaitEnd(t, third)
	if err := third.Wait(); err == nil {
		t.Error("a channel that is gone can be published to")
	}
	if after := streamOf(t, d); after.ID != before.ID || after.Worker.PID != before.Worker.PID || after.State != "live" {
		t.Errorf("the stream was %+v and is %+v", before, after)
	}
	_ = first.Stop()
	v.finish(t)
}

// nonsense is no key of a channel.
const nonsense = "\nnonsense = 1\n"

// refusesBadFile wants a bad file to be told, with its line.
func refusesBadFile(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	line := 0
	health, err := d.Reload(within(t, 20*time.Second), func(text string) string {
		line = strings.Count(text, "\n") + 2
		return strings.Replace(text, `"gone"`, `"come"`, 1) + nonsense
	})
	want := fmt.Sprintf("ladderd.toml:%d: channel.nonsense: unknown", line)
	if err != nil || health.Reloaded.Result != "refused" || !strings.Contains(health.ConfigError, want) {
		t.Errorf("a bad file: %+v, %v; want %q", health, err, want)
	}
	if !strings.Contains(d.Output(), want) {
		t.Errorf("the log does not say %q", want)
	}
	if _, live := health.Stream(studio); !live {
		t.Errorf("the stream is gone: %+v", health)
	}
}
