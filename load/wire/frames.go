package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// Frames of HTTP/2 (RFC 9113, 6), as far as a client meets them that pushes nothing
// and sends no bodies.
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	framePush         = 0x5
	framePing         = 0x6
	frameGoAway       = 0x7
	frameWindow       = 0x8
	frameContinuation = 0x9

	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20

	settingPush          = 0x2
	settingInitialWindow = 0x4

	frameHead = 9
	// frameLimit is the largest frame that a server may send to who has not asked
	// for larger ones (SETTINGS_MAX_FRAME_SIZE).
	frameLimit = 16 << 10
	// headerLimit bounds the header block of an answer, which may be in many frames.
	headerLimit = 64 << 10

	errorCancel = 0x8
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// Windows: a stream may send streamWindow before it hears of its being read, a
// connection as good as anything.
const (
	streamWindow     = 8 << 20
	connectionWindow = 1 << 30
)

var errFrame = errors.New("the server breaks HTTP/2's rules")

// frame is the head of a frame.
type frame struct {
	length      int
	kind, flags byte
	stream      uint32
}

func readFrame(in *bufio.Reader) (frame, error) {
	head, err := in.Peek(frameHead)
	if err != nil {
		return frame{}, err
	}
	f := frame{
		length: int(head[0])<<16 | int(head[1])<<8 | int(head[2]), kind: head[3], flags: head[4],
		stream: binary.BigEndian.Uint32(head[5:]) & 0x7fffffff,
	}
	if f.length > frameLimit {
		return f, errFrame
	}
	_, err = in.Discard(frameHead)
	return f, err
}

func (f frame) has(flag byte) bool { return f.flags&flag != 0 }

// appendFrame appends the head of a frame and its payload.
func appendFrame(b []byte, kind, flags byte, stream uint32, payload ...byte) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return append(b, payload...)
}

func appendWindow(b []byte, stream uint32, n int) []byte {
	return appendFrame(b, frameWindow, 0, stream, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// hello is what a client sends first.
func hello() []byte {
	settings := binary.BigEndian.AppendUint32([]byte{0, settingPush, 0, 0, 0, 0, 0, settingInitialWindow}, streamWindow)
	b := appendFrame([]byte(preface), frameSettings, 0, 0, settings...)
	return appendWindow(b, 0, connectionWindow)
}

// unpad takes the padding and the priority off a frame's payload.
func (f frame) unpad(payload []byte) ([]byte, error) {
	padding := 0
	if f.has(flagPadded) {
		if len(payload) < 1 {
			return nil, errFrame
		}
		padding, payload = int(payload[0]), payload[1:]
	}
	if f.kind == frameHeaders && f.has(flagPriority) {
		if len(payload) < 5 {
			return nil, errFrame
		}
		payload = payload[5:]
	}
	if padding > len(payload) {
		return nil, errFrame
	}
	return payload[:len(payload)-padding], nil
}

// readPayload reads a frame's payload into b.
func readPayload(in *bufio.Reader, f frame, b []byte) ([]byte, error) {
	if cap(b) < f.length {
		b = make([]byte, f.length)
	}
	b = b[:f.length]
	_, err := io.ReadFull(in, b)
	return b, err
}
