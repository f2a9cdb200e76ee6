package rtmp

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"ladderd/ingest"
	"ladderd/ingest/rtmp/amf0"
	"ladderd/ingest/rtmp/wire"
	"ladderd/media"
)

// Tags of a picture of 320×180 and of AAC at 48 kHz.
const (
	videoConfig = "\x17\x00\x00\x00\x00\x01\x42\xc0\x0d\xff\xe1\x00\x17\x67\x42\xc0\x0d\xda\x05\x06\x7e\x7c\x04\x40\x00\x00\x03\x00\x40\x00\x00\x0f\x03\xc5\x0a\xa8" +
		"\x01\x00\x04\x68\xce\x0f\xc8"
	keyframe    = "\x17\x01\x00\x00\x00\x00\x00\x00\x04\x65idr"
	audioConfig = "\xaf\x00\x11\x90"
	aacFrame    = "\xaf\x01aac"
)

func (s testServer) packets(t *testing.T, n int) *session {
	t.Helper()
	s.desk.await(t, fmt.Sprint("packet ", n), func() bool {
		return len(s.desk.sessions) > 0 && len(s.desk.sessions[len(s.desk.sessions)-1].packets) >= n
	})
	return s.desk.sessions[len(s.desk.sessions)-1]
}

func (s testServer) ended(t *testing.T, i int) *session {
	t.Helper()
	s.desk.await(t, "the end", func() bool { return len(s.desk.sessions) > i && s.desk.sessions[i].closed })
	return s.desk.sessions[i]
}

func TestRefusalsAreToldInRTMPsWords(t *testing.T) {
	tests := []struct {
		name        string
		key         string
		refuse      error
		code, words string
	}{
		{"unknown key", "sk_wrong", nil, "NetStream.Publish.BadName", "Unknown stream key. Check the stream key in the encoder's settings."},
		{"no key", "", nil, "NetStream.Publish.BadName", "Unknown stream key"},
		{"endless key", strings.Repeat("k", 2000), nil, "NetStream.Publish.BadName", "Unknown stream key"},
		{"live already", testKey, ingest.ErrLive, "NetStream.Publish.BadName", "Refused: the channel is already live."},
		{"too low a priority", testKey, fmt.Errorf("%w: it is 1, the running stream's 5", ingest.ErrPriority), "NetStream.Publish.BadName",
			"not higher than the running stream's: it is 1, the running stream's 5. Put ?priority=N behind the stream key, with a greater N."},
		{"taken over too often", testKey, ingest.ErrTakeovers, "NetStream.Publish.BadName", "Refused: the stream has been taken over too often."},
		{"too many channels", testKey, ingest.ErrFull, "NetStream.Publish.BadName", "Refused: too many channels are live."},
		{"shutting down", testKey, ingest.ErrDraining, "NetStream.Publish.Rejected", "The server is shutting down."},
		{"no room", testKey, errors.New("transcode capacity exceeded"), "NetStream.Publish.Rejected", "Transcode capacity exceeded."},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{})
			s.desk.refuse = c.refuse
			publisher := s.dial(t)
			publisher.connect("app")
			publisher.command(1, "publish", 5, nil, c.key, "live")
			publisher.expect("onStatus", "{level error}", "{code "+c.code+"}", c.words)
			publisher.expectEnd()
			if len(s.desk.sessions) != 0 {
				t.Error("a session was made")
			}
			if c.key == "sk_wrong" && strings.Contains(s.log.String(), c.key) {
				t.Errorf("the log has the key:\n%s", s.log)
			}
			// The Acceptor logs its own refusals.
			own := c.name == "endless key"
			if told := strings.Contains(s.log.String(), "rtmp publisher refused"); told != own {
				t.Errorf("that it was refused is in the log: %t, want %t:\n%s", told, own, s.log)
			}
		})
	}
}

