package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	library "github.com/yutopp/go-rtmp/message"

	"ladderd/ingest/rtmp/amf0"
)

// peer is the network side of a Conn: a publisher that has sent all it will.
type peer struct {
	net.Conn // nothing else is called
	in       io.Reader
	out      bytes.Buffer
	closed   bool
	writeBy  time.Time
}

func (p *peer) Read(b []byte) (int, error)         { return p.in.Read(b) }
func (p *peer) Write(b []byte) (int, error)        { return p.out.Write(b) }
func (p *peer) Close() error                       { p.closed = true; return nil }
func (p *peer) SetDeadline(at time.Time) error     { p.writeBy = at; return nil }
func (p *peer) SetReadDeadline(time.Time) error    { return nil }
func (p *peer) SetWriteDeadline(t time.Time) error { p.writeBy = t; return nil }

var testConfig = Config{
	HandshakeTimeout: time.Minute, PublishTimeout: time.Minute, IdleTimeout: time.Minute,
	WriteTimeout: time.Minute, LingerTimeout: time.Minute, MaxMessage: 1 << 20,
}

// front makes a Conn whose publisher has shaken hands and sends input.
func front(input string) (*Conn, *peer) {
	p := &peer{in: io.MultiReader(strings.NewReader("\x03"), bytes.NewReader(make([]byte, handshakeSize-1)), strings.NewReader(input))}
	c := NewConn(p, testConfig, slog.New(slog.DiscardHandler))
	if _, err := io.ReadFull(c, make([]byte, handshakeSize)); err != nil {
		panic(err)
	}
	if _, err := c.Write(make([]byte, handshakeSize)); err != nil {
		panic(err)
	}
	p.out.Reset()
	return c, p
}

// toLibrary reads what go-rtmp would.
func toLibrary(c *Conn) ([]Message, error) {
	r := NewReader(bufio.NewReader(c), Limits{ChunkStreams: 16, Message: maxMessage, Held: maxMessage})
	r.chunkSize = maxMessage
	return readAll(r)
}

func (p *peer) messages(t *testing.T) []Message {
	t.Helper()
	all, err := readAll(NewReader(bufio.NewReader(&p.out), beforePublish))
	if err != io.EOF {
		t.Fatalf("the publisher gets chunks that cannot be read: %v", err)
	}
	return all
}

// chunked is messages as a publisher sends them.
func chunked(messages ...Message) string {
	var b []byte
	for _, m := range messages {
		b = appendMessage(b, m, defaultChunkSize)
	}
	return string(b)
}

// text shows a command or data message as Go values.
func text(m Message) string {
	values, err := amf0.Decode(m.Payload)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d/%d %v", m.Type, m.StreamID, values)
}

func obsConnect(more ...amf0.Property) Message {
	about := amf0.Object{
		{Key: "app", Value: "app"}, {Key: "type", Value: "nonprivate"}, {Key: "flashVer", Value: "FMLE/3.0 (compatible; FMSc/1.0)"},
		{Key: "swfUrl", Value: "rtmp://localhost/app"}, {Key: "tcUrl", Value: "rtmp://localhost/app"},
	}
	return command(0, "connect", 1, append(about, more...))
}

// plainConnect is what go-rtmp gets of any connect.
const plainConnect = "20/0 [connect 1 [{app app} {tcUrl rtmp://localhost/app} {flashVer FMLE/3.0 (compatible; FMSc/1.0)}]]"

