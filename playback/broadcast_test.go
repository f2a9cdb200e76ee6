package playback

import (
	"bytes"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	streamID   = "st-1a2b3c"
	channelURL = "/api/video/v1/local.000000000000.channel.studioA.m3u8"
	mediaURL   = "/hls/" + streamID + "/360p30/"
)

// broadcast is a live stream of 30 frames and one segment a second, 640×360, with
// an audio_only rendition for those who ask. Its packets' contents are no pictures.
type broadcast struct {
	t      testing.TB
	stream *packager.Stream
	video  *media.VideoParams
	audio  *media.AudioParams
	start  media.Ticks
	frames int64
	sounds int64
}

func newBroadcast(t testing.TB) *broadcast { return newBroadcastOn(t, nil) }

// newBroadcastOn keeps the broadcast's older segments on disk.
func newBroadcastOn(t testing.TB, disk *packager.Disk) *broadcast {
	t.Helper()
	b := &broadcast{t: t, start: media.Clock}
	sps, _ := hex.DecodeString("674d401ed900a02ff970110000030001000003003c0f162e48")
	pps, _ := hex.DecodeString("68ebc3cb20")
	var err error
	if b.video, err = media.NewVideoParams(sps, pps); err != nil {
		t.Fatal(err)
	}
	if b.audio, err = media.NewAACLC(48000, 2); err != nil {
		t.Fatal(err)
	}
	b.stream, err = packager.New(streamID, []ladder.Rendition{
		{
			Name: "360p30", Video: ladder.Transcode, Width: 640, Height: 360, Rate: media.Rate{Num: 30, Den: 1},
			VideoBitrate: 600_000, Audio: ladder.Transcode, AudioBitrate: 64_000,
		},
		{Name: ladder.AudioOnly, Audio: ladder.Transcode, AudioBitrate: 64_000, OnRequest: true},
	}, packager.Options{Disk: disk, Target: 2 * media.Clock, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), StartPTS: b.start})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// send puts out n frames of video, of 2000 bytes each, and the sound to go with
// them and half a second more.
func (b *broadcast) send(n int) {
	b.t.Helper()
	for range n {
		p := media.Packet{Kind: media.Video, PTS: b.start + media.Ticks(b.frames*media.Clock/30), Key: b.frames%30 == 0}
		p.DTS = p.PTS
		p.Data = bytes.Repeat([]byte{byte(b.frames)}, 2004)
		copy(p.Data, []byte{0, 0, 0x07, 0xd0})
		if b.frames == 0 {
			p.Video = b.video
		}
		b.frames++
		b.sound(p.PTS + media.Clock/2)
		b.stream.Write(0, p)
	}
	if err := b.stream.Err(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broadcast) sound(until media.Ticks) {
	for b.start+b.audio.FrameTicks(b.sounds) < until {
		p := media.Packet{Kind: media.Audio, PTS: b.start + b.audio.FrameTicks(b.sounds), Data: make([]byte, 160)}
		p.DTS = p.PTS
		if b.sounds == 0 {
			p.Audio = b.audio
		}
		b.sounds++
		b.stream.Write(0, p)
		b.stream.Write(1, p)
	}
}

// Channel and Stream make a broadcast a Live with three channels: studioA is on
// the air unless the broadcast is nil, and studioB never is.
func (b *broadcast) Channel(id string) (*packager.Stream, error) {
	switch {
	case id == "studioA" && b != nil:
		return b.stream, nil
	case id == "studioA" || id == "studioB":
		return nil, ErrNotLive
	}
	return nil, ErrNoChannel
}

func (b *broadcast) Stream(id string) (*packager.Stream, error) {
	if b == nil || id != streamID {
		return nil, ErrNoStream
	}
	return b.stream, nil
}

func (b *broadcast) ChannelOf(string) string { return "studioA" }

func newTestHandler(t testing.TB, live Live) *Handler {
	return NewHandler(Config{
		Region: "local", Account: "000000000000",
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, live)
}

// do answers one request without a network. header holds pairs.
func do(h http.Handler, method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func get(h http.Handler, url string, header ...string) *httptest.ResponseRecorder {
	return do(h, http.MethodGet, url, header...)
}
