package load

import (
	"bytes"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
	"ladderd/playback"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	channelPath = "/api/video/v1/local.000000000000.channel.a.m3u8"
	prefilled   = 5 * time.Second
)

// broadcast is a stream in real time: two renditions of 30 frames and one IDR a
// second, without sound. Its packets' contents are no pictures. One goroutine, its
// own, writes it.
type broadcast struct {
	stream *packager.Stream
	handle http.Handler
	video  *media.VideoParams
	frames int64

	ended  chan struct{}
	paused chan struct{}
	once   [2]sync.Once
}

// newBroadcast is on the air until the test ends; the first seconds are there already.
func newBroadcast(t *testing.T) *broadcast {
	t.Helper()
	b := &broadcast{ended: make(chan struct{}), paused: make(chan struct{})}
	sps, _ := hex.DecodeString("674d401ed900a02ff970110000030001000003003c0f162e48")
	pps, _ := hex.DecodeString("68ebc3cb20")
	var err error
	if b.video, err = media.NewVideoParams(sps, pps); err != nil {
		t.Fatal(err)
	}
	rendition := func(name string, bitrate int) ladder.Rendition {
		return ladder.Rendition{
			Name: name, Video: ladder.Transcode, Width: 640, Height: 360, Rate: media.Rate{Num: 30, Den: 1}, VideoBitrate: bitrate,
		}
	}
	b.stream, err = packager.New("st-1a2b3c", []ladder.Rendition{rendition("high", 600_000), rendition("low", 300_000)}, packager.Options{
		Target: 2 * media.Clock, Part: 200 * media.Clock / 1000, Start: time.Now().Add(-prefilled), StartPTS: media.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range prefilled / time.Second * 30 {
		b.frame()
	}
	b.handle = playback.NewHandler(playback.Config{
		Region: "local", Account: "000000000000", Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}, b)
	var running sync.WaitGroup
	running.Go(b.run)
	t.Cleanup(func() {
		b.end()
		running.Wait()
	})
	return b
}

func (b *broadcast) run() {
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	defer b.stream.End()
	for {
		select {
		case <-tick.C:
			b.frame()
		case <-b.paused:
			<-b.ended
			return
		case <-b.ended:
			return
		}
	}
}

// end ends the stream, pause leaves it standing.
func (b *broadcast) end()   { b.once[0].Do(func() { close(b.ended) }) }
func (b *broadcast) pause() { b.once[1].Do(func() { close(b.paused) }) }

func (b *broadcast) frame() {
	for rendition := range 2 {
		p := media.Packet{Kind: media.Video, PTS: media.Clock + media.Ticks(b.frames*media.Clock/30), Key: b.frames%30 == 0}
		p.DTS = p.PTS
		p.Data = bytes.Repeat([]byte{byte(b.frames)}, 1004)
		copy(p.Data, []byte{0, 0, 0x03, 0xe8})
		if b.frames == 0 {
			p.Video = b.video
		}
		b.stream.Write(rendition, p)
	}
	b.frames++
}

func (b *broadcast) Channel(string) (*packager.Stream, error) { return b.stream, nil }
func (b *broadcast) Stream(string) (*packager.Stream, error)  { return b.stream, nil }
func (b *broadcast) ChannelOf(string) string                  { return "studioA" }

// serve is a server of h until the test ends.
func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}
