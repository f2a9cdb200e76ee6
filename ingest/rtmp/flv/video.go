package flv

import (
	"errors"

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
	lengthSize     int // bytes before each NAL unit; 0 until known
	sets           parameterSets
	params         *media.VideoParams
	changed        bool   // params are not on a packet yet
	leading        []byte // SEI that came in a tag without a picture
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
		return nil, t.configure(v.body)
	}
	return t.accessUnit(ms, v)
}

// configure takes an AVCDecoderConfigurationRecord.
func (t *videoTrack) configure(record []byte) error {
	lengthSize, sets, err := readConfiguration(record)
	if err != nil {
		return err
	}
	t.lengthSize, t.sets = lengthSize, sets
	return t.update()
}

// update makes new parameters if the sets have changed in what a decoder must
// know beforehand. A configuration may have none: then they come in band.
func (t *videoTrack) update() error {
	if t.sets.empty() {
		return nil
	}
	sps, pps := t.sets.primary()
	if t.params != nil && string(sps) == string(t.params.SPS) && string(pps) == string(t.params.PPS) {
		return nil
	}
	params, err := media.NewVideoParams(sps, pps)
	if err != nil {
		return err
	}
	t.params, t.changed = params, true
	return nil
}

func (t *videoTrack) accessUnit(ms int64, v videoTag) (*media.Packet, error) {
	units, err := splitUnits(v.body, t.lengthSize)
	if err != nil {
		return nil, err
	}
	au := t.sort(units)
	if au.setsChanged {
		if err := t.update(); err != nil {
			return nil, err
		}
	}
	if t.params == nil || len(au.units) == 0 {
		return nil, nil
	}
	if !au.picture {
		t.leading = appendUnits(nil, au.units)
		return nil, nil
	}
	if v.key && !au.idr {
		t.falseKeyframes++
	}
	p := &media.Packet{
		Kind: media.Video, Key: au.idr,
		DTS: media.FromMillis(ms), PTS: media.FromMillis(ms + v.offset),
	}
	if au.idr || au.setsChanged {
		p.Data = appendUnits(nil, t.sets.further())
	}
	p.Data = appendUnits(append(p.Data, t.leading...), au.units)
	t.leading = nil
	if t.changed {
		p.Video, t.changed = t.params, false
	}
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
