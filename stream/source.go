package stream

import (
	"cmp"

	"ladderd/ingest"
)

// Source is what a publisher sends, as the API's stream sessions show it (guide, line 2228):
// what its media say of themselves, and what the encoder says of its settings. Bit rates are
// in bits per second, and 0 where the encoder tells none.
type Source struct {
	Encoder string       `json:"encoder,omitempty"` // what it calls itself; empty where it does not
	Video   SourceVideo  `json:"video"`
	Audio   *SourceAudio `json:"audio,omitempty"` // nil where there is none
}

// SourceVideo is the video's part of a Source.
type SourceVideo struct {
	Codec   string `json:"codec"`   // RFC 6381: "avc1.64001f"
	Profile string `json:"profile"` // "High"; see media.VideoParams
	Level   string `json:"level"`   // "3.1"
	Width   int    `json:"width"`   // pixels
	Height  int    `json:"height"`
	// FrameRate is the encoder's word, in frames per second, and as its first pictures came
	// where it says nothing.
	FrameRate     float64 `json:"frame_rate"`
	TargetBitrate int     `json:"target_bitrate_bps,omitempty"`
}

// SourceAudio is the audio's part of a Source.
type SourceAudio struct {
	Codec         string `json:"codec"`       // RFC 6381: "mp4a.40.2"
	SampleRate    int    `json:"sample_rate"` // Hz
	Channels      int    `json:"channels"`
	TargetBitrate int    `json:"target_bitrate_bps,omitempty"`
}

// describe is what came, with what was said of it.
func (s *source) describe(m ingest.Metadata) *Source {
	v := s.video
	described := &Source{Encoder: m.Encoder, Video: SourceVideo{
		Codec: v.Codec(), Profile: v.Profile(), Level: v.Level(), Width: v.Width, Height: v.Height,
		FrameRate: cmp.Or(m.FrameRate, s.input.Rate.Float()), TargetBitrate: m.VideoBitrate,
	}}
	if a := s.audio; a != nil {
		described.Audio = &SourceAudio{
			Codec: a.Codec(), SampleRate: a.SampleRate, Channels: a.Channels, TargetBitrate: m.AudioBitrate,
		}
	}
	return described
}