// commands are messages before publishing, with what go-rtmp gets of them and
// what the publisher is answered without it.
var commands = []struct {
	name     string
	in       Message
	library  []string
	answered []string
}{
	{"OBS connects", obsConnect(amf0.Property{Key: "fourCcList", Value: []any{"av01", "vp09", "hvc1"}}), []string{plainConnect}, nil},
	{"fpad as a number", obsConnect(amf0.Property{Key: "fpad", Value: 0}, amf0.Property{Key: "capabilities", Value: "15"}), []string{plainConnect}, nil},
	{"undefined and long string in connect",
		obsConnect(amf0.Property{Key: "pageUrl", Value: amf0.Undefined{}}, amf0.Property{Key: "long", Value: strings.Repeat("l", 40000) + strings.Repeat("l", 20000)}),
		[]string{plainConnect}, nil},
	{"AMF3 connect", withType(typeCommandAMF3, "\x00", obsConnect()), []string{plainConnect}, nil},
	{"connect with AMF3 behind its object", suffixed(obsConnect(), "\x11\x0a\x0b"), []string{plainConnect}, nil},
	{"createStream", command(0, "createStream", 4, nil), []string{"20/0 [createStream 4 <nil>]"}, nil},
	{"createStream without argument", command(0, "createStream", 4), []string{"20/0 [createStream 4 <nil>]"}, nil},
	{"releaseStream", command(0, "releaseStream", 2, nil, "key"), nil, []string{"20/0 [_result 2 <nil> {}]"}},
	{"FCPublish", command(0, "FCPublish", 3, nil, "key"), nil, []string{"20/0 [_result 3 <nil> {}]",
		"20/0 [onFCPublish 0 <nil> [{level status} {code NetStream.Publish.Start} {description FCPublish}]]"}},
	{"_checkbw", command(0, "_checkbw", 5, nil), nil, []string{"20/0 [_result 5 <nil> {}]"}},
	{"getStreamLength", command(0, "getStreamLength", 6, nil, "key"), nil, []string{"20/0 [_result 6 <nil> 0]"}},
	{"publish", command(1, "publish", 5, nil, "key?priority=3", "live"), []string{"20/1 [publish 5 <nil> key?priority=3 live]"}, nil},
	{"publish to record", command(1, "publish", 5, nil, "key", "record"), []string{"20/1 [publish 5 <nil> key live]"}, nil},
	{"publish on message stream 0, without type", command(0, "publish", 5, nil, "key"), []string{"20/1 [publish 5 <nil> key live]"}, nil},
	{"play", command(1, "play", 5, nil, "key", -2000.0), []string{"20/1 [play 5 <nil> ]"}, nil},
	{"FCUnpublish", command(0, "FCUnpublish", 6, nil, "key"), []string{"20/0 [FCUnpublish 6 <nil> ]"}, []string{"20/0 [_result 6 <nil> {}]"}},
	{"deleteStream", command(0, "deleteStream", 7, nil, 1), []string{"20/0 [deleteStream 7 <nil> 1]"}, nil},
	{"deleteStream of the control stream", command(0, "deleteStream", 7, nil, 0), nil, nil},
	{"closeStream", command(1, "closeStream", 0, nil), []string{"20/1 [closeStream 0 <nil>]"}, nil},
	{"unknown command", command(0, "FCSubscribe", 8, nil, "key"), nil, nil},
	{"unknown command in AMF3", withType(typeCommandAMF3, "\x00", suffixed(command(0, "set", 8), "\x11\x0a\x0b")), nil, nil},
	{"media before publish", message(typeVideo, 6, 1, 0, "\x17\x01"), nil, nil},
	{"metadata before publish", dataMessage("onMetaData", amf0.Object{}), nil, nil},
	{"zero-length message", message(typeAudio, 4, 1, 0, ""), nil, nil},
	{"user control 31", message(typeUserControl, 2, 0, 0, "\x00\x1f\x00\x00\x00\x01"), nil, nil},
	{"unknown type", message(99, 2, 0, 0, "?"), nil, nil},
	{"shared object", message(16, 2, 0, 0, "?"), nil, nil},
	{"acknowledgement", message(typeAck, 2, 0, 0, "\x00\x00\x00\x01"), nil, nil},
	{"short window", message(typeWindowAckSize, 2, 0, 0, "\x00"), nil, nil},
}

