package wire

import (
	"bufio"
	"encoding/binary"
	"io"
)

// extended in a header's 24 bits of timestamp says that the true value stands in
// 32 bits behind the header (section 5.3.1.3).
const extended = 0xffffff

// header is a chunk's header as it stands on the wire.
type header struct {
	format      byte   // 0 to 3; how much of the rest is there
	chunkStream uint32 // 2 to 65599
	time        uint32 // format 0: timestamp, 1 and 2: delta; may be extended
	length      uint32 // formats 0 and 1: of the whole message
	kind        byte   // formats 0 and 1
	streamID    uint32 // format 0
}

// headerSize is the length of the message header by format.
var headerSize = [4]int{11, 7, 3, 0}

// readHeader reads a chunk's basic and message header without the extended
// timestamp, whose presence on format 3 cannot be told from the header alone.
func readHeader(r *bufio.Reader) (header, error) {
	first, err := r.ReadByte()
	if err != nil {
		return header{}, err
	}
	h := header{format: first >> 6, chunkStream: uint32(first & 0x3f)}
	var buf [11]byte
	if h.chunkStream < 2 {
		id := buf[:h.chunkStream+1]
		if _, err := io.ReadFull(r, id); err != nil {
			return header{}, err
		}
		h.chunkStream = uint32(id[0]) + 64
		if len(id) == 2 {
			h.chunkStream += uint32(id[1]) * 256
		}
	}
	b := buf[:headerSize[h.format]]
	if _, err := io.ReadFull(r, b); err != nil {
		return header{}, err
	}
	if h.format <= 2 {
		h.time = uint24(b)
	}
	if h.format <= 1 {
		h.length, h.kind = uint24(b[3:]), b[6]
	}
	if h.format == 0 {
		h.streamID = binary.LittleEndian.Uint32(b[7:]) // the protocol's only one
	}
	return h, nil
}

// appendMessage writes m behind b in chunks of at most chunkSize bytes of
// payload: a plain header first, then continuations that repeat the extended
// timestamp as section 5.3.1.3 demands.
func appendMessage(b []byte, m Message, chunkSize int) []byte {
	b = append(b, byte(m.ChunkStream&0x3f))
	b = appendUint24(b, min(m.Timestamp, extended))
	b = appendUint24(b, uint32(len(m.Payload)))
	b = append(b, m.Type)
	b = binary.LittleEndian.AppendUint32(b, m.StreamID)
	for payload := m.Payload; ; {
		if m.Timestamp >= extended {
			b = binary.BigEndian.AppendUint32(b, m.Timestamp)
		}
		n := min(chunkSize, len(payload))
		b = append(b, payload[:n]...)
		if payload = payload[n:]; len(payload) == 0 {
			return b
		}
		b = append(b, 3<<6|byte(m.ChunkStream&0x3f))
	}
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

func appendUint24(b []byte, v uint32) []byte { return append(b, byte(v>>16), byte(v>>8), byte(v)) }
