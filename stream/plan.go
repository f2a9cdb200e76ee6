package stream

import (
	"time"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline"
)

// gridPeriod is the distance of IDRs where no rendition passes the source's own
// through ("at most 2 seconds between keyframes", guide line 4412).
const gridPeriod = 2 * media.Clock

// sourceTarget is the target duration for streams whose segments follow the
// source's IDRs where the publisher does not tell theirs: the longest keyframe
// interval that the guide's keyframeInterval parameter allows (line 4415). A longer
// one is only known when it has passed; the packager raises the target then.
const sourceTarget = 6 * media.Clock

// plan says which way each packet takes: pure routing from a ladder.
type plan struct {
	renditions []ladder.Rendition
	job        pipeline.Job // without outputs where nothing is transcoded

	passVideo, passAudio []int   // renditions that take the source's packets
	madeVideo            []int   // rendition by index into job.Videos
	madeAudio            [][]int // renditions by index into job.Audios
	target               media.Ticks
}

// newPlan takes the interval of the source's keyframes as the publisher told it, 0
// where it did not.
func newPlan(id string, renditions []ladder.Rendition, src *source, interval time.Duration) *plan {
	p := &plan{renditions: renditions, target: sourceTarget}
	if interval > 0 {
		p.target = media.FromDuration(interval)
	}
	p.job = pipeline.Job{Stream: id, Video: *src.video, Rate: src.input.Rate, After: -1}
	if !ladder.PassesVideo(renditions) {
		p.job.Grid = pipeline.Grid{Period: gridPeriod, Origin: Start}
		p.target = gridPeriod
	}
	for i, r := range renditions {
		p.routeVideo(i, r)
		p.routeAudio(i, r, src.audio)
	}
	return p
}

func (p *plan) routeVideo(i int, r ladder.Rendition) {
	switch r.Video {
	case ladder.Passthrough:
		p.passVideo = append(p.passVideo, i)
	case ladder.Transcode:
		p.madeVideo = append(p.madeVideo, i)
		p.job.Videos = append(p.job.Videos, pipeline.VideoOutput{
			Width: r.Width, Height: r.Height, Rate: r.Rate, Bitrate: r.VideoBitrate,
		})
	}
}

// routeAudio gives renditions with the same figure one encoding to share.
func (p *plan) routeAudio(i int, r ladder.Rendition, audio *media.AudioParams) {
	switch r.Audio {
	case ladder.Passthrough:
		p.passAudio = append(p.passAudio, i)
	case ladder.Transcode:
		p.job.Audio = audio
		for j, made := range p.job.Audios {
			if made.Bitrate == r.AudioBitrate {
				p.madeAudio[j] = append(p.madeAudio[j], i)
				return
			}
		}
		p.job.Audios = append(p.job.Audios, pipeline.AudioOutput{Bitrate: r.AudioBitrate})
		p.madeAudio = append(p.madeAudio, []int{i})
	}
}

// transcodes says whether the ladder needs a worker.
func (p *plan) transcodes() bool { return len(p.job.Videos)+len(p.job.Audios) > 0 }

// from returns the renditions that a worker's output belongs to.
func (p *plan) from(o pipeline.Output) []int {
	if o.Packet.Kind == media.Video {
		return p.madeVideo[o.Index : o.Index+1]
	}
	return p.madeAudio[o.Index]
}
