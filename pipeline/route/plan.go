// Package route says which way each packet of a stream goes: from a ladder's renditions
// to the job of the stream's worker, and back from its outputs to the renditions. It is
// pure, and shared by all that run a ladder: streams, and the bench that counts how many
// of them a machine carries.
package route

import (
	"slices"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
)

// GridPeriod is the distance of IDRs where no rendition passes the source's own
// through ("at most 2 seconds between keyframes", guide line 4412).
const GridPeriod = 2 * media.Clock

// Source is what the ladder is made of.
type Source struct {
	Video *media.VideoParams
	Audio *media.AudioParams // nil where there is none
	Rate  media.Rate
}

// Plan is the way of each packet.
type Plan struct {
	Job pipeline.Job // without outputs where nothing is transcoded

	PassVideo, PassAudio []int   // renditions that take the source's packets
	MadeVideo            []int   // rendition by index into Job.Videos
	MadeAudio            [][]int // renditions by index into Job.Audios
}

// New plans a stream whose first IDR is at origin. What makes the renditions is not
// decided here: Job.Backend is left to the caller.
func New(stream string, renditions []ladder.Rendition, src Source, origin media.Ticks) *Plan {
	p := &Plan{Job: pipeline.Job{Stream: stream, Video: *src.Video, Rate: src.Rate, After: -1}}
	if !ladder.PassesVideo(renditions) {
		p.Job.Grid = pipeline.Grid{Period: GridPeriod, Origin: origin}
	}
	for i, r := range renditions {
		p.routeVideo(i, r)
		p.routeAudio(i, r, src.Audio)
	}
	return p
}

func (p *Plan) routeVideo(i int, r ladder.Rendition) {
	switch r.Video {
	case ladder.Passthrough:
		p.PassVideo = append(p.PassVideo, i)
	case ladder.Transcode:
		p.MadeVideo = append(p.MadeVideo, i)
		p.Job.Videos = append(p.Job.Videos, pipeline.VideoOutput{
			Width: r.Width, Height: r.Height, Rate: r.Rate, Bitrate: r.VideoBitrate,
		})
	}
}

// routeAudio gives renditions with the same figure one encoding to share.
func (p *Plan) routeAudio(i int, r ladder.Rendition, audio *media.AudioParams) {
	switch r.Audio {
	case ladder.Passthrough:
		p.PassAudio = append(p.PassAudio, i)
	case ladder.Transcode:
		p.Job.Audio = audio
		for j, made := range p.Job.Audios {
			if made.Bitrate == r.AudioBitrate {
				p.MadeAudio[j] = append(p.MadeAudio[j], i)
				return
			}
		}
		p.Job.Audios = append(p.Job.Audios, pipeline.AudioOutput{Bitrate: r.AudioBitrate})
		p.MadeAudio = append(p.MadeAudio, []int{i})
	}
}

// Sheddable is which outputs of the job may be left out, none first (ladder.Shed).
func (p *Plan) Sheddable(renditions []ladder.Rendition) (choices [][]int) {
	for _, some := range ladder.Shed(renditions) {
		var outputs []int
		for _, r := range some {
			outputs = append(outputs, slices.Index(p.MadeVideo, r))
		}
		choices = append(choices, outputs)
	}
	return choices
}

// Transcodes says whether the ladder needs a worker.
func (p *Plan) Transcodes() bool { return len(p.Job.Videos)+len(p.Job.Audios) > 0 }

// From returns the renditions that a worker's output belongs to.
func (p *Plan) From(o pipeline.Output) []int {
	if o.Packet.Kind == media.Video {
		return p.MadeVideo[o.Index : o.Index+1]
	}
	return p.MadeAudio[o.Index]
}
