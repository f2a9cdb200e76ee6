package media

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

// VideoParams describes an H.264 track.
type VideoParams struct {
	SPS, PPS []byte // one NAL unit each, without start code or length
	// Width and Height are in pixels, after cropping.
	Width, Height int
	// Rate is what the SPS's VUI tells; zero where it tells none.
	Rate Rate
	// Reordered says that pictures may be stored out of display order
	// (B-frames).
	Reordered bool
	// Interlaced is true where the SPS allows fields.
	Interlaced bool
}

// NewVideoParams reads the parameter sets. It refuses what no picture could be
// decoded from.
func NewVideoParams(sps, pps []byte) (*VideoParams, error) {
	if len(sps) < 4 || h264.NALUType(sps[0]&0x1f) != h264.NALUTypeSPS {
		return nil, errors.New("H.264 sequence parameter set is missing")
	}
	if len(pps) < 2 || h264.NALUType(pps[0]&0x1f) != h264.NALUTypePPS {
		return nil, errors.New("H.264 picture parameter set is missing")
	}
	var s h264.SPS
	if err := s.Unmarshal(sps); err != nil {
		return nil, fmt.Errorf("H.264 sequence parameter set: %w", err)
	}
	if err := checkSize(&s); err != nil {
		return nil, err
	}
	v := &VideoParams{
		SPS: sps, PPS: pps, Width: s.Width(), Height: s.Height(),
		Reordered:  s.PicOrderCntType != 2,
		Interlaced: !s.FrameMbsOnlyFlag,
	}
	if c := s.FrameCropping; c != nil && (s.ChromaFormatIdc == 0 || s.SeparateColourPlaneFlag) {
		// The library crops nothing off the width of pictures without subsampled
		// chroma, where CropUnitX is 1 (ITU-T H.264, 7-19).
		v.Width = int(16*(s.PicWidthInMbsMinus1+1) - c.LeftOffset - c.RightOffset)
	}
	if v.Width <= 0 || v.Height <= 0 || v.Width > maxEdge || v.Height > maxEdge {
		return nil, fmt.Errorf("H.264 sequence parameter set: no picture has %d×%d pixels", v.Width, v.Height)
	}
	if s.VUI != nil && s.VUI.BitstreamRestriction != nil && s.VUI.BitstreamRestriction.MaxNumReorderFrames == 0 {
		v.Reordered = false
	}
	if fps := s.FPS(); fps > 0 {
		v.Rate = NominalRate(fps)
	}
	return v, nil
}

// maxEdge is about the longest edge of a picture, in pixels: level 6.2 allows 1,055
// macroblocks (ITU-T H.264, A.3.1).
const maxEdge = 16384

// checkSize refuses numbers with which the library's 32 bits would overflow, to a
// size that looks like any other.
func checkSize(s *h264.SPS) error {
	largest := max(s.PicWidthInMbsMinus1, s.PicHeightInMapUnitsMinus1)
	if largest >= maxEdge/16 {
		return fmt.Errorf("H.264 sequence parameter set: a picture of %d macroblocks in an edge; at most %d are allowed", int64(largest)+1, maxEdge/16)
	}
	if c := s.FrameCropping; c != nil && max(c.LeftOffset, c.RightOffset, c.TopOffset, c.BottomOffset) >= maxEdge {
		return errors.New("H.264 sequence parameter set: more is cropped than any picture has")
	}
	return nil
}

// Codec is the RFC 6381 name, such as "avc1.64001f".
func (v *VideoParams) Codec() string {
	return fmt.Sprintf("avc1.%02x%02x%02x", v.SPS[1], v.SPS[2], v.SPS[3])
}

// Same says whether a decoder set up for v decodes w unchanged.
func (v *VideoParams) Same(w *VideoParams) bool {
	if v == nil || w == nil {
		return v == w
	}
	return bytes.Equal(v.SPS, w.SPS) && bytes.Equal(v.PPS, w.PPS)
}

// AudioParams describes an AAC track.
type AudioParams struct {
	Config     []byte // AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)
	SampleRate int    // Hz
	Channels   int
}

// NewAudioParams reads an AudioSpecificConfig. It refuses all but AAC-LC in frames
// of FrameSamples samples, which is what IVS takes in (guide, "Audio Settings").
func NewAudioParams(config []byte) (*AudioParams, error) {
	var c mpeg4audio.AudioSpecificConfig
	if err := c.Unmarshal(config); err != nil {
		return nil, fmt.Errorf("AAC configuration: %w", err)
	}
	channels, known := channelsOf[c.ChannelConfig]
	switch {
	case c.ExtensionType != 0:
		return nil, fmt.Errorf("AAC configuration: HE-AAC (object type %d); only AAC-LC (2) is supported", c.ExtensionType)
	case c.Type != mpeg4audio.ObjectTypeAACLC:
		return nil, fmt.Errorf("AAC configuration: object type %d; only AAC-LC (2) is supported", c.Type)
	case c.FrameLengthFlag:
		return nil, fmt.Errorf("AAC configuration: frames of 960 samples; only %d are supported", FrameSamples)
	case !known:
		return nil, errors.New("AAC configuration: the channels are told by a program config element; only channel configurations 1 to 7 are supported")
	case c.SampleRate < minSampleRate || c.SampleRate > maxSampleRate:
		return nil, fmt.Errorf("AAC configuration: %d Hz; only %d to %d are supported", c.SampleRate, minSampleRate, maxSampleRate)
	}
	return &AudioParams{Config: config, SampleRate: c.SampleRate, Channels: channels}, nil
}

// NewAACLC makes the parameters of an AAC-LC track.
func NewAACLC(sampleRate, channels int) (*AudioParams, error) {
	if sampleRate < minSampleRate || sampleRate > maxSampleRate {
		return nil, fmt.Errorf("AAC configuration for %d Hz: only %d to %d are supported", sampleRate, minSampleRate, maxSampleRate)
	}
	for configuration, n := range channelsOf {
		if n != channels {
			continue
		}
		c := mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: sampleRate, ChannelConfig: configuration}
		b, err := c.Marshal()
		if err != nil {
			return nil, fmt.Errorf("AAC configuration for %d Hz, %d channels: %w", sampleRate, channels, err)
		}
		return &AudioParams{Config: b, SampleRate: sampleRate, Channels: channels}, nil
	}
	return nil, fmt.Errorf("AAC configuration: none has %d channels", channels)
}

// Sample rates for which AAC has an index (ISO/IEC 14496-3, table 1.18), in Hz.
const minSampleRate, maxSampleRate = 7350, 96000

// channelsOf is what channel configurations mean (ISO/IEC 14496-3, table 1.19).
var channelsOf = map[uint8]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}

// Codec is the RFC 6381 name.
func (a *AudioParams) Codec() string { return "mp4a.40.2" }

// Same says whether a decoder set up for a decodes b unchanged.
func (a *AudioParams) Same(b *AudioParams) bool {
	if a == nil || b == nil {
		return a == b
	}
	return bytes.Equal(a.Config, b.Config)
}

// FrameSamples is the number of samples in an AAC frame.
const FrameSamples = 1024

// FrameTicks is how long n frames last, rounded down to a tick.
func (a *AudioParams) FrameTicks(n int64) Ticks {
	return Ticks(n * FrameSamples * Clock / int64(a.SampleRate))
}
