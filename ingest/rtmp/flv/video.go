package flv

import (
	"errors"

	"ladderd/ingest/avc"
	"ladderd/media"
)

// AVCPacketTypes and the frame types that matter (annex E.4.3.1).
const (
	avcConfig    = 0
	avcNALUs     = 1
	frameKey     = 1
	frameCommand = 5 // a seek command of a Flash server, no picture
)

type videoTrack struct {
	avc            avc.Track
	falseKeyframes int
}

// videoTag is a tag without its head.
type videoTag struct {
	key    bool // what the encoder says
	config bool
	offset int64 // PTS − DTS in ms
	body   []byte
}

func (t *videoTrack) read(ms int64, tag []byte) (*media.Packet, error) {
	if len(tag) == 0 {
		return nil, nil
	}
	v, err := readVideoTag(tag)
	if err != nil || len(v.body) == 0 {
		return nil, err
	}
	if v.config {
		return nil, t.avc.Configure(v.body)
	}
	return t.accessUnit(ms, v)
}

func (t *videoTrack) accessUnit(ms int64, v videoTag) (*media.Packet, error) {
	units, err := t.avc.SplitLengths(v.body)
	if err != nil {
		return nil, err
	}
	p, err := t.avc.AccessUnit(units)
	if p == nil || err != nil {
		return nil, err
	}
	if v.key && !p.Key {
		t.falseKeyframes++
	}
	p.DTS, p.PTS = media.FromMillis(ms), media.FromMillis(ms+v.offset)
	return p, nil
}

// readVideoTag takes off the tag's head, of either kind.
func readVideoTag(tag []byte) (videoTag, error) {
	if tag[0]&0x80 != 0 {
		return enhancedVideo(tag)
	}
	frame, codec := tag[0]>>4, tag[0]&0x0f
	if frame == frameCommand {
		return videoTag{}, nil
	}
	if codec != videoAVC {
		name, ok := videoCodecs[codec]
		if !ok {
			name = "unknown video codec"
		}
		return videoTag{}, refuse(name)
	}
	if len(tag) < 5 {
		return videoTag{}, nil // an end of sequence, which some cut short
	}
	v := videoTag{key: frame == frameKey, offset: int24(tag[2:]), body: tag[5:]}
	switch tag[1] {
	case avcConfig:
		v.config = true
	case avcNALUs:
	default:
		v.body = nil // end of sequence
	}
	return v, nil
}

func enhancedVideo(tag []byte) (videoTag, error) {
	frame := tag[0] >> 4 & 0x07
	if frame == frameCommand {
		return videoTag{}, nil // has no FourCC
	}
	e, err := readEnhanced(tag)
	if err != nil {
		return videoTag{}, err
	}
	if e.packetType == packetMultitrack {
		if code := e.firstTrack(); code != "avc1" && fourCCs[code] != "" {
			return videoTag{}, refuseFourCC(code)
		}
		return videoTag{}, errors.New("several video tracks in one stream are not supported")
	}
	if e.fourCC != "avc1" {
		return videoTag{}, refuseFourCC(e.fourCC)
	}
	v := videoTag{key: frame == frameKey, body: e.body}
	switch e.packetType {
	case packetSequenceStart:
		v.config = true
	case packetCodedFrames:
		if len(e.body) < 3 {
			return videoTag{}, errShortTag
		}
		v.offset, v.body = int24(e.body), e.body[3:]
	case packetCodedFramesX:
	default:
		v.body = nil
	}
	return v, nil
}

// int24 is a signed number of 24 bits.
func int24(b []byte) int64 {
	return int64(int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8)
}
