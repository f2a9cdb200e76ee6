package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// small is a broadcast that costs little.
var small = publish.Clip{Name: "small", Width: 640, Height: 360, Rate: "30", Seconds: 8, Bitrate: 800_000, GOP: 2}

func TestUnknownKeyIsRefused(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, passing)
	d := startDaemon(t, channel(daemon.Channel{Type: ladder.Basic}))
	wrong := "sk_test_nobody_knows_this"
	p, err := publish.FFmpeg(d.RTMP(wrong), file)
	p = stopAtEnd(t, p, err)
	awaitEnd(t, p)
	if err := p.Wait(); err == nil {
		t.Error("ffmpeg published with a key that no channel has")
	}
	ctx := within(t, 10*time.Second)
	awaitOrFail(t, ctx, "the refusal in the log", func() (bool, error) {
		return strings.Contains(d.Output(), "unknown stream key"), nil
	}, d.Output)
	if strings.Contains(d.Output(), wrong) {
		t.Errorf("the refused key is in the log:\n%s", d.Output())
	}
}

func TestSecondPublisherIsRefusedAndTheFirstGoesOn(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, passing)
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemon(t, c)
	first, err := publish.FFmpeg(d.RTMP(c.Key), file)
	first = stopAtEnd(t, first, err)
	v := view(t, d, d.Playback(c.ID)+"?allow_audio_only=true", 2, nil)
	if _, err := v.client.Get(t.Context(), strings.Replace(v.Variants[0].URL, "index.m3u8", "0.0.m4s", 1)); err != nil {
		t.Error(err)
	}
	before, err := d.AwaitStream(t.Context(), c.ID, func(s daemon.Stream) bool { return s.Viewers == 1 })
	if err != nil {
		t.Fatal(err)
	}

	second, err := publish.FFmpeg(d.RTMP(c.Key), file)
	second = stopAtEnd(t, second, err)
	awaitEnd(t, second)
	if err := second.Wait(); err == nil {
		t.Error("a second publisher was let in")
	}
	if !first.Running() {
		t.Errorf("the first publisher has been thrown out:\n%s", first.Output())
	}
	after, err := d.AwaitStream(t.Context(), c.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if before.ID != after.ID || before.Remote != after.Remote {
		t.Errorf("the stream was %s from %s and is %s from %s", before.ID, before.Remote, after.ID, after.Remote)
	}

	awaitEnd(t, first)
	renditions := v.finish(t)
	checkAll(t, renditions)
	want := time.Duration(small.Seconds) * time.Second
	if got := renditions[0].Duration(); got < want-100*time.Millisecond {
		t.Errorf("%v of the first broadcast's %v have arrived", got, want)
	}
}

// The worker finds out, so its reason has the whole way to go.
func TestInterlacedSourceIsRefusedWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	fields := small
	fields.Name, fields.Rate, fields.Fields = "fields", "50", true
	file := clip(t, fields)
	useCPU(t, 3)
	c := channel(daemon.Channel{Type: ladder.AdvancedSD})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, Interlaced: "refuse"})
	p, err := publish.FFmpeg(d.RTMP(c.Key), file)
	p = stopAtEnd(t, p, err)
	awaitEnd(t, p)
	if err := p.Wait(); err == nil {
		t.Error("ffmpeg published fields to the end")
	}
	for who, text := range map[string]string{"the log": d.Output(), "what ffmpeg shows": p.Output()} {
		if !strings.Contains(text, "he source is interlaced") {
			t.Errorf("%s does not say why:\n%s", who, text)
		}
	}
}

func TestPlaybackOfWhatIsNotLive(t *testing.T) {
	t.Parallel()
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemon(t, c)
	var client hls.Client
	for _, id := range []string{c.ID, "nobody"} {
		reply, err := client.Fetch(t.Context(), d.Playback(id))
		if err != nil {
			t.Fatal(err)
		}
		if reply.Status != http.StatusNotFound {
			t.Errorf("channel %s: status %d", id, reply.Status)
		}
		if got := reply.Header.Get("Access-Control-Allow-Origin"); got == "" {
			t.Errorf("channel %s: no CORS header on the error", id)
		}
		var body []struct {
			URL   string `json:"url"`
			Error string `json:"error"`
			Code  string `json:"error_code"`
			Type  string `json:"type"`
		}
		if err := json.Unmarshal(reply.Body, &body); err != nil || len(body) != 1 || body[0].Error == "" || body[0].Type != "error" {
			t.Errorf("channel %s: the body does not say why: %s (%v)", id, reply.Body, err)
		}
	}
}
