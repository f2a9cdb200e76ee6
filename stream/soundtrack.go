package stream

import (
	"fmt"

	"ladderd/media"
)

const (
	// soundGap is how far audio may be from where it should be before frames are
	// filled in or left out. Within it the timestamps are followed smoothly: RTMP's
	// milliseconds jitter by half of one, and hardware stamps in bursts.
	soundGap media.Ticks = media.Clock / 20 // 50 ms
	// soundSlew is the part of a deviation that is made good with each frame.
	soundSlew = 64
	// soundLag is how far audio may stay behind video before it is held to be
	// missing; it grows to soundLagMost for a source whose audio is always later.
	soundLag     = media.Clock / 2
	soundLagMost = 3 * media.Clock
	// soundFillMost bounds the silence made at once, whatever a timestamp says.
	soundFillMost = jumpAhead
)

// soundtrack makes a stream's audio gapless: what the source left out becomes
// silence, so that neither a player's buffer nor an encoder meets a hole, and
// audio that begins late is silence until then.
type soundtrack struct {
	params *media.AudioParams
	quiet  []byte      // a silent frame
	next   media.Ticks // PTS of the next frame
	rest   int64       // what FrameTicks' rounding owes next, in 1/SampleRate ticks
	lag    media.Ticks
	video  media.Ticks // DTS of the newest video
	told   bool        // the parameters have been put out
	silent bool        // the last frame put out was silence
	filled int         // frames of silence
	late   int         // frames dropped because their time had been filled
}

func newSoundtrack(params *media.AudioParams, begin media.Ticks) (*soundtrack, error) {
	quiet, err := media.Silence(params.Channels)
	if err != nil {
		return nil, fmt.Errorf("make silence for %d channels: %w", params.Channels, err)
	}
	return &soundtrack{params: params, quiet: quiet, next: begin, lag: soundLag}, nil
}

// place puts out p, preceded by the silence that leads up to it; nothing where
// its time is past.
func (s *soundtrack) place(p media.Packet) []media.Packet {
	off, gap := p.PTS-s.next, soundGap
	if s.silent {
		gap = s.frame() / 2 // silence has no phase to keep
	}
	if off < -gap {
		s.late++
		s.lag = max(s.lag, min(soundLagMost, s.video-p.PTS))
		return nil
	}
	var out []media.Packet
	switch {
	case !s.told && off > 0:
		// Whole frames of silence lead up to the first one, which then needs no slewing.
		s.next += off % s.frame()
		out = s.fill(p.PTS - s.frame()/2)
	case off > gap:
		out = s.fill(p.PTS - s.frame()/2)
	}
	s.next += min(p.PTS-s.next, soundGap) / soundSlew
	s.silent = false
	return append(out, s.stamp(p.Data, p))
}

// follow fills in what is missing once the video has come to videoDTS.
func (s *soundtrack) follow(videoDTS media.Ticks) []media.Packet {
	s.video = videoDTS
	if s.next >= videoDTS-s.lag {
		return nil
	}
	return s.fill(videoDTS - s.lag)
}

// leadUp makes the silence that leads up to another source's beginning at at.
func (s *soundtrack) leadUp(at media.Ticks) []media.Packet {
	filled := s.filled
	out := s.fill(at - s.frame()/2)
	s.filled = filled // nothing that an encoder has done
	s.silent = true   // what comes has a phase of its own
	return out
}

func (s *soundtrack) fill(upTo media.Ticks) []media.Packet {
	var out []media.Packet
	for from := s.next; s.next < upTo && s.next-from < soundFillMost; s.filled++ {
		out = append(out, s.stamp(s.quiet, media.Packet{}))
		s.silent = true
	}
	return out
}

// stamp makes the frame at next and moves on by exactly 1024 samples.
func (s *soundtrack) stamp(data []byte, from media.Packet) media.Packet {
	p := media.Packet{Kind: media.Audio, PTS: s.next, DTS: s.next, Data: data, Arrived: from.Arrived}
	if !s.told {
		p.Audio, s.told = s.params, true
	}
	rate := int64(s.params.SampleRate)
	s.rest += media.FrameSamples * media.Clock
	s.next += media.Ticks(s.rest / rate)
	s.rest %= rate
	return p
}

func (s *soundtrack) frame() media.Ticks { return s.params.FrameTicks(1) }
