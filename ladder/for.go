package ladder

import (
	"fmt"
	"math"
	"slices"

	"ladderd/media"
)

// For says what a channel of type t with preset p makes of the input, best
// rendition first, audio_only last. An ADVANCED channel without a preset has
// HigherBandwidth; a preset on another type is an error, as is a size that Check
// refuses.
//
// No rendition is larger or faster than the input. An input without a known rate
// counts as 30 frames per second; one without audio gets no audio.
func For(t Type, p Preset, in Input) ([]Rendition, error) {
	l, err := ladderOf(t, p)
	if err != nil {
		return nil, err
	}
	if err := Check(t, in); err != nil {
		return nil, err
	}
	if fps := in.Rate.Float(); fps <= 0 || fps > maxInputRate {
		in.Rate = media.Rate{Num: slowest, Den: 1}
	}
	renditions := l.videos(in)
	if !in.Audio {
		for i := range renditions {
			renditions[i].Audio, renditions[i].AudioBitrate = None, 0
		}
		return renditions, nil
	}
	return append(renditions, l.audio()), nil
}

// PassesVideo says whether one of the renditions passes the source's video
// through: then the source's own IDRs are the grid of all others.
func PassesVideo(renditions []Rendition) bool {
	return slices.ContainsFunc(renditions, func(r Rendition) bool { return r.Video == Passthrough })
}

func (l ladder) videos(in Input) []Rendition {
	var out []Rendition
	// 4:2:0 video has even sizes: an encoder sees an odd input without its last
	// column or row.
	even := in
	even.Width, even.Height = in.Width&^1, in.Height&^1
	if s := l.source; s.treatment == Passthrough && s.takes(in) {
		out = append(out, passthrough(in))
	} else if s.treatment == Transcode && s.takes(even) {
		out = append(out, transcode(even, fastest, s.video, s.audio))
	}
	for _, r := range l.rungs {
		if r.short <= even.short() {
			out = append(out, r.of(even.scaled(r.short)))
		}
	}
	if len(out) == 0 {
		smallest := l.rungs[len(l.rungs)-1]
		out = append(out, smallest.of(even))
	}
	return out
}

func (l ladder) audio() Rendition {
	if l.audioOnly == 0 {
		return Rendition{Name: AudioOnly, Audio: Passthrough, OnRequest: true}
	}
	return Rendition{Name: AudioOnly, Audio: Transcode, AudioBitrate: l.audioOnly}
}

func (s source) takes(in Input) bool {
	return in.short() > s.above && in.short() < s.below
}

// of makes the rung's rendition of an input that has been scaled for it.
func (r rung) of(in Input) Rendition {
	if r.video60 > 0 && rounded(in.Rate) > slowest {
		return transcode(in, fastest, r.video60, r.audio)
	}
	return transcode(in, slowest, r.video30, r.audio)
}

// transcode makes a rendition of the input's size at up to maxRate frames per
// second. Without a figure for the audio, the source's is passed through.
func transcode(in Input, maxRate, video, audio int) Rendition {
	in.Rate = atMost(in.Rate, maxRate)
	out := passthrough(in)
	out.Video, out.VideoBitrate = Transcode, video
	if audio > 0 {
		out.Audio, out.AudioBitrate = Transcode, audio
	}
	return out
}

func passthrough(in Input) Rendition {
	return Rendition{
		Name: name(in.short(), in.Rate), Video: Passthrough, Audio: Passthrough,
		Width: in.Width, Height: in.Height, Rate: in.Rate,
	}
}

// short is the side that rungs are named for: the height of landscape, the width
// of portrait video (the guide's lines 14324–14357).
func (in Input) short() int { return min(in.Width, in.Height) }

// scaled is the input at short pixels on the short side. The long side keeps the
// aspect, rounded down to a multiple of 4: 852×480 and 284×160 (the guide's lines
// 14336–14339).
func (in Input) scaled(short int) Input {
	out := in
	long := in.longAt(short) &^ 3
	if in.Width < in.Height {
		out.Width, out.Height = short, long
	} else {
		out.Width, out.Height = long, short
	}
	return out
}

// longAt is the long side at short pixels on the short side. What is 16:9 but for
// rounding counts as just that: else 852×480, which the guide recommends to
// broadcasters (line 9077), would give 636×360, and aspects that differ by rung.
func (in Input) longAt(short int) int {
	long := max(in.Width, in.Height)
	if off := 9*long - 16*in.short(); -18 < off && off < 18 { // less than 2 pixels
		return short * 16 / 9
	}
	return long * short / in.short()
}

// Frame rates that the guide's renditions are named for.
const (
	slowest = 30
	fastest = 60

	// maxInputRate bounds what can be a rate at all, in frames per second.
	maxInputRate = 1000
)

// atMost divides r by the smallest whole number that brings it to limit frames per
// second, as a name would round it: a camera that gives 30.2 is not halved.
func atMost(r media.Rate, limit int) media.Rate {
	n := 1
	for rounded(r.Divide(n)) > limit {
		n++
	}
	return r.Divide(n)
}

func rounded(r media.Rate) int { return int(math.Round(r.Float())) }

// name is as the guide has it; a slide show of less than a frame in two seconds
// is still "…p1".
func name(short int, r media.Rate) string {
	return fmt.Sprintf("%dp%d", short, max(1, rounded(r)))
}