func TestSecondPublisherIsRefusedAndTheFirstGoesOn(t *testing.T) {
	s := start(t, Config{})
	first := s.dial(t)
	first.publish()
	first.video(0, videoConfig)
	first.video(0, keyframe)
	s.packets(t, 1)

	second := s.dial(t)
	second.connect("app")
	second.command(1, "publish", 5, nil, testKey, "live")
	second.expect("NetStream.Publish.BadName", "already live")
	second.expectEnd()

	first.video(33, keyframe)
	ses := s.packets(t, 2)
	first.command(0, "FCUnpublish", 6, nil, testKey)
	first.expect("_result")
	s.ended(t, 0)
	if ses.cause != nil || len(s.desk.sessions) != 1 {
		t.Errorf("ended with %v, %d sessions", ses.cause, len(s.desk.sessions))
	}
}

func TestPublisherIsToldWhyItIsCutOff(t *testing.T) {
	tests := []struct {
		name  string
		cut   func(s testServer, c *client)
		words string
		cause func(error) bool
	}{
		{"by Request.Close", func(s testServer, c *client) {
			s.packets(t, 0).request.Close(ingest.ErrStopped)
		}, "The stream was stopped by the operator.", nil},
		{"by an error of Write", func(s testServer, c *client) {
			c.video(0, videoConfig)
			c.video(0, keyframe)
		}, "The stream's resolution is too high.", nil},
		{"by its codec", func(s testServer, c *client) {
			c.video(0, "\x90hvc1")
		}, "HEVC over RTMP: this channel takes H.264 and AAC only.", func(err error) bool {
			return errors.Is(err, ingest.ErrCodec) && errors.As(err, new(ingest.Refusal))
		}},
		{"by too long a message", func(s testServer, c *client) {
			c.send(wire.Message{Type: typeVideo, ChunkStream: 6, StreamID: 1, Payload: make([]byte, 2000)})
		}, "Message of 2000 bytes; at most 1000 are allowed here.", nil},
		{"by the server's end", func(s testServer, c *client) {
			go s.Close()
		}, "The server is shutting down.", func(err error) bool { return errors.Is(err, ingest.ErrDraining) }},
		{"by a second publish", func(s testServer, c *client) {
			c.command(0, "createStream", 6, nil)
			c.expect("_result")
			c.command(2, "publish", 7, nil, testKey, "live")
		}, "A second publish on the same connection.", nil},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{MaxMessage: 1000})
			s.desk.write = func(media.Packet) error { return errors.New("the stream's resolution is too high") }
			publisher := s.dial(t)
			publisher.publish()
			c.cut(s, publisher)
			publisher.expect("onStatus", "{level error}", "NetStream.Publish.Rejected", c.words)
			publisher.expectEnd()
			ses := s.ended(t, 0)
			if ses.cause == nil || c.cause != nil && !c.cause(ses.cause) {
				t.Errorf("the session is closed with %v", ses.cause)
			}
		})
	}
}

// A socket that is closed with unread input is reset, and its last words with it.
func TestPublisherInFullSwingReadsTheLastWord(t *testing.T) {
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	publisher.audio(0, audioConfig)
	stop, pumping := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(pumping)
		frame := wire.Message{Type: typeAudio, ChunkStream: 4, StreamID: 1, Payload: []byte(aacFrame)}
		for {
			select {
			case <-stop:
				return
			default:
				if publisher.writer.Write(frame) != nil {
					return
				}
			}
		}
	}()
	s.packets(t, 100).request.Close(ingest.ErrStopped)
	publisher.expect("onStatus", "The stream was stopped by the operator.")
	publisher.expectEnd()
	close(stop)
	<-pumping
}

func TestHangingUpIsNoOrderlyEnd(t *testing.T) {
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	_ = publisher.Close()
	if cause := s.ended(t, 0).cause; cause != errHungUp {
		t.Errorf("ended with %v", cause)
	}
}

func TestOrderlyEnds(t *testing.T) {
	tests := []struct {
		name string
		end  []any
		on   uint32
	}{
		{"FCUnpublish", []any{"FCUnpublish", 6, nil, testKey}, 0},
		{"FCUnpublish without a name", []any{"FCUnpublish", 6, nil}, 0},
		{"deleteStream", []any{"deleteStream", 7, nil, 1}, 0},
		{"closeStream", []any{"closeStream", 0, nil}, 1},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{})
			publisher := s.dial(t)
			publisher.publish()
			publisher.command(c.on, c.end...)
			if cause := s.ended(t, 0).cause; cause != nil {
				t.Errorf("ended with %v", cause)
			}
		})
	}
}