func withType(kind byte, prefix string, m Message) Message {
	m.Type, m.Payload = kind, append([]byte(prefix), m.Payload...)
	return m
}

func suffixed(m Message, suffix string) Message {
	m.Payload = append(m.Payload, suffix...)
	return m
}

func withTime(ms uint32, m Message) Message {
	m.Timestamp = ms
	return m
}

func dataMessage(values ...any) Message {
	return Message{Type: typeDataAMF0, ChunkStream: 5, StreamID: 1, Payload: amf0.Append(nil, values...)}
}

func TestCommandsReachTheLibraryClean(t *testing.T) {
	for _, c := range commands {
		t.Run(c.name, func(t *testing.T) {
			conn, p := front(chunked(c.in))
			got, err := toLibrary(conn)
			if err != io.EOF {
				t.Fatal(err)
			}
			if texts := texts(got); !reflect.DeepEqual(texts, c.library) {
				t.Errorf("go-rtmp gets %q, want %q", texts, c.library)
			}
			if texts := texts(p.messages(t)); !reflect.DeepEqual(texts, c.answered) {
				t.Errorf("the publisher gets %q, want %q", texts, c.answered)
			}
		})
	}
}

func texts(messages []Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, text(m))
	}
	return all
}

// hostile are messages that end the connection.
var hostile = []struct {
	name string
	in   Message
}{
	{"array of 2³¹−1 elements in connect", suffixed(command(0, "connect", 1), "\x0a\x7f\xff\xff\xff")},
	{"deep objects in connect", suffixed(command(0, "connect", 1), strings.Repeat("\x03\x00\x01a", 10000))},
	{"connect without object", command(0, "connect", 1, nil)},
	{"command without name", message(typeCommandAMF0, 3, 0, 0, "\x05")},
	{"empty AMF3 command", message(typeCommandAMF3, 3, 0, 0, "\x00")},
	{"aggregate cut off", message(typeAggregate, 3, 1, 0, "\x08\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00a")},
	{"aggregate cut off in a header", message(typeAggregate, 3, 1, 0, "\x08\x00")},
}

func TestHostileMessagesEndTheConnection(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			conn, _ := front(chunked(c.in))
			if got, err := toLibrary(conn); err == io.EOF || conn.Err() == nil {
				t.Errorf("taken as %v", texts(got))
			}
		})
	}
}

// obsBytes is OBS's connect as its librtmp writes it: in chunks of 128 bytes,
// with the codecs of Enhanced RTMP.
const obsBytes = "\x03\x00\x00\x00\x00\x00\xbd\x14\x00\x00\x00\x00" +
	"\x02\x00\x07connect\x00?\xf0\x00\x00\x00\x00\x00\x00\x03\x00\x03app\x02\x00\x03app\x00\x04type\x02\x00\x0anonprivate\x00\x08flashVer\x02\x00\x1fFMLE/3.0 (compatible; FMSc/1.0)\x00\x06swfUrl\x02\x00\x14rtmp://localhost/app\x00\x05t" +
	"\xc3cUrl\x02\x00\x14rtmp://localhost/app\x00\x0afourCcList\x0a\x00\x00\x00\x02\x02\x00\x04av01\x02\x00\x04hvc1\x00\x00\x09"

func TestOBSConnectsByItsOwnBytes(t *testing.T) {
	conn, _ := front(obsBytes)
	got, err := toLibrary(conn)
	if err != io.EOF {
		t.Fatal(err)
	}
	if want := []string{plainConnect}; !reflect.DeepEqual(texts(got), want) {
		t.Errorf("go-rtmp gets %q, want %q", texts(got), want)
	}
	if codecs := conn.Connect().FourCC; !reflect.DeepEqual(codecs, []string{"av01", "hvc1"}) {
		t.Errorf("kept %q", codecs)
	}
}

