package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// headers are chunk headers and the bytes that they are read from.
var headers = []struct {
	name   string
	bytes  string
	header header
}{
	{"format 0", "\x03\x00\x01\x02\x00\x00\x04\x14\x01\x00\x00\x00", header{0, 3, 0x102, 4, 20, 1}},
	{"format 1", "\x44\x00\x00\x17\x00\x10\x00\x09", header{1, 4, 23, 0x1000, 9, 0}},
	{"format 2", "\x84\x00\x00\x17", header{2, 4, 23, 0, 0, 0}},
	{"format 3", "\xc4", header{3, 4, 0, 0, 0, 0}},
	{"chunk stream of 2 bytes", "\xc0\x06", header{3, 70, 0, 0, 0, 0}},
	{"chunk stream of 3 bytes", "\xc1\x06\x01", header{3, 326, 0, 0, 0, 0}},
	{"highest chunk stream", "\xc1\xff\xff", header{3, 65599, 0, 0, 0, 0}},
	{"extended timestamp", "\x83\xff\xff\xff", header{2, 3, extended, 0, 0, 0}},
}

func TestChunkHeadersAreRead(t *testing.T) {
	for _, c := range headers {
		t.Run(c.name, func(t *testing.T) {
			got, err := readHeader(bufio.NewReader(strings.NewReader(c.bytes)))
			if err != nil || got != c.header {
				t.Fatalf("got %+v, %v, want %+v", got, err, c.header)
			}
			for n := 1; n < len(c.bytes); n++ {
				if _, err := readHeader(bufio.NewReader(strings.NewReader(c.bytes[:n]))); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("cut off after %d bytes: %v", n, err)
				}
			}
		})
	}
}

// message is a Message without its payload's bytes.
func message(kind byte, chunkStream, streamID, timestamp uint32, payload string) Message {
	return Message{Type: kind, ChunkStream: chunkStream, StreamID: streamID, Timestamp: timestamp, Payload: []byte(payload)}
}

var (
	x100 = strings.Repeat("x", 100)
	y128 = strings.Repeat("y", 128)
	z72  = strings.Repeat("z", 72)
)

// late is a timestamp past 4 h 39 min, which takes an extended timestamp.
const late, lateBytes = 0x01000010, "\x01\x00\x00\x10"

// streams are chunks as publishers send them, and the messages in them.
var streams = []struct {
	name     string
	bytes    string
	messages []Message
}{
	{"one chunk", "\x04\x00\x00\x05\x00\x00\x02\x08\x01\x00\x00\x00ab", []Message{message(8, 4, 1, 5, "ab")}},
	{"zero length", "\x04\x00\x00\x05\x00\x00\x00\x08\x01\x00\x00\x00", []Message{message(8, 4, 1, 5, "")}},
	{"two chunks", "\x04\x00\x00\x05\x00\x00\xc8\x08\x01\x00\x00\x00" + y128 + "\xc4" + z72, []Message{message(8, 4, 1, 5, y128+z72)}},
	{"all formats",
		"\x04\x00\x00\x05\x00\x00\x01\x08\x01\x00\x00\x00a" + "\x44\x00\x00\x0a\x00\x00\x02\x09bc" + "\x84\x00\x00\x14de" + "\xc4fg",
		[]Message{message(8, 4, 1, 5, "a"), message(9, 4, 1, 15, "bc"), message(9, 4, 1, 35, "de"), message(9, 4, 1, 55, "fg")}},
	{"format 3 behind format 0 advances by its timestamp",
		"\x04\x00\x00\x17\x00\x00\x01\x08\x01\x00\x00\x00a\xc4b", []Message{message(8, 4, 1, 23, "a"), message(8, 4, 1, 46, "b")}},
	{"but not by hours",
		"\x04\x10\x00\x00\x00\x00\x01\x08\x01\x00\x00\x00a\xc4b", []Message{message(8, 4, 1, 0x100000, "a"), message(8, 4, 1, 0x100000, "b")}},
	{"interleaved",
		"\x04\x00\x00\x05\x00\x00\xc8\x08\x01\x00\x00\x00" + y128 + "\x06\x00\x00\x06\x00\x00\x01\x09\x01\x00\x00\x00v" + "\xc4" + z72,
		[]Message{message(9, 6, 1, 6, "v"), message(8, 4, 1, 5, y128+z72)}},
	{"set chunk size",
		"\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\x01\x00\x04\x00\x00\x05\x00\x00\xc8\x08\x01\x00\x00\x00" + y128 + z72,
		[]Message{message(8, 4, 1, 5, y128+z72)}},
	{"abort",
		"\x04\x00\x00\x05\x00\x00\xc8\x08\x01\x00\x00\x00" + y128 + "\x02\x00\x00\x00\x00\x00\x04\x02\x00\x00\x00\x00\x00\x00\x00\x04" +
			"\x04\x00\x00\x06\x00\x00\x01\x08\x01\x00\x00\x00a",
		[]Message{message(8, 4, 1, 6, "a")}},
	{"message given up for another",
		"\x04\x00\x00\x05\x00\x00\xc8\x08\x01\x00\x00\x00" + y128 + "\x04\x00\x00\x06\x00\x00\x01\x08\x01\x00\x00\x00a",
		[]Message{message(8, 4, 1, 6, "a")}},
	{"control stream that begins with format 1",
		"\x42\x00\x00\x00\x00\x00\x06\x04\x00\x06\x00\x00\x00\x07", []Message{message(4, 2, 0, 0, "\x00\x06\x00\x00\x00\x07")}},
	{"extended timestamp, repeated",
		"\x04\xff\xff\xff\x00\x00\xc8\x08\x01\x00\x00\x00" + lateBytes + y128 + "\xc4" + lateBytes + z72 + "\x44\x00\x00\x0a\x00\x00\x01\x08b",
		[]Message{message(8, 4, 1, late, y128+z72), message(8, 4, 1, late+10, "b")}},
	{"extended timestamp, left out",
		"\x04\xff\xff\xff\x00\x00\xc8\x08\x01\x00\x00\x00" + lateBytes + y128 + "\xc4" + z72 + "\x44\x00\x00\x0a\x00\x00\x01\x08b",
		[]Message{message(8, 4, 1, late, y128+z72), message(8, 4, 1, late+10, "b")}},
	{"extended timestamp, left out once and for all",
		"\x04\xff\xff\xff\x00\x00\x85\x08\x01\x00\x00\x00" + lateBytes + y128 + "\xc4zzzzz" + "\x04\xff\xff\xff\x00\x00\x85\x08\x01\x00\x00\x00" + lateBytes + y128 + "\xc4" + lateBytes + "z",
		[]Message{message(8, 4, 1, late, y128+"zzzzz"), message(8, 4, 1, late, y128+lateBytes+"z")}},
	{"extended timestamp on a format 3 that begins a message",
		"\x04\xff\xff\xff\x00\x00\x01\x08\x01\x00\x00\x00" + lateBytes + "a" + "\xc4\x01\x00\x00\x27b" + "\xc4\x01\x00\x00\x3ec",
		[]Message{message(8, 4, 1, late, "a"), message(8, 4, 1, 0x01000027, "b"), message(8, 4, 1, 0x0100003e, "c")}},
	{"timestamp wraps", "\x04\xff\xff\xff\x00\x00\x01\x08\x01\x00\x00\x00\xff\xff\xff\xffa\x84\x00\x00\x02b",
		[]Message{message(8, 4, 1, 0xffffffff, "a"), message(8, 4, 1, 1, "b")}},
	{"100 bytes on a high chunk stream", "\x00\x06\x00\x00\x05\x00\x00\x64\x08\x01\x00\x00\x00" + x100, []Message{message(8, 70, 1, 5, x100)}},
}

