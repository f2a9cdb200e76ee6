// Package flv turns the bodies of FLV's audio and video tags, which is what
// RTMP's messages are, into media packets (Video File Format Specification 10.1,
// annex E, and Enhanced RTMP v2).
//
// A Demuxer keeps the codec parameters of one publisher. It takes H.264 and AAC
// only and refuses all else by name, in words for whoever set up the encoder.
// Nothing here blocks, and no length is believed before the bytes are there.
package flv

import (
	"fmt"

	"ladderd/media"
)

// Demuxer reads the tags of one publisher. Its zero value is ready. A tag's
// bytes belong to the packet afterwards and must not change.
type Demuxer struct {
	video videoTrack
	audio audioTrack
}

// Video reads a video tag with the DTS ms. There is none or one packet in it:
// nil where the tag only tells parameters, or where pictures come before any
// parameters.
func (d *Demuxer) Video(ms int64, tag []byte) (*media.Packet, error) {
	p, err := d.video.read(ms, tag)
	if err != nil {
		return nil, fmt.Errorf("video: %w", err)
	}
	return p, nil
}

// Audio reads an audio tag with the timestamp ms, likewise.
func (d *Demuxer) Audio(ms int64, tag []byte) (*media.Packet, error) {
	p, err := d.audio.read(ms, tag)
	if err != nil {
		return nil, fmt.Errorf("audio: %w", err)
	}
	return p, nil
}

// FalseKeyframes counts the access units that the encoder marked as keyframes
// but that hold no IDR picture: viewers cannot start there, nor can a segment.
func (d *Demuxer) FalseKeyframes() int { return d.video.falseKeyframes }
