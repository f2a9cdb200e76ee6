package rtmp

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"

	"ladderd/ingest/rtmp/amf0"
	"ladderd/ingest/rtmp/wire"
	"ladderd/media"
)

// mostOfAPublisher is what a connection may take of the heap, in bytes, whatever it
// sends and whether its key is right.
const mostOfAPublisher = 64 << 20

// broadcastBytes is all that a publisher sends after the handshake: commands,
// metadata, parameters, a few frames, the end.
func broadcastBytes() []byte {
	var b bytes.Buffer
	w := wire.NewWriter(&b)
	write := func(kind byte, chunkStream, streamID, timestamp uint32, payload []byte) {
		_ = w.Write(wire.Message{Type: kind, ChunkStream: chunkStream, StreamID: streamID, Timestamp: timestamp, Payload: payload})
	}
	write(typeCommand, 3, 0, 0, amf0.Append(nil, "connect", 1, amf0.Object{{Key: "app", Value: "app"}, {Key: "flashVer", Value: "FMLE/3.0"}}))
	write(typeCommand, 3, 0, 0, amf0.Append(nil, "createStream", 2, nil))
	write(typeCommand, 3, 1, 0, amf0.Append(nil, "publish", 3, nil, testKey, "live"))
	write(typeData, 4, 1, 0, amf0.Append(nil, "@setDataFrame", "onMetaData", amf0.Object{{Key: "width", Value: 320.0}, {Key: "encoder", Value: "a test"}}))
	write(typeVideo, 6, 1, 0, []byte(videoConfig))
	write(typeAudio, 4, 1, 0, []byte(audioConfig))
	for i := range uint32(5) {
		write(typeVideo, 6, 1, 33*i, []byte(keyframe[:5]+"\x00\x00\x01\x00\x65"+strings.Repeat("i", 255)))
		write(typeAudio, 4, 1, 33*i, []byte(aacFrame))
	}
	write(typeCommand, 3, 1, 0, amf0.Append(nil, "deleteStream", 4, nil, 1))
	return b.Bytes()
}

// say sends what a publisher would, and hears out the server, which closes.
func (s testServer) say(t *testing.T, b []byte) {
	t.Helper()
	c := s.dial(t)
	_, _ = c.Write(b) // may be cut off
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Fatal("the server does not end the connection")
	}
	_ = c.Close()
}

func TestDamagedBroadcastsDoNoHarm(t *testing.T) {
	s := start(t, Config{})
	whole := broadcastBytes()
	for cut := 0; cut < len(whole); cut += 29 {
		s.say(t, whole[:cut])
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		damaged := bytes.Clone(whole)
		for range 1 + random.IntN(8) {
			damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
		}
		s.say(t, damaged)
	}
	s.say(t, whole)
	last := s.ended(t, len(s.desk.sessions)-1)
	if last.cause != nil || len(last.of(media.Video)) != 5 || len(last.of(media.Audio)) != 5 {
		t.Errorf("after that, a broadcast ends with %v after %d packets", last.cause, len(last.packets))
	}
	if strings.Contains(s.log.String(), "panic") {
		t.Error("something panicked")
	}
}

// sequenceSet is videoConfig with another SPS.
func sequenceSet(sps string) string {
	return "\x17\x00\x00\x00\x00\x01\x42\xc0\x0d\xff\xe1" + string(binary.BigEndian.AppendUint16(nil, uint16(len(sps)))) + sps + "\x01\x00\x04\x68\xce\x0f\xc8"
}

func access(units string) string { return "\x17\x01\x00\x00\x00" + units }

