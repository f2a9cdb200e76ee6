package e2e

import (
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// TestTakeoverAcrossProtocols has an SRT encoder take over from an RTMP encoder, and an
// RTMP encoder from that. Viewers notice nothing but where the clip begins anew.
func TestTakeoverAcrossProtocols(t *testing.T) {
	t.Parallel()
	file := clip(t, clip480p30)
	useCPU(t, passing)
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, Reconnect: 30 * time.Second, SRT: 200 * time.Millisecond})

	first, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	_ = stopAtEnd(t, first, err)
	far := newProgress()
	v := view(t, d, d.Playback(c.ID), 1, func(v hls.Variant, p *hls.Playlist) {
		continuous(t)(v, p)
		far.seen(v, p)
	})
	far.await(t, 1, 2)
	before := streamOf(t, d)

	checkRefusedBySRT(t, d, "#!::u="+c.Key, file)
	second, err := publish.FFmpegSRTLoop(overSRT(d.SRTAddr(), "streamid=#!::u="+c.Key+",priority=5"), file)
	_ = stopAtEnd(t, second, err)
	bySRT := awaitProtocol(t, d, "srt", 1)
	checkLink(t, d)
	checkRefusedBySRT(t, d, c.Key+"?priority=5", file)
	third, err := publish.FFmpeg(d.RTMP(c.Key+"?priority=17"), file)
	third = stopAtEnd(t, third, err)
	byRTMP := awaitProtocol(t, d, "rtmp", 2)

	for _, after := range []daemon.Stream{bySRT, byRTMP} {
		if after.ID != before.ID || after.Remote == before.Remote || after.State != "live" {
			t.Errorf("the stream was %+v and is %+v", before, after)
		}
	}
	if byRTMP.Link != nil {
		t.Errorf("the link of an SRT publisher that has gone: %+v", byRTMP.Link)
	}
	awaitEnd(t, third)
	checkAll(t, v.finish(t))
	for event, want := range map[string]int{"Session Created": 1, "Stream Start": 1, "Stream Takeover": 2, "Stream Takeover Failure": 1, "Session Ended": 1, "Stream End": 1} {
		if n := strings.Count(d.Output(), `name="`+event+`"`); n != want {
			t.Errorf("%d events %q, want %d", n, event, want)
		}
	}
}

// awaitProtocol waits until the nth takeover has been one by that protocol.
func awaitProtocol(t *testing.T, d *daemon.Daemon, protocol string, n int) daemon.Stream {
	t.Helper()
	s, err := d.AwaitStream(t.Context(), studio, func(s daemon.Stream) bool { return s.Takeovers == n && s.Protocol == protocol })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkLink wants the statistics of an SRT publisher's connection.
func checkLink(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	s, err := d.AwaitStream(t.Context(), studio, func(s daemon.Stream) bool {
		return s.Link != nil && s.Link.Packets > 100 && s.Link.RTT > 0 && s.Ingest.Bitrate > clip480p30.Bitrate/2
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Link.Delay != 200 {
		t.Errorf("link %+v", *s.Link)
	}
}

// checkRefusedBySRT wants another SRT publisher to be refused, in the handshake, and the
// stream to stay as it is.
func checkRefusedBySRT(t *testing.T, d *daemon.Daemon, id, file string) {
	t.Helper()
	before := streamOf(t, d)
	p, err := publish.FFmpegSRT(overSRT(d.SRTAddr(), "streamid="+id), file)
	p = stopAtEnd(t, p, err)
	awaitEnd(t, p)
	if err := p.Wait(); err == nil {
		t.Errorf("a publisher with %s was let in", id)
	}
	if after := streamOf(t, d); after.ID != before.ID || after.Remote != before.Remote {
		t.Errorf("the stream was %+v and is %+v", before, after)
	}
}
