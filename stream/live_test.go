package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"go.uber.org/goleak"

	"ladderd/ingest"
	"ladderd/ladder"
	"ladderd/media"
	"ladderd/packager"
	"ladderd/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a transcoder that gives each source frame back as its first video
// output.
type echo struct {
	out   chan pipeline.Output
	close sync.Once
	err   error
	told  atomic.Pointer[[]int] // what is to be shed
	moved atomic.Pointer[pipeline.Backend]
}

func (e *echo) Write(p media.Packet) error {
	if e.err != nil {
		return e.err
	}
	if p.Kind == media.Video {
		p.DTS = p.PTS
		e.out <- pipeline.Output{Packet: p}
	}
	return nil
}
func (e *echo) Outputs() <-chan pipeline.Output { return e.out }
func (e *echo) Drain()                          { e.close.Do(func() { close(e.out) }) }
func (e *echo) Close()                          { e.Drain() }
func (e *echo) Shed(outputs []int)              { e.told.Store(&outputs) }
func (e *echo) Move(b pipeline.Backend)         { e.moved.Store(&b) }
func (e *echo) Err() error                      { return e.err }
func (e *echo) Snapshot() pipeline.Snapshot {
	s := pipeline.Snapshot{Backend: pipeline.Backend{Encoder: pipeline.X264}, PID: 7}
	if b := e.moved.Load(); b != nil {
		s.Backend = *b
	}
	if told := e.told.Load(); told != nil {
		s.Progress.Shed = *told
	}
	return s
}

