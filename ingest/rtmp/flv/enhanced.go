package flv

import (
	"encoding/binary"
	"errors"
)

// Packet types of Enhanced RTMP v2 (VideoPacketType and AudioPacketType; the two
// have the same numbers for what both know).
const (
	packetSequenceStart = 0
	packetCodedFrames   = 1
	packetSequenceEnd   = 2
	packetCodedFramesX  = 3 // video: composition time 0
	packetMultitrack    = 6 // video
	packetMultitrackA   = 5 // audio
	packetModEx         = 7
)

var errShortTag = errors.New("tag ends early")

// enhanced is a tag's head in Enhanced RTMP.
type enhanced struct {
	packetType byte
	fourCC     string
	body       []byte
}

// readEnhanced reads what follows the bits that announce Enhanced RTMP: tag's
// first byte has the packet type in its low half.
func readEnhanced(tag []byte) (enhanced, error) {
	e := enhanced{packetType: tag[0] & 0x0f, body: tag[1:]}
	for e.packetType == packetModEx {
		if err := e.skipModifier(); err != nil {
			return e, err
		}
	}
	if len(e.body) < 4 {
		return e, errShortTag
	}
	e.fourCC, e.body = string(e.body[:4]), e.body[4:]
	return e, nil
}

// firstTrack is the codec of a multitrack tag's first track: before its FourCC, which
// readEnhanced took for the tag's own, stands a byte that tells the kind of multitrack.
func (e enhanced) firstTrack() string {
	if len(e.body) < 1 {
		return ""
	}
	return e.fourCC[1:] + string(e.body[:1])
}

// skipModifier passes over one ModEx: the only one that there is refines a
// timestamp by less than a millisecond, which is finer than the timeline needs.
func (e *enhanced) skipModifier() error {
	if len(e.body) < 1 {
		return errShortTag
	}
	size, rest := int(e.body[0])+1, e.body[1:]
	if size == 256 {
		if len(rest) < 2 {
			return errShortTag
		}
		size, rest = int(binary.BigEndian.Uint16(rest))+1, rest[2:]
	}
	if len(rest) < size+1 {
		return errShortTag
	}
	e.packetType, e.body = rest[size]&0x0f, rest[size+1:]
	return nil
}
