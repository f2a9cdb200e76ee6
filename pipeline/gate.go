package pipeline

import (
	"errors"
	"fmt"

	"ladderd/media"
)

// gate stands between the workers and the stream: whatever number of workers a
// stream has had, each output is one track whose PTS rises, begins with its
// parameters and, where it is video, resumes with an IDR.
type gate struct {
	videos, audios []lane
	// after is the highest PTS that is out over all video outputs, or over all
	// audio outputs where the job has no video.
	after media.Ticks
}

type lane struct {
	last  media.Ticks // PTS
	begun bool        // the present worker has put out something that passed
	held  params      // as the present worker last told them
}

func newGate(job Job) *gate {
	g := &gate{videos: make([]lane, len(job.Videos)), audios: make([]lane, len(job.Audios)), after: job.After}
	for i := range g.videos {
		g.videos[i].last = job.After
	}
	for i := range g.audios {
		g.audios[i].last = job.After
	}
	return g
}

// resume prepares for another worker, which is told to begin past g.after.
func (g *gate) resume() {
	for i := range g.videos {
		g.videos[i] = lane{last: g.after}
	}
	for i, l := range g.audios {
		if l.begun {
			// Where the replacement's frames lie otherwise none may begin in the last one. One
			// that has put out nothing new adds none: a few of these would be a frame.
			l.last += l.held.audio.FrameTicks(1) / 2
		}
		g.audios[i] = lane{last: l.last}
	}
}

// heard is up to where all audio outputs are out. Audio encoders hold some frames back, so
// it may be less than after.
func (g *gate) heard() media.Ticks {
	heard := g.after
	for _, l := range g.audios {
		heard = min(heard, l.last)
	}
	return heard
}

// pass says whether o goes on to the stream. What another worker has put out
// already does not. An error means that the worker cannot be trusted.
func (g *gate) pass(o *Output) (bool, error) {
	p := &o.Packet
	lanes := g.audios
	if p.Kind == media.Video {
		lanes = g.videos
	}
	if o.Index < 0 || o.Index >= len(lanes) {
		return false, fmt.Errorf("%s output %d of %d", p.Kind, o.Index, len(lanes))
	}
	l := &lanes[o.Index]
	l.held.update(*p)
	if p.PTS <= l.last {
		if l.begun && p.Kind == media.Video {
			return false, fmt.Errorf("video output %d went from %d back to %d", o.Index, l.last, p.PTS)
		}
		return false, nil
	}
	if !l.begun {
		if err := l.begin(p); err != nil {
			return false, fmt.Errorf("%s output %d: %w", p.Kind, o.Index, err)
		}
	}
	l.last = p.PTS
	if p.Kind == media.Video || len(g.videos) == 0 {
		g.after = max(g.after, p.PTS)
	}
	return true, nil
}

// begin gives the first packet the parameters, which may have come with one that
// was held back.
func (l *lane) begin(p *media.Packet) error {
	if p.Kind == media.Video && !p.Key {
		return errors.New("does not begin with an IDR")
	}
	if p.Kind == media.Video && l.held.video == nil || p.Kind == media.Audio && l.held.audio == nil {
		return errors.New("begins without parameters")
	}
	p.Video, p.Audio = l.held.video, l.held.audio
	l.begun = true
	return nil
}
