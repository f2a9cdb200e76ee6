package ladder

import "ladderd/media"

// Type is a channel type.
type Type string

// The channel types of the IVS guide.
const (
	Standard   Type = "STANDARD"
	Basic      Type = "BASIC"
	AdvancedSD Type = "ADVANCED_SD"
	AdvancedHD Type = "ADVANCED_HD"
)

// Preset is the transcode preset of an ADVANCED channel; empty elsewhere.
type Preset string

// The transcode presets; an ADVANCED channel without one has HigherBandwidth.
const (
	HigherBandwidth      Preset = "HIGHER_BANDWIDTH_DELIVERY"
	ConstrainedBandwidth Preset = "CONSTRAINED_BANDWIDTH_DELIVERY"
)

// AudioOnly is the name of the rendition without video.
const AudioOnly = "audio_only"

// Input is what the publisher sends.
type Input struct {
	Width, Height int // pixels, after cropping
	Rate          media.Rate
	Audio         bool // it has an audio track
}

// Treatment says what happens to a track on its way into a rendition.
type Treatment uint8

const (
	None        Treatment = iota // the rendition has no such track
	Passthrough                  // the source's packets, unchanged
	Transcode                    // decoded and encoded anew
)

// Rendition is one rung of a ladder.
type Rendition struct {
	Name string // "<short side>p<frames per second>", or AudioOnly

	Video         Treatment
	Width, Height int        // pixels; the input's own where passed through
	Rate          media.Rate // the input's, or a whole fraction of it where the rung asks for that
	VideoBitrate  int        // bits per second where transcoded, else 0

	Audio        Treatment
	AudioBitrate int // bits per second where transcoded, else 0

	// OnRequest renditions are listed only for viewers that ask for them
	// (audio_only of STANDARD and BASIC: ?allow_audio_only=true).
	OnRequest bool
}
