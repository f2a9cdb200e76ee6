package packager

import (
	"encoding/binary"

	"ladderd/media"
)

// Numbers of MPEG-TS (ISO/IEC 13818-1, 2.4).
const (
	tsPacket    = 188 // bytes
	tsHeader    = 4   // bytes
	tsSync      = 0x47
	unitStart   = 0x4000 // payload_unit_start_indicator, beside the PID
	withPayload = 0x10
	withField   = 0x20 // an adaptation field
	fieldRandom = 0x40 // random_access_indicator
	fieldPCR    = 0x10

	videoStreamID = 0xe0
	audioStreamID = 0xc0
	pesAligned    = 0x84 // a PES header whose payload begins with an access unit
	pesHeader     = 14   // bytes, with a PTS
	pesTimestamp  = 5    // bytes, for a DTS more
	pesPTS        = 0x80
	pesDTS        = 0x40
)

// Packet IDs, the same in every rendition.
const (
	associationID = 0 // PAT
	mapID         = 0x1000
	pictureID     = 0x100
	soundID       = 0x101
)

// tsTrack writes the packets of one PID.
type tsTrack struct {
	pid     uint16
	stream  byte // PES stream_id
	counter byte // continuity_counter of the next packet with a payload
}

// adaptation is what the adaptation field of a PES packet's first packet tells.
type adaptation struct {
	clock  bool
	pcr    media.Ticks
	random bool // a player may begin here
}

// flags is the field's second byte.
func (a adaptation) flags() byte {
	flags := byte(0)
	if a.random {
		flags |= fieldRandom
	}
	if a.clock {
		flags |= fieldPCR
	}
	return flags
}

// begin writes a PES header without its length, which append knows.
func (t *tsTrack) begin(dst []byte, pts, dts media.Ticks) []byte {
	dst = append(dst, 0, 0, 1, t.stream, 0, 0, pesAligned)
	if pts == dts {
		return appendTimestamp(append(dst, pesPTS, 5), 2, pts)
	}
	dst = appendTimestamp(append(dst, pesPTS|pesDTS, 10), 3, pts)
	return appendTimestamp(dst, 1, dts)
}

// appendTimestamp writes the lowest 33 bits: players follow the wrap.
func appendTimestamp(dst []byte, prefix byte, at media.Ticks) []byte {
	return append(dst, prefix<<4|byte(at>>29)&0x0e|1, byte(at>>22), byte(at>>14)|1, byte(at>>7), byte(at<<1)|1)
}

// packetCount is how many packets a PES packet of n bytes is cut into.
func packetCount(n int, a adaptation) int {
	const room = tsPacket - tsHeader
	return (n + fieldSize(a) + room - 1) / room
}

// append cuts a PES packet into packets. Its length is left open where it is more
// than the field can tell, which is allowed for video (2.4.3.7).
func (t *tsTrack) append(dst, pes []byte, a adaptation) []byte {
	const fixed = 6 // bytes that the length does not count
	if n := len(pes) - fixed; n <= 0xffff {
		binary.BigEndian.PutUint16(pes[4:], uint16(n))
	}
	return t.appendPackets(dst, pes, a)
}

func (t *tsTrack) appendPackets(dst, data []byte, a adaptation) []byte {
	for start := uint16(unitStart); len(data) > 0; start = 0 {
		field := fieldSize(a)
		field = max(field, tsPacket-tsHeader-len(data)) // which is stuffing
		control := byte(withPayload)
		if field > 0 {
			control |= withField
		}
		dst = append(dst, tsSync, byte((start|t.pid)>>8), byte(t.pid), control|t.counter)
		dst = appendField(dst, field, a)
		n := tsPacket - tsHeader - field
		dst = append(dst, data[:n]...)
		data = data[n:]
		t.counter = (t.counter + 1) & 0x0f
		a = adaptation{}
	}
	return dst
}

// appendClock writes a packet that has a PCR and nothing else. Those do not count
// (2.4.3.3).
func (t *tsTrack) appendClock(dst []byte, pcr media.Ticks) []byte {
	dst = append(dst, tsSync, byte(t.pid>>8), byte(t.pid), withField|(t.counter-1)&0x0f)
	return appendField(dst, tsPacket-tsHeader, adaptation{clock: true, pcr: pcr})
}

// fieldSize is how many bytes the adaptation field needs, with its length.
func fieldSize(a adaptation) int {
	switch flags := a.flags(); {
	case flags&fieldPCR != 0:
		return 8
	case flags != 0:
		return 2
	}
	return 0
}

// appendField writes an adaptation field of size bytes, with its length.
func appendField(dst []byte, size int, a adaptation) []byte {
	if size == 0 {
		return dst
	}
	end := len(dst) + size
	dst = append(dst, byte(size-1))
	if size > 1 {
		dst = append(dst, a.flags())
	}
	if a.clock {
		base := uint64(a.pcr) & (1<<33 - 1)
		dst = binary.BigEndian.AppendUint32(dst, uint32(base>>1))
		dst = append(dst, byte(base<<7)|0x7e, 0)
	}
	for len(dst) < end {
		dst = append(dst, 0xff)
	}
	return dst
}