// realVideo has parameter sets that an init segment can be made of: x264's for
// 1280×720.
func realVideo(t *testing.T) *media.VideoParams {
	t.Helper()
	v, err := media.NewVideoParams(
		[]byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60},
		[]byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// frame is a 30 fps source's nth frame, with an IDR every two seconds.
func frame(n int, v *media.VideoParams) media.Packet {
	at := media.Ticks(n) * 3000
	p := media.Packet{Kind: media.Video, PTS: at, DTS: at, Key: n%60 == 0, Arrived: time.Unix(1, 0)}
	p.Data = media.AppendNAL(nil, []byte{0x41, 0x9a, 0x00})
	if p.Key {
		p.Data = media.AppendNAL(nil, []byte{0x65, 0x88, 0x80})
	}
	if n == 0 {
		p.Video = v
	}
	return p
}

type testHub struct {
	*Hub
	transcoder *echo
	mu         sync.Mutex
	told       []error // what the publisher was told
}

func newTestHub(t *testing.T, channel Channel) *testHub {
	t.Helper()
	h := &testHub{transcoder: &echo{out: make(chan pipeline.Output, 4096)}}
	h.Hub = NewHub([]Channel{channel}, Options{
		Linger: time.Hour, Devices: onCPU{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Transcode: func(pipeline.Job, pipeline.Options) (Transcoder, error) { return h.transcoder, nil },
	})
	t.Cleanup(h.Close)
	return h
}

func (h *testHub) publish(t *testing.T, key string) ingest.Session {
	t.Helper()
	s, err := h.Accept(ingest.Request{Protocol: "rtmp", Key: key, Close: func(reason error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, reason)
	}})
	if err != nil {
		t.Fatal("not accepted:", err)
	}
	return s
}

func (h *testHub) toldOf(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, err := range h.told {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func write(t *testing.T, s ingest.Session, packets ...media.Packet) {
	t.Helper()
	for _, p := range packets {
		if err := s.Write(p); err != nil {
			t.Fatal("write:", err)
		}
	}
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); ; {
		if is() {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("never happened:", what)
		}
	}
}

var basic = Channel{ID: "a", Type: ladder.Basic, Key: "sk_local_a_key", Insecure: true}

func TestBroadcastReachesViewersAndItsEnd(t *testing.T) {
	for _, c := range []Channel{basic, {ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true}} {
		t.Run(string(c.Type), func(t *testing.T) {
			h := newTestHub(t, c)
			s := h.publish(t, basic.Key)
			v := realVideo(t)
			for n := range 90 {
				write(t, s, frame(n, v))
			}
			var live *packager.Stream
			until(t, "the channel is live", func() bool { live, _ = h.Channel("a"); return live != nil })
			until(t, "a playlist", func() bool { _, err := live.Multivariant("/", false); return err == nil })
			s.Close(nil)
			until(t, "the end of the playlist", func() bool {
				d, err := rendition(t, live).Playlist(context.Background(), packager.Plain)
				return err == nil && d.Final
			})
			if _, err := h.Channel("a"); !errors.Is(err, ErrNotLive) {
				t.Errorf("channel after the end: %v", err)
			}
			if got, err := h.Stream(live.ID()); got != live {
				t.Errorf("stream after the end: %v", err)
			}
		})
	}
}

func rendition(t *testing.T, s *packager.Stream) *packager.Rendition {
	t.Helper()
	for _, name := range []string{"720p30", "480p30"} {
		if r, ok := s.Rendition(name); ok {
			return r
		}
	}
	t.Fatal("no rendition that the tests know")
	return nil
}

// A publisher that is cut off has often sent more video than audio.
func TestAudioThatStopsFirstIsSilenceUpToTheEnd(t *testing.T) {
	h := newTestHub(t, basic)
	s := h.publish(t, basic.Key)
	v := realVideo(t)
	params, err := media.NewAACLC(48000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 30 { // a second of video, half a second of audio
		write(t, s, frame(n, v))
		if n < 15 {
			at := media.Ticks(n) * 3000
			write(t, s, media.Packet{Kind: media.Audio, PTS: at, DTS: at, Data: []byte{1, 2, 3}, Audio: params})
		}
	}
	var live *packager.Stream
	until(t, "the channel is live", func() bool { live, _ = h.Channel("a"); return live != nil })
	s.Close(io.ErrUnexpectedEOF)
	var segment packager.Resource
	until(t, "the segment", func() bool {
		segment, err = rendition(t, live).Media(context.Background(), "0.m4s")
		return err == nil
	})
	var parts fmp4.Parts
	if err := parts.Unmarshal(slices.Concat(segment.Chunks...)); err != nil {
		t.Fatal(err)
	}
	audio := 0
	for _, p := range parts {
		audio += len(p.Tracks[1].Samples)
	}
	if lasts := float64(audio*media.FrameSamples) / 48000; lasts < 1 || lasts > 1.05 {
		t.Errorf("%.2f s of audio in a segment of 1 s", lasts)
	}
}

func TestAcceptRefuses(t *testing.T) {
	h := newTestHub(t, basic)
	if _, err := h.Accept(ingest.Request{Key: "sk_local_b_key"}); !errors.Is(err, ingest.ErrUnknownKey) {
		t.Errorf("an unknown key: %v", err)
	}
	first := h.publish(t, basic.Key)
	if _, err := h.Accept(ingest.Request{Key: basic.Key}); !errors.Is(err, ingest.ErrLive) {
		t.Errorf("a second publisher: %v", err)
	}
	write(t, first, frame(0, realVideo(t)))
	first.Close(io.ErrUnexpectedEOF)
	h.publish(t, basic.Key).Close(nil) // the channel is free at once

	closed := basic
	closed.Insecure = false
	if _, err := newTestHub(t, closed).Accept(ingest.Request{Key: basic.Key}); !errors.Is(err, ingest.ErrInsecure) {
		t.Errorf("plain RTMP on a channel without insecure_ingest: %v", err)
	}
}

func TestStreamEndsWithAReason(t *testing.T) {
	sized := func(p media.Packet) media.Packet { p.Video = otherSize; return p }
	cases := []struct {
		name    string
		channel Channel
		packets func(*media.VideoParams) []media.Packet
		fail    error // of the transcoder
		want    string
	}{
		{"another size", basic, func(v *media.VideoParams) []media.Packet {
			v.Width, v.Height = 640, 360
			return append(first(20, v), sized(frame(60, nil)))
		}, nil, "size changed from 640×360 to 1280×720"},
		{"too large", basic, func(v *media.VideoParams) []media.Packet {
			v.Width, v.Height = 2560, 1440
			return first(20, v)
		}, nil, "2560"},
		{"the transcoder gives up", Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true},
			func(v *media.VideoParams) []media.Packet { return first(20, v) },
			errors.New("worker died 5 times"), errOwnFault.Error()},
		{"the transcoder refuses the source", Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true},
			func(v *media.VideoParams) []media.Packet { return first(20, v) },
			fmt.Errorf("more: %w", pipeline.SourceError{Reason: "the source is interlaced"}), "the source is interlaced"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newTestHub(t, c.channel)
			h.transcoder.err = c.fail
			s := h.publish(t, basic.Key)
			for _, p := range c.packets(realVideo(t)) {
				if s.Write(p) != nil {
					break
				}
			}
			until(t, "the publisher is told", func() bool { return h.toldOf(c.want) })
			until(t, "the channel is free", func() bool { return len(h.Status()) == 0 })
			until(t, "a write that fails for the same reason", func() bool {
				err := s.Write(frame(1, nil))
				return err != nil && strings.Contains(err.Error(), c.want)
			})
			s.Close(nil)
		})
	}
}

func TestPublisherThatNeverStartsFreesItsChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(t, basic)
		s := h.publish(t, basic.Key)
		stuck := frame(1, nil) // no IDR, and a clock that stands still
		write(t, s, stuck, stuck)
		<-time.After(openingPatience + time.Second) // of the bubble's clock
		if !h.toldOf(errOverdue.Error()) || len(h.Status()) != 0 {
			t.Error("the channel is held still")
		}
		s.Close(nil)
	})
}

func first(n int, v *media.VideoParams) (out []media.Packet) {
	for i := range n {
		out = append(out, frame(i, v))
	}
	return out
}

func TestHubCloseEndsStreams(t *testing.T) {
	h := newTestHub(t, basic)
	s := h.publish(t, basic.Key)
	write(t, s, first(30, realVideo(t))...)
	var live *packager.Stream
	until(t, "the channel is live", func() bool { live, _ = h.Channel("a"); return live != nil })
	h.Close()
	if !h.toldOf(ingest.ErrDraining.Error()) {
		t.Error("the publisher was not told")
	}
	if d, err := rendition(t, live).Playlist(context.Background(), packager.Plain); err != nil || !d.Final {
		t.Errorf("playlist without its end: %v", err)
	}
	if _, err := h.Accept(ingest.Request{Key: basic.Key}); !errors.Is(err, ingest.ErrDraining) {
		t.Errorf("a publisher after the end: %v", err)
	}
	s.Close(nil)
}

// What had been handed over when the hub was closed reaches the playlist.
func TestHubCloseTakesWhatWasSent(t *testing.T) {
	h := newTestHub(t, basic)
	s := h.publish(t, basic.Key)
	const frames = 200
	write(t, s, first(frames, realVideo(t))...)
	h.Close()
	d, err := rendition(t, h.streams[h.onlyStream(t)].packager.Load()).Playlist(context.Background(), packager.Plain)
	if err != nil || !d.Final {
		t.Fatalf("playlist without its end: %v", err)
	}
	if n := strings.Count(string(d.Body), "#EXTINF"); n != 4 || !strings.Contains(string(d.Body), "#EXTINF:0.66") {
		t.Errorf("want three segments of 2 s and one of 0.67 s:\n%s", d.Body)
	}
	s.Close(nil)
}

func (h *testHub) onlyStream(t *testing.T) string {
	t.Helper()
	h.Hub.mu.Lock()
	defer h.Hub.mu.Unlock()
	for id := range h.streams {
		return id
	}
	t.Fatal("no stream")
	return ""
}

func TestTranscoderThatCannotStartEndsTheStream(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true})
	h.options.Transcode = func(pipeline.Job, pipeline.Options) (Transcoder, error) {
		return (*echo)(nil), errors.New("no room")
	}
	s := h.publish(t, basic.Key)
	for _, p := range first(20, realVideo(t)) {
		if s.Write(p) != nil {
			break
		}
	}
	until(t, "the publisher is told", func() bool { return h.toldOf(errOwnFault.Error()) })
	until(t, "the channel is free", func() bool { return len(h.Status()) == 0 })
	s.Close(nil)
}

type broken struct{ *echo }

func (broken) Write(media.Packet) error { panic("index out of range") }

