package density

import (
	"errors"
	"fmt"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline/route"
)

// Stream is a kind of channel: its ladder, of a clip.
type Stream struct {
	Name string // "STANDARD of 1080p60"
	clip *Clip
	plan *route.Plan
	out  []string // names of Job.Videos and then Job.Audios
}

// NewStream makes a stream of a channel type and preset, empty for the type's own. source names
// the clip. A ladder that transcodes nothing is refused: nothing could fall behind.
func NewStream(t ladder.Type, preset ladder.Preset, clip *Clip, source string) (*Stream, error) {
	name := fmt.Sprintf("%s of %s", t, source)
	if preset != "" {
		name = fmt.Sprintf("%s (%s) of %s", t, preset, source)
	}
	renditions, err := ladder.For(t, preset, ladder.Input{
		Width: clip.Video.Width, Height: clip.Video.Height, Rate: clip.Rate, Audio: clip.Audio != nil,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &Stream{Name: name, clip: clip, plan: route.New("bench", renditions, route.Source{Video: clip.Video, Audio: clip.Audio, Rate: clip.Rate}, start)}
	if !s.plan.Transcodes() {
		return nil, fmt.Errorf("%s: %w", name, errNothing)
	}
	for _, r := range s.plan.MadeVideo {
		s.out = append(s.out, renditions[r].Name)
	}
	for _, a := range s.plan.Job.Audios {
		s.out = append(s.out, fmt.Sprintf("audio %d kb/s", a.Bitrate/1000))
	}
	return s, nil
}

var errNothing = errors.New("this channel passes its source through: there is nothing to transcode")

// index is an output's in out.
func (s *Stream) index(kind media.Kind, i int) int {
	if kind == media.Audio {
		return len(s.plan.Job.Videos) + i
	}
	return i
}