func TestOneConnectionMayPublishAgain(t *testing.T) {
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	publisher.command(0, "deleteStream", 6, nil, 1)
	publisher.command(0, "createStream", 7, nil)
	publisher.expect("_result")
	publisher.command(1, "publish", 8, nil, testKey, "live")
	publisher.expect("onStatus", "NetStream.Publish.Start")
	publisher.audio(0, audioConfig)
	publisher.audio(0, aacFrame)
	s.packets(t, 1)
	if len(s.desk.sessions) != 2 || s.desk.sessions[0].cause != nil {
		t.Errorf("%d sessions", len(s.desk.sessions))
	}
}

func TestBroadcastThatIsOverDoesNotCutOffTheNext(t *testing.T) {
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	over := s.packets(t, 0).request
	publisher.command(0, "deleteStream", 6, nil, 1)
	publisher.command(0, "createStream", 7, nil)
	publisher.expect("_result")
	publisher.command(1, "publish", 8, nil, testKey, "live")
	publisher.expect("onStatus", "NetStream.Publish.Start")
	over.Close(errors.New("its encoders failed at the end"))
	publisher.audio(0, audioConfig)
	publisher.audio(0, aacFrame)
	s.packets(t, 1)
}

func TestViewersAreRefused(t *testing.T) {
	s := start(t, Config{})
	viewer := s.dial(t)
	viewer.connect("app")
	viewer.command(1, "play", 5, nil, testKey)
	viewer.expect("onStatus", "NetStream.Play.Failed", "viewers watch over HLS")
	viewer.expectEnd()
}

func TestTimestampsGoOnPastTheirLimits(t *testing.T) {
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	publisher.video(0xfffff0, videoConfig)
	long := keyframe[:7] + "\x01\x2c\x65" + strings.Repeat("i", 299) // three chunks
	at := []uint32{0xfffff0, 0x1000010, 0x80000000, 0xfffffff0, 0x10}
	want := []int64{0xfffff0, 0x1000010, 0x80000000, 0xfffffff0, 0x100000010}
	for _, ms := range at {
		publisher.video(ms, long)
	}
	for i, p := range s.packets(t, len(at)).packets {
		if p.PTS != media.FromMillis(want[i]) || len(p.Data) != 304 {
			t.Errorf("packet %d has the PTS %d and %d bytes, want %d ms", i, p.PTS, len(p.Data), want[i])
		}
	}
}

func TestBlockedSessionStopsReading(t *testing.T) {
	s := start(t, Config{})
	release := make(chan struct{})
	s.desk.write = func(media.Packet) error { <-release; return nil }
	publisher := s.dial(t)
	publisher.publish()
	publisher.audio(0, audioConfig)
	publisher.audio(0, aacFrame)
	publisher.audio(21, aacFrame)
	if n := len(s.packets(t, 1).packets); n != 1 {
		t.Errorf("%d packets while the first is being taken", n)
	}
	other := s.dial(t)
	other.connect("app") // is served meanwhile
	close(release)
	s.packets(t, 2)
}

func TestPanicOfTheSessionEndsItsConnectionOnly(t *testing.T) {
	broken := func() { panic("broken stream") }
	for _, c := range []struct {
		name string
		set  func(d *desk)
	}{
		{"in Accept", func(d *desk) { d.accept = broken }},
		{"in Announce", func(d *desk) { d.announce = broken }},
		{"in Write", func(d *desk) { d.write = func(media.Packet) error { broken(); return nil } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{})
			c.set(s.desk)
			publisher := s.dial(t)
			publisher.connect("app")
			publisher.command(1, "publish", 5, nil, testKey, "live")
			publisher.send(wire.Message{Type: typeData, ChunkStream: 4, StreamID: 1, Payload: amf0.Append(nil, "onMetaData", amf0.Object{})})
			publisher.audio(0, audioConfig)
			publisher.audio(0, aacFrame)
			publisher.expect("onStatus", "Internal error.")
			publisher.expectEnd()
			if len(s.desk.sessions) > 0 {
				s.ended(t, 0)
			}
			if !strings.Contains(s.log.String(), "broken stream") {
				t.Errorf("the panic is not logged:\n%s", s.log)
			}
		})
	}
}

