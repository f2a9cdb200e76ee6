package ladder

import "math"

// The ladders of the Amazon IVS Low-Latency Streaming User Guide, section "Streaming
// Configuration", "Channel Types"; the lines named are those of its text form. Sizes
// are the short side of the picture in pixels; figures are bits per second.

// ladder is what a channel type and preset make of all inputs.
type ladder struct {
	source source
	rungs  []rung // best first; those that the input is large enough for are made
	// audioOnly is the figure of the audio_only rendition, which every multivariant
	// playlist then lists; 0 where it passes the source's audio through and is listed
	// on request (lines 4424–4428).
	audioOnly int
}

// source is the rung of the input's own size, for inputs whose short side lies
// between above and below, both exclusive.
type source struct {
	above, below int
	treatment    Treatment
	video, audio int // where transcoded
}

// rung is a rendition of a fixed size.
type rung struct {
	short int
	// video30 is for what comes out at up to 30 frames per second, video60 for what
	// is above; a rung without video60 divides the source's rate down to 30.
	video30, video60 int
	audio            int // 0: the source's audio is passed through
}

// anySize is above every input's short side.
const anySize = math.MaxInt

// standard quotes lines 9114–9122.
var standard = ladder{
	source: source{above: 720, below: anySize, treatment: Passthrough},
	rungs: []rung{
		{720, 2_400_000, 3_400_000, 0},
		{480, 1_400_000, 0, 0},
		{360, 630_000, 0, 64_000},
		{160, 230_000, 0, 48_000},
	},
}

// basic quotes lines 9163–9164.
var basic = ladder{
	source: source{above: 0, below: anySize, treatment: Passthrough},
}

// advancedHD quotes lines 9138–9143. Line 9139 gives audio_only of the constrained
// preset 0.08 Mbps, against 64 kbps in all other rows: a misprint.
var advancedHD = map[Preset]ladder{
	HigherBandwidth: {
		source:    source{above: 480, below: 720, treatment: Transcode, video: 2_300_000, audio: 128_000},
		rungs:     append([]rung{{720, 2_300_000, 3_000_000, 128_000}}, higherBandwidthSD...),
		audioOnly: 64_000,
	},
	ConstrainedBandwidth: {
		source:    source{above: 480, below: 720, treatment: Transcode, video: 1_900_000, audio: 128_000},
		rungs:     append([]rung{{720, 1_900_000, 2_200_000, 128_000}}, constrainedBandwidthSD...),
		audioOnly: 64_000,
	},
}

// advancedSD quotes line 9153.
var advancedSD = map[Preset]ladder{
	HigherBandwidth:      {rungs: higherBandwidthSD, audioOnly: 64_000},
	ConstrainedBandwidth: {rungs: constrainedBandwidthSD, audioOnly: 64_000},
}

// The rungs that ADVANCED_HD and ADVANCED_SD share.
var (
	higherBandwidthSD = []rung{
		{480, 1_300_000, 0, 128_000},
		{360, 700_000, 0, 64_000},
		{160, 270_000, 0, 48_000},
	}
	constrainedBandwidthSD = []rung{
		{480, 800_000, 0, 128_000},
		{360, 400_000, 0, 64_000},
		{160, 220_000, 0, 48_000},
	}
)