func TestPingIsAnswered(t *testing.T) {
	conn, p := front(chunked(message(typeUserControl, 2, 0, 0, "\x00\x06abcd")))
	if _, err := toLibrary(conn); err != io.EOF {
		t.Fatal(err)
	}
	got := p.messages(t)
	if len(got) != 1 || string(got[0].Payload) != "\x00\x07abcd" {
		t.Errorf("answered with %+v", got)
	}
}

func TestEnhancedConnectIsKeptAndAnswered(t *testing.T) {
	conn, p := front(chunked(obsConnect(
		amf0.Property{Key: "fourCcList", Value: []any{"av01", "avc1"}}, amf0.Property{Key: "capsEx", Value: 3},
		amf0.Property{Key: "videoFourCcInfoMap", Value: amf0.Object{{Key: "*", Value: 4}, {Key: "avc1", Value: 2}}})))
	if _, err := toLibrary(conn); err != io.EOF {
		t.Fatal(err)
	}
	want := Connect{App: "app", TCURL: "rtmp://localhost/app", FlashVersion: "FMLE/3.0 (compatible; FMSc/1.0)",
		FourCC: []string{"av01", "avc1"}, VideoFourCC: map[string]int{"*": 4, "avc1": 2}, CapsEx: 3}
	if got := conn.Connect(); !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v, want %+v", got, want)
	}
	reply := command(0, "_result", 1, amf0.Object{{Key: "fmsVer", Value: "x"}},
		amf0.Object{{Key: "level", Value: "status"}, {Key: "code", Value: "NetConnection.Connect.Success"}, {Key: "description", Value: "ok"}})
	if _, err := conn.Write(appendMessage(nil, reply, maxMessage)); err != nil {
		t.Fatal(err)
	}
	answer := texts(p.messages(t))
	if len(answer) != 1 || !strings.Contains(answer[0], "{fourCcList [avc1 mp4a]}") || !strings.Contains(answer[0], "{objectEncoding 0}") {
		t.Errorf("answered with %q", answer)
	}
}

