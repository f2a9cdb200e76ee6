package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"testing"
)

// manner is how an encoder writes its chunks' timestamps.
type manner struct {
	name     string
	deltas   bool // format 1 after each track's first message
	repeated bool // the extended timestamp stands on continuations too
}

var manners = []manner{
	{"absolute", false, true},
	{"absolute, extension left out", false, false},
	{"deltas", true, true},
}

// append writes m in the encoder's manner; before is the track's timestamp before,
// negative for none.
func (e manner) append(b []byte, m Message, before int64) []byte {
	format, time := byte(0), m.Timestamp
	if e.deltas && before >= 0 {
		format, time = 1, m.Timestamp-uint32(before)
	}
	b = append(b, format<<6|byte(m.ChunkStream))
	b = appendUint24(b, min(time, extended))
	b = append(appendUint24(b, uint32(len(m.Payload))), m.Type)
	if format == 0 {
		b = binary.LittleEndian.AppendUint32(b, m.StreamID)
	}
	for first, payload := true, m.Payload; ; first = false {
		if time >= extended && (first || e.repeated) {
			b = binary.BigEndian.AppendUint32(b, time)
		}
		n := min(defaultChunkSize, len(payload))
		b, payload = append(b, payload[:n]...), payload[n:]
		if len(payload) == 0 {
			return b
		}
		b = append(b, 3<<6|byte(m.ChunkStream))
	}
}

// Half a day of audio and video, of messages of one chunk and of many, across the
// 24 bits of a plain timestamp (4 h 39 min) and across the 32 of an extended one.
func TestTwelveHoursOfTimestamps(t *testing.T) {
	const hours, step = 12 * 3_600_000, 1999 // ms
	for _, e := range manners {
		for name, start := range map[string]uint32{"across 24 bits": 0, "across 32 bits": 1<<32 - hours/2} {
			t.Run(e.name+", "+name, func(t *testing.T) {
				var input []byte
				var want []Message
				before := int64(-1)
				for at := uint32(0); at < hours; at += step {
					video := Message{Type: typeVideo, ChunkStream: 6, StreamID: 1, Timestamp: start + at, Payload: bytes.Repeat([]byte{byte(at)}, 1+int(at)%700)}
					audio := Message{Type: typeAudio, ChunkStream: 4, StreamID: 1, Timestamp: start + at, Payload: bytes.Repeat([]byte{byte(at)}, 1+int(at)%200)}
					input = e.append(e.append(input, video, before), audio, before)
					want, before = append(want, video, audio), int64(start+at)
				}
				r := NewReader(bufio.NewReader(bytes.NewReader(input)), beforePublish)
				for i, w := range want {
					got, err := r.Next()
					if err != nil {
						t.Fatalf("message %d of %d: %v", i, len(want), err)
					}
					if got.Timestamp != w.Timestamp || !bytes.Equal(got.Payload, w.Payload) {
						t.Fatalf("message %d of %d: at %d with %d bytes, want %d with %d", i, len(want), got.Timestamp, len(got.Payload), w.Timestamp, len(w.Payload))
					}
				}
				if _, err := r.Next(); err != io.EOF {
					t.Errorf("after the last message: %v", err)
				}
			})
		}
	}
}
