package e2e

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/edge"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// slight is a broadcast whose ladders cost little.
var slight = publish.Clip{Name: "slight", Width: 640, Height: 360, Rate: "30", Seconds: 8, Bitrate: 900_000, GOP: 2}

// mode is a channel type and how viewers get it.
type mode struct {
	kind               ladder.Type
	container, latency string
}

// modeOf is a channel's, with the defaults told.
func modeOf(c daemon.Channel) mode {
	return mode{c.Type, cmp.Or(c.Container, "FRAGMENTED_MP4"), cmp.Or(c.Latency, "LOW")}
}

// TestEveryModeIsClean has ladderd verify follow a channel of each type, container and
// latency mode, and find nothing: here those of which TestLadders has none.
func TestEveryModeIsClean(t *testing.T) {
	t.Parallel()
	file := clip(t, slight)
	s := daemon.Settings{Channels: otherModes()}
	useCPU(t, 2*len(s.Channels))
	d := startDaemonWith(t, s)
	for _, c := range s.Channels {
		p, err := publish.FFmpeg(d.RTMP(c.Key), file)
		stopAtEnd(t, p, err)
	}
	var all []verification
	for _, c := range s.Channels {
		at := d.Playback(c.ID) + "?allow_audio_only=true"
		awaitLive(t, at)
		all = append(all, startVerify(t, at, toTheEnd))
	}
	for _, v := range all {
		v.finish(t)
	}
}

// otherModes are channels for all modes that are not TestLadders'.
func otherModes() []daemon.Channel {
	elsewhere := map[mode]bool{}
	for _, test := range ladderTests {
		elsewhere[modeOf(test.channel)] = true
	}
	var channels []daemon.Channel
	for _, kind := range []ladder.Type{ladder.Standard, ladder.AdvancedHD, ladder.AdvancedSD, ladder.Basic} {
		for _, container := range []string{"FRAGMENTED_MP4", "TS"} {
			for _, latency := range []string{"LOW", "NORMAL"} {
				if elsewhere[mode{kind, container, latency}] {
					continue
				}
				id := strings.ToLower(fmt.Sprintf("%s_%s_%s", kind, container, latency))
				channels = append(channels, daemon.Channel{ID: id, Type: kind, Container: container, Latency: latency, Key: streamKey + id})
			}
		}
	}
	return channels
}

// awaitLive waits until a channel has a multivariant playlist.
func awaitLive(t *testing.T, at string) {
	t.Helper()
	ctx := within(t, 30*time.Second)
	var client hls.Client
	awaitOrFail(t, ctx, at, func() (bool, error) {
		_, err := client.Variants(ctx, at)
		return err == nil, notNotFound(err)
	}, nil)
}

// TestHTTPSAndTheEdgeAreClean has ladderd verify follow a broadcast from the daemon by
// HTTPS, and through nginx as we have it configured.
func TestHTTPSAndTheEdgeAreClean(t *testing.T) {
	t.Parallel()
	file := clip(t, slight)
	useCPU(t, 4)
	c := channel(daemon.Channel{Type: ladder.Standard})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, HTTPS: true})
	behind := startEdge(t, d.Playback(c.ID))
	p, err := publish.FFmpeg(d.RTMP(c.Key), file)
	stopAtEnd(t, p, err)
	awaitLive(t, d.Playback(c.ID))
	for _, v := range []verification{
		startVerify(t, d.SecurePlayback(c.ID), toTheEnd, "--insecure"),
		startVerify(t, behind, toTheEnd, "--insecure"),
	} {
		v.finish(t)
	}
}

// startEdge runs nginx before the server of a URL and returns the URL at nginx.
func startEdge(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	e, err := edge.Start(t.Context(), t.TempDir(), u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("nginx:\n%s", e.Output())
		}
	})
	u.Scheme, u.Host = "https", e.Addr
	return u.String()
}