// badPictures are what a publisher with a good key may send as video. Words are what
// it is told; none where it goes on.
var badPictures = []struct{ name, tag, words string }{
	{"a NAL unit longer than its message", access("\x00\x00\xff\xff\x65"), "NAL unit of 65535 bytes"},
	{"a NAL unit of 4 GiB", access("\xff\xff\xff\xff\x65"), "NAL unit of 4294967295 bytes"},
	{"a length that is cut off", access("\x00\x00"), "ends inside the length"},
	{"more NAL units than macroblocks", access(strings.Repeat("\x00\x00\x00\x01\x65", 100_000)), "more than 512 NAL units"},
	{"empty NAL units only", access(strings.Repeat("\x00\x00\x00\x00", 100_000)), ""},
	{"a forbidden bit and a reserved type", access("\x00\x00\x00\x02\xff\xff"), ""},
	{"a picture of 2³² macroblocks", sequenceSet("\x67\x42\xc0\x1e\xdc\x00\x00\x00\x00\x80\x00\x00\x00\x7f"), "sequence parameter set"},
	{"a parameter set of ones", sequenceSet("\x67" + strings.Repeat("\xff", 60_000)), ""}, // of 16×16 pixels, and no more
	{"a parameter set of zeros", sequenceSet("\x67" + strings.Repeat("\x00", 60_000)), "sequence parameter set"},
	{"a configuration that ends early", "\x17\x00\x00\x00\x00\x01\x42\xc0\x0d\xff\xff\xff\xff", "ends inside a parameter set"},
	{"four hundred thousand modifiers", "\x97" + strings.Repeat("\x00\x00\x07", 400_000), "tag ends early"},
}

func TestBadPicturesCostTheirPublisherOnly(t *testing.T) {
	for _, c := range badPictures {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{})
			publisher := s.dial(t)
			publisher.publish()
			publisher.video(0, videoConfig)
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			publisher.video(40, c.tag)
			if c.words != "" {
				publisher.expect("onStatus", c.words)
				publisher.expectEnd()
				s.ended(t, 0)
				s.dial(t).publish()
			} else {
				publisher.video(80, keyframe)
				s.packets(t, 1)
			}
			runtime.ReadMemStats(&after)
			if made := after.TotalAlloc - before.TotalAlloc; made > mostOfAPublisher {
				t.Errorf("%d bytes were allocated", made)
			}
		})
	}
}

// The longest access unit, on its way to a session that is behind, and another one
// that waits. What is held then is to be half of what a connection may take: the heap
// grows to about twice what is held.
func TestTheLargestPublisherFitsIntoItsMemory(t *testing.T) {
	s := start(t, Config{})
	taking, release := make(chan struct{}), make(chan struct{})
	s.desk.write = func(media.Packet) error {
		taking <- struct{}{}
		<-release
		return nil
	}
	publisher := s.dial(t)
	publisher.publish()
	publisher.video(0, videoConfig)
	const longest = 8 << 20
	publisher.send(wire.Message{Type: 1, ChunkStream: 2, Payload: binary.BigEndian.AppendUint32(nil, 1<<24-1)}) // the chunk size
	head := func(chunkStream byte) string {
		return string([]byte{chunkStream, 0, 0, 0, longest >> 16, longest >> 8 & 0xff, longest & 0xff, typeVideo, 1, 0, 0, 0})
	}
	tag := access(string(binary.BigEndian.AppendUint32(nil, longest-9)) + "\x65" + strings.Repeat("i", longest-10))
	attack := []byte(head(6) + tag + head(7) + tag)
	tag = ""
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sent := make(chan error, 1)
	go func() {
		_, err := publisher.Write(attack)
		sent <- err
	}()
	<-taking
	runtime.ReadMemStats(&after)
	made := after.TotalAlloc - before.TotalAlloc
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d MiB are held, %d MiB were allocated on the way", held>>20, made>>20)
	if held > mostOfAPublisher/2 {
		t.Errorf("%d bytes are held", held)
	}
	runtime.KeepAlive(attack)
	close(release)
	<-taking // the second
	if err := <-sent; err != nil {
		t.Error(err)
	}
	publisher.command(0, "deleteStream", 6, nil, 1)
	if ses := s.ended(t, 0); ses.cause != nil || len(ses.packets) != 2 {
		t.Errorf("ended with %v after %d packets", ses.cause, len(ses.packets))
	}
}