// brokenStreams are chunks that must end the connection.
var brokenStreams = []struct{ name, bytes string }{
	{"begins with format 3", "\xc4"},
	{"begins with format 2", "\x84\x00\x00\x01"},
	{"message too long", "\x04\x00\x00\x00\x01\x00\x01\x08\x01\x00\x00\x00"},
	{"chunk size 0", "\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\x00\x00"},
	{"chunk size 2³¹", "\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x80\x00\x00\x00"},
	{"chunk size of two bytes", "\x02\x00\x00\x00\x00\x00\x02\x01\x00\x00\x00\x00\x00\x01"},
	{"ends in a message", "\x04\x00\x00\x00\x00\x00\x09\x08\x01\x00\x00\x00abc"},
	{"33 chunk streams", manyChunkStreams(33)},
	{"three long messages unfinished", "\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\xff\xff" +
		unfinished("\x04") + unfinished("\x05") + unfinished("\x06")},
}

func manyChunkStreams(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(byte(3 + i))
		b.WriteString("\x00\x00\x00\x00\x00\x01\x08\x01\x00\x00\x00a")
	}
	return b.String()
}

// unfinished is 65535 bytes of a message of 65536.
func unfinished(chunkStream string) string {
	return chunkStream + "\x00\x00\x00\x01\x00\x00\x08\x01\x00\x00\x00" + strings.Repeat("u", 65535)
}

func readAll(r *Reader) ([]Message, error) {
	var all []Message
	for {
		m, err := r.Next()
		if err != nil {
			return all, err
		}
		m.Payload = append([]byte{}, m.Payload...)
		all = append(all, m)
	}
}

func TestMessagesAreJoined(t *testing.T) {
	for _, c := range streams {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(NewReader(bufio.NewReader(strings.NewReader(c.bytes)), beforePublish))
			if err != io.EOF {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.messages) {
				t.Errorf("got\n%+v, want\n%+v", got, c.messages)
			}
		})
	}
}

func TestBrokenChunksAreRefused(t *testing.T) {
	for _, c := range brokenStreams {
		t.Run(c.name, func(t *testing.T) {
			r := NewReader(bufio.NewReader(strings.NewReader(c.bytes)), beforePublish)
			if _, err := readAll(r); err == io.EOF {
				t.Error("taken")
			}
		})
	}
}

func TestWrittenMessagesAreReadBack(t *testing.T) {
	for _, m := range []Message{
		message(20, 3, 0, 0, "command"),
		message(9, 6, 1, 1000, strings.Repeat("v", 128)),
		message(9, 6, 1, 1000, strings.Repeat("v", 1000)),
		message(9, 6, 1, late, strings.Repeat("v", 1000)),
		message(9, 6, 1, extended, "v"),
	} {
		var b bytes.Buffer
		if err := NewWriter(&b).Write(m); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(NewReader(bufio.NewReader(&b), beforePublish))
		if err != io.EOF || len(got) != 1 || !reflect.DeepEqual(got[0], m) {
			t.Errorf("%+v read back as %+v, %v", m, got, err)
		}
	}
}