func TestRepliesAreChunkedAnewAndAcknowledgementsDropped(t *testing.T) {
	conn, p := front("")
	long := command(1, "onStatus", 0, nil, strings.Repeat("s", 1000))
	for _, m := range []Message{message(typeAck, 2, 0, 0, "\x00\x00\x00\x01"), long} {
		if _, err := conn.Write(appendMessage(nil, m, maxMessage)); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.messages(t); len(got) != 1 || text(got[0]) != text(long) {
		t.Errorf("the publisher gets %q", texts(got))
	}
}

func TestMediaPassesOncePublishing(t *testing.T) {
	frame := strings.Repeat("v", 100_000)
	aggregate := "\x08\x00\x00\x01\x00\x00\x07\x00\x00\x00\x00a\x00\x00\x00\x0c" + "\x09\x00\x00\x02\x00\x00\x0a\x00\x00\x00\x00vw\x00\x00\x00\x0d"
	conn, _ := front(chunked(
		command(1, "publish", 5, nil, "key", "live"),
		message(typeVideo, 6, 1, 40, frame),
		message(typeAudio, 4, 0, late, "aa"),
		withType(typeDataAMF3, "\x00", dataMessage("@setDataFrame", "onMetaData", amf0.Object{{Key: "width", Value: 640}})),
		dataMessage("onMetaData", amf0.Object{{Key: "height", Value: 360}}),
		withTime(2500, dataMessage("onTextData", amf0.Object{{Key: "text", Value: "hi"}}, 7.0)),
		suffixed(dataMessage("onCaptionInfo", amf0.Object{}), "\x11"), // ends in what cannot be read
		suffixed(dataMessage("onCaptionInfo"), "\x11"),
		dataMessage("@clearDataFrame", "onMetaData"),
		dataMessage(1.0, "onTextData"),
		message(typeAggregate, 6, 1, 1000, aggregate),
	))
	if _, err := conn.Read(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	conn.SetPublishing(true)
	got, err := toLibrary(conn)
	if err != io.EOF {
		t.Fatal(err)
	}
	want := []Message{
		message(typeVideo, chunkStreamVideo, 1, 40, frame),
		message(typeAudio, chunkStreamAudio, 1, late, "aa"),
		{Type: typeDataAMF0, ChunkStream: chunkStreamData, StreamID: 1, Payload: amf0.Append(nil, "@setDataFrame", "onMetaData", amf0.Object{{Key: "width", Value: 640}})},
		{Type: typeDataAMF0, ChunkStream: chunkStreamData, StreamID: 1, Payload: amf0.Append(nil, "@setDataFrame", "onMetaData", amf0.Object{{Key: "height", Value: 360}})},
		{Type: typeDataAMF0, ChunkStream: chunkStreamData, StreamID: 1, Timestamp: 2500,
			Payload: amf0.Append(nil, "@setDataFrame", "onTextData", amf0.Object{{Key: "text", Value: "hi"}}, 7.0)},
		{Type: typeDataAMF0, ChunkStream: chunkStreamData, StreamID: 1, Payload: amf0.Append(nil, "@setDataFrame", "onCaptionInfo", amf0.Object{})},
		message(typeAudio, chunkStreamAudio, 1, 1000, "a"),
		message(typeVideo, chunkStreamVideo, 1, 1003, "vw"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("go-rtmp gets %d messages, want %d, or others", len(got), len(want))
		for i := range min(len(got), len(want)) {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("message %d is %.200q, want %.200q", i, fmt.Sprint(got[i]), fmt.Sprint(want[i]))
			}
		}
	}
}

// Written anew it might be longer than a chunk can be.
func TestLongTextIsNotTakenFromAPublisherEither(t *testing.T) {
	long := strings.Repeat("l\xff", 40_000)
	for _, c := range []struct {
		name string
		in   Message
		err  string
	}{
		{"metadata", dataMessage("onMetaData", amf0.Object{{Key: "encoder", Value: long}}), ""},
		{"command", command(1, "publish", 5, nil, long, "live"), "command or metadata of 80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, _ := front(chunked(c.in, message(typeAudio, 4, 1, 0, "a")))
			conn.SetPublishing(true)
			got, err := toLibrary(conn)
			if c.err == "" {
				if err != io.EOF || len(got) != 1 || got[0].Type != typeAudio {
					t.Errorf("go-rtmp gets %d messages, %v", len(got), err)
				}
			} else if len(got) > 0 || !strings.Contains(err.Error(), c.err) {
				t.Errorf("go-rtmp gets %d messages, %v", len(got), err)
			}
		})
	}
}

func TestStrangerMaySendLittle(t *testing.T) {
	frame := chunked(message(typeVideo, 6, 1, 0, strings.Repeat("v", 50_000)))
	conn, _ := front(strings.Repeat(frame, 30))
	if got, err := toLibrary(conn); len(got) > 0 || err != errTooMuch {
		t.Errorf("go-rtmp gets %d messages, %v", len(got), err)
	}
	conn, _ = front(strings.Repeat(frame, 30))
	conn.SetPublishing(true)
	if got, err := toLibrary(conn); len(got) != 30 || err != io.EOF {
		t.Errorf("of a publisher go-rtmp gets %d messages, %v", len(got), err)
	}
}

// TLS writes while it reads, when the peer updates its keys.
func TestReadingDoesNotLeaveAReplysDeadlineBehind(t *testing.T) {
	conn, p := front(chunked(message(typeAudio, 4, 1, 0, "a")))
	conn.SetPublishing(true)
	p.writeBy = time.Unix(1, 0)
	if _, err := toLibrary(conn); err != io.EOF {
		t.Fatal(err)
	}
	if p.writeBy.Before(time.Now()) {
		t.Errorf("writing ends at %v", p.writeBy)
	}
}

func TestInputIsAcknowledgedOnceInAWindow(t *testing.T) {
	audio := chunked(message(typeAudio, 4, 1, 0, strings.Repeat("a", 1000)))
	tests := []struct {
		name   string
		window uint32
		want   int
	}{
		{"window of 100 kB", 100_000, 3},
		{"window of 1", 1, 6},
		{"window of 2³²−1", 1<<32 - 1, 0},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			window := message(typeWindowAckSize, 2, 0, 0, string(binary.BigEndian.AppendUint32(nil, c.window)))
			conn, p := front(chunked(window) + strings.Repeat(audio, 400))
			if _, err := toLibrary(conn); err != io.EOF {
				t.Fatal(err)
			}
			if got := p.messages(t); len(got) != c.want {
				t.Errorf("%d acknowledgements for %d bytes, want %d", len(got), conn.received, c.want)
			}
		})
	}
}

