package flv

import (
	"errors"

	"ladderd/media"
)

// aacConfig is the AACPacketType of an AudioSpecificConfig (annex E.4.2.2).
const aacConfig = 0

type audioTrack struct {
	params  *media.AudioParams
	changed bool // params are not on a packet yet
}

func (t *audioTrack) read(ms int64, tag []byte) (*media.Packet, error) {
	if len(tag) == 0 {
		return nil, nil
	}
	config, body, err := audioBody(tag)
	if err != nil || len(body) == 0 {
		return nil, err
	}
	if config {
		return nil, t.configure(body)
	}
	if t.params == nil {
		return nil, nil
	}
	p := &media.Packet{Kind: media.Audio, PTS: media.FromMillis(ms), DTS: media.FromMillis(ms), Data: body}
	if t.changed {
		p.Audio, t.changed = t.params, false
	}
	return p, nil
}

func (t *audioTrack) configure(config []byte) error {
	params, err := media.NewAudioParams(config)
	if err != nil {
		return err
	}
	if !params.Same(t.params) {
		t.params, t.changed = params, true
	}
	return nil
}

// audioBody takes off the tag's head. The body is empty for what means nothing
// here.
func audioBody(tag []byte) (config bool, body []byte, err error) {
	switch format := tag[0] >> 4; format {
	case soundAAC:
		if len(tag) < 2 {
			return false, nil, nil
		}
		return tag[1] == aacConfig, tag[2:], nil
	case soundEnhanced:
		return enhancedAudio(tag)
	default:
		name, ok := soundFormats[format]
		if !ok {
			name = "unknown sound format"
		}
		return false, nil, refuse(name)
	}
}

func enhancedAudio(tag []byte) (config bool, body []byte, err error) {
	e, err := readEnhanced(tag)
	if err != nil {
		return false, nil, err
	}
	if e.packetType == packetMultitrackA {
		return false, nil, errors.New("several audio tracks in one stream are not supported")
	}
	if e.fourCC != "mp4a" {
		return false, nil, refuseFourCC(e.fourCC)
	}
	switch e.packetType {
	case packetSequenceStart:
		return true, e.body, nil
	case packetCodedFrames:
		return false, e.body, nil
	}
	return false, nil, nil
}
