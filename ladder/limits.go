package ladder

import (
	"fmt"
	"slices"
)

// Limits of what a publisher may send: the guide's "Service Quotas", lines 8916–8927.
const (
	// MaxPixels and MaxEdge bound the picture, whatever the channel type (line 8927).
	MaxPixels = 2_100_000
	MaxEdge   = 1920 // pixels

	// MaxAudioBitrate is the most that the guide has encoders set for audio, in bits
	// per second (line 9182).
	MaxAudioBitrate = 320_000
	// maxChannels is stereo (line 9184).
	maxChannels = 2

	// minEdge is the smallest side that 4:2:0 video can have.
	minEdge = 2 // pixels
)

// sampleRates are what audio may have, in Hz (line 9183).
var sampleRates = []int{44100, 48000}

// bitrateLimit is the most that a channel takes in, in bits per second.
type bitrateLimit struct {
	sd int // short side up to 480 pixels
	hd int // above
}

// bitrateLimits quotes lines 8916–8924.
var bitrateLimits = map[Type]bitrateLimit{
	Basic:      {1_500_000, 3_500_000},
	Standard:   {8_500_000, 8_500_000},
	AdvancedHD: {8_500_000, 8_500_000},
	AdvancedSD: {8_500_000, 8_500_000},
}

// MaxBitrate is the most that a publisher may send to a channel of type t, audio
// and video together, in bits per second; 0 for a type that does not exist.
func MaxBitrate(t Type, in Input) int {
	if min(in.Width, in.Height) <= 480 {
		return bitrateLimits[t].sd
	}
	return bitrateLimits[t].hd
}

// LimitError says which limit an input exceeds, in the words of the guide's event
// "IVS Limit Breach" (lines 7955–8011).
type LimitError struct {
	Limit int    // the most that is allowed
	By    int    // how much more came in
	Unit  string // "total pixels" or "pixels per edge"
	Input Input
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("ingest resolution %d×%d exceeds the limit of %d %s by %d",
		e.Input.Width, e.Input.Height, e.Limit, e.Unit, e.By)
}

// Check refuses a picture size that a channel of type t does not take: with a
// LimitError where it is too large.
func Check(t Type, in Input) error {
	if _, ok := bitrateLimits[t]; !ok {
		return unknownType(t)
	}
	if in.Width < minEdge || in.Height < minEdge {
		return fmt.Errorf("ingest resolution %d×%d is too small: %d×%d is the least",
			in.Width, in.Height, minEdge, minEdge)
	}
	if edge := max(in.Width, in.Height); edge > MaxEdge {
		return &LimitError{Limit: MaxEdge, By: edge - MaxEdge, Unit: "pixels per edge", Input: in}
	}
	if pixels := in.Width * in.Height; pixels > MaxPixels {
		return &LimitError{Limit: MaxPixels, By: pixels - MaxPixels, Unit: "total pixels", Input: in}
	}
	return nil
}

// CheckAudio refuses audio beyond the guide's "Audio Settings" (lines 9177–9184), in
// words that say what to set. That it is AAC-LC has been seen to by whoever read its
// parameters.
func CheckAudio(sampleRate, channels int) error {
	if !slices.Contains(sampleRates, sampleRate) {
		return fmt.Errorf("the audio has a sample rate of %d Hz: set the encoder to 44100 or 48000", sampleRate)
	}
	if channels < 1 || channels > maxChannels {
		return fmt.Errorf("the audio has %d channels: set the encoder to stereo or mono", channels)
	}
	return nil
}
