package stream

import (
	"fmt"
	"slices"

	"ladderd/media"
)

const (
	// stretchLeast and stretchMost are how much media a bit rate is taken of, twice the
	// distance of keyframes: these alone are no spikes.
	stretchLeast = 2 * media.Clock
	stretchMost  = 20 * media.Clock
	// stretches are remembered, and stretchesKnown have to be known before anything is said.
	stretches      = 16
	stretchesKnown = 4
	// spikesFound is how many spikes there have to be among them. One is a cut to another
	// scene.
	spikesFound = 3

	// A spike begins at spikeUsual times the usual bit rate, if that is spikeAnnounced times
	// what the encoder announced too, and is over below spikeOver of where it began.
	spikeUsual, spikeAnnounced, spikeOver = 2, 1.5, 0.75
	// spikeShare is the share of the channel's limit below which no bit rate hurts: of a
	// screen that was still, each movement is a spike.
	spikeShare = 1. / 3
)

// spikes tells whether the video's bit rate leaps: an encoder with a variable one (VBR), or
// with no bound of it. Viewers whose network just carries the usual bit rate stop at each.
// The guide asks for a constant one ("Bitrate Spikes and Dips", line 9544). It is measured by
// media time: what a network has held up comes all at once, and is no spike. A bit rate that
// rises and stays is none either.
type spikes struct {
	bits  int // of the stretch that is looked at
	media media.Ticks
	rates [stretches]float64 // bits per second
	rose  [stretches]bool    // a spike began there
	known int
	next  int
	high  bool // the last stretch was in a spike
}

// spiking is what is wrong, in bits per second.
type spiking struct {
	times                  int
	peak, usual, announced float64
}

func (s spiking) String() string {
	text := fmt.Sprintf("the video's bit rate rose to %.1f Mb/s, and %d times of late above twice its usual %.1f Mb/s", s.peak/1e6, s.times, s.usual/1e6)
	if s.announced > 0 {
		text += fmt.Sprintf(" (the encoder announces %.1f)", s.announced/1e6)
	}
	return text + ": set the encoder to a constant bit rate (CBR), with a buffer (VBV) of 1 to 2 s"
}

// take adds a second. It says that the bit rate leaps where another spike makes it
// spikesFound. interval is the distance of keyframes, announced what the encoder says of its
// video, most what the channel may have; each 0 where it is not known.
func (s *spikes) take(a arrivals, interval media.Ticks, announced, most int) (spiking, bool) {
	s.bits += a.video
	s.media += a.media
	if s.media < min(max(2*interval, stretchLeast), stretchMost) {
		return spiking{}, false
	}
	rate, usual := float64(s.bits)/s.media.Seconds(), s.usual()
	s.bits, s.media = 0, 0
	begins := max(spikeUsual*usual, spikeAnnounced*float64(announced), spikeShare*float64(most))
	rose := s.known >= stretchesKnown && !s.high && rate > begins
	if rose || rate < spikeOver*begins {
		s.high = rose
	}
	s.rates[s.next], s.rose[s.next] = rate, rose
	s.next = (s.next + 1) % stretches
	s.known = min(s.known+1, stretches)
	times := 0
	for _, r := range s.rose {
		if r {
			times++
		}
	}
	return spiking{times, rate, usual, float64(announced)}, rose && times >= spikesFound
}

// usual is the median: spikes do not count for it.
func (s *spikes) usual() float64 {
	if s.known == 0 {
		return 0
	}
	sorted := s.rates
	slices.Sort(sorted[:s.known])
	return sorted[s.known/2]
}