func TestMetadataIsAnnounced(t *testing.T) {
	tests := []struct {
		name string
		in   amf0.Object
		want ingest.Metadata
	}{
		{"OBS", amf0.Object{{Key: "duration", Value: 0.0}, {Key: "width", Value: 1920.0}, {Key: "height", Value: 1080.0}, {Key: "videocodecid", Value: 7.0},
			{Key: "videodatarate", Value: 6000.0}, {Key: "framerate", Value: 59.94}, {Key: "audiocodecid", Value: 10.0}, {Key: "audiodatarate", Value: 160.0},
			{Key: "audiosamplerate", Value: 48000.0}, {Key: "audiosamplesize", Value: 16.0}, {Key: "audiochannels", Value: 2.0}, {Key: "stereo", Value: true},
			{Key: "encoder", Value: "obs-output module (libobs version 30.0.0)"}},
			ingest.Metadata{Encoder: "obs-output module (libobs version 30.0.0)", Width: 1920, Height: 1080, FrameRate: 59.94,
				VideoBitrate: 6_000_000, AudioBitrate: 160_000, HasAudio: true, SampleRate: 48000, Channels: 2}},
		{"FMLE", amf0.Object{{Key: "videocodecid", Value: "avc1"}, {Key: "audiocodecid", Value: "mp4a"}, {Key: "stereo", Value: false}},
			ingest.Metadata{Encoder: "FMLE/3.0", HasAudio: true, Channels: 1}},
		{"nonsense", amf0.Object{{Key: "width", Value: -1.0}, {Key: "height", Value: 1e300}, {Key: "framerate", Value: "30"}, {Key: "audiocodecid", Value: nil}},
			ingest.Metadata{Encoder: "FMLE/3.0"}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			if got := readMetadata(c.in, "FMLE/3.0"); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	s := start(t, Config{})
	publisher := s.dial(t)
	publisher.publish()
	for _, prefix := range [][]any{{"@setDataFrame", "onMetaData"}, {"onMetaData"}} {
		publisher.send(wire.Message{Type: typeData, ChunkStream: 4, StreamID: 1, Payload: amf0.Append(nil, append(prefix, tests[0].in)...)})
	}
	s.desk.await(t, "metadata", func() bool { return len(s.desk.sessions[0].metadata) == 2 })
	if got := s.desk.sessions[0].metadata; got[0] != tests[0].want || got[1] != got[0] {
		t.Errorf("announced %+v", got)
	}
}

func TestStreamKeysAreFound(t *testing.T) {
	tests := []struct{ app, name, key, query string }{
		{"app", "KEY", "KEY", ""},
		{"app", "KEY?priority=3", "KEY", "priority=3"},
		{"app", "/KEY", "KEY", ""},
		{"app/KEY", "", "KEY", ""},
		{"app/KEY?priority=3", "", "KEY", "priority=3"},
		{"app/KEY/", "", "KEY", ""},
		{"KEY", "", "KEY", ""},
		{"any/depth/of", "KEY", "KEY", ""},
		{"app?priority=1&a=b", "KEY?priority=3", "KEY", "a=b&priority=3"},
		{"app", "?priority=3", "app", "priority=3"},
		{"app", "KEY?a=%zz&b=c", "KEY", "b=c"},
		{"", "", "", ""},
	}
	for _, c := range tests {
		key, query := streamKey(c.app, c.name)
		if key != c.key || query.Encode() != c.query {
			t.Errorf("%q, %q: got %q, %q, want %q, %q", c.app, c.name, key, query.Encode(), c.key, c.query)
		}
	}
}