func TestPanicCostsOnlyItsStream(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true})
	h.options.Transcode = func(pipeline.Job, pipeline.Options) (Transcoder, error) { return broken{h.transcoder}, nil }
	s := h.publish(t, basic.Key)
	params, err := media.NewAACLC(48000, 2)
	if err != nil {
		t.Fatal(err)
	}
	// With audio the stream's end panics too, where silence is filled in.
	write(t, s, media.Packet{Kind: media.Audio, Data: []byte{1, 2, 3}, Audio: params})
	for _, p := range first(20, realVideo(t)) {
		if s.Write(p) != nil {
			break
		}
	}
	until(t, "the publisher is told", func() bool { return h.toldOf(errInternal.Error()) })
	until(t, "the channel is free", func() bool { return len(h.Status()) == 0 })
	s.Close(nil)
}

func TestRefusedPublisherIsNotLoggedAsAccepted(t *testing.T) {
	var log strings.Builder
	h := newTestHub(t, basic)
	h.options.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := h.publish(t, basic.Key)
	_, _ = h.Accept(ingest.Request{Key: basic.Key})
	s.Close(nil)
	h.Close()
	if n := strings.Count(log.String(), "publisher accepted"); n != 1 {
		t.Errorf("%d publishers logged as accepted, want 1:\n%s", n, log.String())
	}
}

func TestRefusalIsLoggedOnceAndWithoutTheKey(t *testing.T) {
	closed := basic
	closed.Insecure = false
	for _, c := range []struct {
		name, key string
		channel   Channel
		ask       func(*Hub, ingest.Request) error
		reason    error
	}{
		{"unknown key", "sk_nobody", basic, accept, ingest.ErrUnknownKey}, {"plain", basic.Key, closed, accept, ingest.ErrInsecure},
		{"unknown key by SRT", "sk_nobody", basic, handshake, ingest.ErrUnknownKey}, {"plain SRT", basic.Key, closed, handshake, ingest.ErrInsecure},
		{"wrong priority", basic.Key, basic, accept, ingest.ErrPriority}, {"wrong priority by SRT", basic.Key, basic, handshake, ingest.ErrPriority},
	} {
		var log strings.Builder
		h := newTestHub(t, c.channel)
		h.options.Log = slog.New(slog.NewTextHandler(&log, nil))
		err := c.ask(h.Hub, ingest.Request{Protocol: "p", Remote: "192.0.2.1:7", Key: c.key, Query: url.Values{"priority": {"0"}}})
		if !errors.Is(err, c.reason) {
			t.Errorf("%s: %v", c.name, err)
		}
		text := log.String()
		if strings.Count(text, "\n") != 1 || !strings.Contains(text, `remote=192.0.2.1:7 reason="`+c.reason.Error()) || strings.Contains(text, c.key) {
			t.Errorf("%s: the log:\n%s", c.name, text)
		}
	}
}

func accept(h *Hub, r ingest.Request) error    { _, err := h.Accept(r); return err }
func handshake(h *Hub, r ingest.Request) error { _, err := h.Passphrase(r); return err }

func TestPublisherRefusedForItsMediaIsLoggedOnceWithTheReason(t *testing.T) {
	var log strings.Builder
	h := newTestHub(t, basic)
	h.options.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := h.publish(t, basic.Key)
	s.Close(ingest.Refusal{Reason: errors.New("HEVC is not taken")})
	until(t, "the stream to end", func() bool { return len(h.Status()) == 0 }) // Close would cut it off, with another reason
	h.Close()
	if n := strings.Count(log.String(), "HEVC is not taken"); n != 1 || !strings.Contains(log.String(), "publisher refused") {
		t.Errorf("the reason is told %d times:\n%s", n, log.String())
	}
}

func TestStatusShowsTheWorker(t *testing.T) {
	h := newTestHub(t, Channel{ID: "a", Type: ladder.AdvancedSD, Key: basic.Key, Insecure: true})
	s := h.publish(t, basic.Key)
	write(t, s, first(20, realVideo(t))...)
	until(t, "a worker", func() bool { st := h.Status(); return len(st) == 1 && st[0].Worker != nil })
	if st := h.Status()[0]; st.Worker.PID != 7 || st.Channel != "a" || len(st.Renditions) == 0 {
		t.Errorf("status %+v", st)
	}
	s.Close(nil)
}
