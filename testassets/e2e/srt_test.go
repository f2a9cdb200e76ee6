package e2e

import (
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
	"ladderd/testassets/weather"
)

const passphrase = "test-passphrase-0001"

// overSRT is where a publisher goes in a broadcast over SRT.
func overSRT(at, query string) string { return "srt://" + at + "?" + query }

// TestSRT publishes with the encoders that there are and reads every rendition.
func TestSRT(t *testing.T) {
	tests := []struct {
		name       string
		channel    daemon.Channel
		query      string
		begin      func(url string) (*publish.Publisher, error)
		renditions int
		want       time.Duration
	}{
		{"ffmpeg as the guide has it, BASIC, encrypted", daemon.Channel{Type: ladder.Basic, Passphrase: passphrase},
			"streamid=" + streamKey + "&passphrase=" + passphrase, fromClip(t, clip480p30, publish.FFmpegSRT), 2, time.Duration(clip480p30.Seconds) * time.Second},
		{"srt-live-transmit, STANDARD, key in a list", daemon.Channel{Type: ladder.Standard},
			"streamid=#!::u=" + streamKey + ",m=publish", fromClip(t, clip480p30, publish.SRTLiveTransmit), softRenditions, time.Duration(clip480p30.Seconds) * time.Second},
		{"GStreamer, BASIC, encrypted", daemon.Channel{Type: ladder.Basic, Passphrase: passphrase},
			"streamid=" + streamKey + "&passphrase=" + passphrase + "&mode=caller", func(url string) (*publish.Publisher, error) {
				return publish.GStreamerSRT(url, 640, 360, 360)
			}, 2, 12 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			useCPU(t, transcoding)
			c := channel(test.channel)
			d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, SRT: 200 * time.Millisecond})
			p, err := test.begin(overSRT(d.SRTAddr(), test.query))
			p = stopAtEnd(t, p, err)
			url := d.Playback(c.ID) + "?allow_audio_only=true"
			v := view(t, d, url, test.renditions, nil)
			verified := startVerify(t, url, toTheEnd)
			awaitEnd(t, p)
			verified.finish(t)
			renditions := v.finish(t)
			checkAll(t, renditions)
			wantDuration(t, renditions, test.want)
			if strings.Contains(d.Output(), passphrase) {
				t.Error("the passphrase is in the log")
			}
		})
	}
}

// fromClip publishes a clip.
func fromClip(t *testing.T, c publish.Clip, begin func(url, file string) (*publish.Publisher, error)) func(string) (*publish.Publisher, error) {
	file := clip(t, c)
	return func(url string) (*publish.Publisher, error) { return begin(url, file) }
}

func TestSRTRefusals(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	c := channel(daemon.Channel{Type: ladder.Basic, Passphrase: passphrase})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, SRT: 200 * time.Millisecond})
	for _, test := range []struct{ name, query, logged string }{
		{"unknown key", "streamid=sk_test_nobody_knows_this&passphrase=" + passphrase, "unknown stream key"},
		{"wrong passphrase", "streamid=" + c.Key + "&passphrase=another_passphrase", ""},
		{"no passphrase", "streamid=" + c.Key, ""},
		{"viewer", "streamid=#!::u=" + c.Key + ",m=request&passphrase=" + passphrase, "takes publishers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := publish.FFmpegSRT(overSRT(d.SRTAddr(), test.query), file)
			p = stopAtEnd(t, p, err)
			awaitEnd(t, p)
			if err := p.Wait(); err == nil {
				t.Error("ffmpeg was let in")
			}
			awaitOrFail(t, within(t, 10*time.Second), "the refusal in the log", func() (bool, error) {
				return strings.Contains(d.Output(), test.logged), nil
			}, d.Output)
		})
	}
	if strings.Contains(d.Output(), "sk_test_nobody_knows_this") || strings.Contains(d.Output(), passphrase) {
		t.Error("a secret is in the log")
	}
}

// bad is a network under which no picture may be missing with a latency of 500 ms: each
// packet is delayed by up to 100 ms, both ways.
var bad = weather.Weather{Loss: 0.05, Jitter: 100 * time.Millisecond}

func TestSRTThroughBadWeather(t *testing.T) {
	t.Parallel()
	throughBadWeather(t, func(server, query, file string) (*publish.Publisher, error) {
		relay, err := weather.Start(server, bad, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(relay.Close)
		return publish.FFmpegSRT(overSRT(relay.Addr().String(), query), file)
	})
}

// TestSRTThroughNetem is the same by the kernel.
func TestSRTThroughNetem(t *testing.T) {
	t.Parallel()
	namespace, err := weather.NewNamespace(bad)
	if err != nil {
		t.Skipf("this machine does not make bad networks: %v", err)
	}
	t.Cleanup(namespace.Close)
	throughBadWeather(t, func(server, query, file string) (*publish.Publisher, error) {
		relay, err := weather.StartAt(namespace.Host, server, weather.Weather{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(relay.Close)
		return publish.FFmpegSRTFrom(namespace.Name, overSRT(relay.Addr().String(), query), file)
	})
}

// throughBadWeather reads a broadcast whose publisher begins behind a bad network.
func throughBadWeather(t *testing.T, begin func(server, query, file string) (*publish.Publisher, error)) {
	t.Helper()
	file := clip(t, clip480p30)
	useCPU(t, whole) // what the machine keeps waiting is too late, as what the network does
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, SRT: 500 * time.Millisecond})
	p, err := begin(d.SRTAddr(), "streamid="+c.Key, file)
	p = stopAtEnd(t, p, err)
	v := view(t, d, d.Playback(c.ID), 1, nil)
	awaitEnd(t, p)
	renditions := v.finish(t) // each is decoded, without a word of ffmpeg's
	checkAll(t, renditions)
	wantFrames(t, renditions[0], clip480p30.Seconds*30)
	log := d.Output()
	if strings.Contains(log, " lost=0 ") {
		t.Errorf("the network was not what it should have been:\n%s", log)
	}
	t.Logf("%d pictures of %d; %s", len(renditions[0].Video), clip480p30.Seconds*30, lineWith(log, "srt publisher gone"))
}

// lineWith is the first line of a log with the words in it.
func lineWith(log, words string) string {
	for line := range strings.Lines(log) {
		if strings.Contains(line, words) {
			return line
		}
	}
	return ""
}

// wantFrames wants all pictures but those that the network still had when the publisher
// hung up: SRT's goodbye does not wait for what was lost.
func wantFrames(t *testing.T, r *hls.Rendition, sent int) {
	t.Helper()
	const last = 15 // half a second
	if len(r.Video) < sent-last {
		t.Errorf("%d of %d pictures", len(r.Video), sent)
	}
	for i := 1; i < len(r.Video); i++ {
		if gap := r.Video[i].DTS - r.Video[i-1].DTS; gap > 4500 {
			t.Errorf("%d ticks between pictures %d and %d", gap, i-1, i)
		}
	}
}