func TestLastWordIsTheLast(t *testing.T) {
	conn, p := front(chunked(command(1, "publish", 5, nil, "key", "live"), command(0, "createStream", 4, nil)))
	if _, err := conn.Read(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	conn.End(Status{Code: "NetStream.Publish.BadName", Description: "no"})
	conn.End(Status{Code: "NetStream.Publish.Rejected", Description: "twice"})
	if _, err := conn.Write(appendMessage(nil, command(1, "onStatus", 0), maxMessage)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1000)); err != io.EOF {
		t.Errorf("reading goes on: %v", err)
	}
	if err := conn.Close(); err != nil || !p.closed {
		t.Errorf("not closed: %v", err)
	}
	want := []string{"20/1 [onStatus 0 <nil> [{level error} {code NetStream.Publish.BadName} {description no}]]"}
	if got := texts(p.messages(t)); !reflect.DeepEqual(got, want) {
		t.Errorf("the publisher gets %q, want %q", got, want)
	}
}

func TestWhatIsIgnoredIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	conn, _ := front(chunked(message(99, 2, 0, 0, "?"), message(99, 2, 0, 0, "?")))
	conn.log = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := toLibrary(conn); err != io.EOF {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "message of type 99"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, &log)
	}
}

// FuzzFront feeds the front with a publisher's chunks. What it hands on must be
// such that go-rtmp's decoders take all of it.
func FuzzFront(f *testing.F) {
	f.Add([]byte(obsBytes), false)
	for _, c := range streams {
		f.Add([]byte(c.bytes), true)
	}
	for _, c := range brokenStreams {
		f.Add([]byte(c.bytes), false)
	}
	for _, c := range commands {
		f.Add([]byte(chunked(c.in)), false)
	}
	for _, c := range hostile {
		f.Add([]byte(chunked(c.in)), true)
	}
	f.Fuzz(func(t *testing.T, input []byte, publishing bool) {
		conn, p := front(string(input))
		if publishing {
			conn.SetPublishing(true)
		}
		got, _ := toLibrary(conn)
		for _, m := range got {
			if err := decodeAsLibrary(m); err != nil {
				t.Fatalf("go-rtmp refuses %s: %v", text(m), err)
			}
		}
		p.messages(t)
	})
}

func decodeAsLibrary(m Message) error {
	if len(m.Payload) == 0 {
		return fmt.Errorf("zero-length message of type %d", m.Type)
	}
	var decoded library.Message
	if err := library.NewDecoder(bytes.NewReader(m.Payload)).Decode(library.TypeID(m.Type), &decoded); err != nil {
		return err
	}
	var value library.AMFConvertible
	switch d := decoded.(type) {
	case *library.CommandMessage:
		decode := library.CmdBodyDecoderFor(d.CommandName, d.TransactionID)
		return decode(d.Body, library.NewAMFDecoder(d.Body, d.Encoding), &value)
	case *library.DataMessage:
		decode := library.DataBodyDecoderFor(d.Name)
		return decode(d.Body, library.NewAMFDecoder(d.Body, d.Encoding), &value)
	}
	return nil
}
