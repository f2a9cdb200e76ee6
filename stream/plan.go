package stream

import (
	"time"

	"ladderd/ladder"
	"ladderd/media"
	"ladderd/pipeline/route"
)

// sourceTarget is the target duration for streams whose segments follow the
// source's IDRs where the publisher does not tell theirs: the longest keyframe
// interval that the guide's keyframeInterval parameter allows (line 4415). A longer
// one is only known when it has passed; the packager raises the target then.
const sourceTarget = 6 * media.Clock

// plan is a stream's renditions, how packets get to them, and how long their segments
// are at most.
type plan struct {
	*route.Plan
	renditions []ladder.Rendition
	target     media.Ticks
}

// newPlan takes the interval of the source's keyframes as the publisher told it, 0
// where it did not.
func newPlan(id string, renditions []ladder.Rendition, src *source, interval time.Duration) *plan {
	p := &plan{
		Plan:       route.New(id, renditions, route.Source{Video: src.video, Audio: src.audio, Rate: src.input.Rate}, Start),
		renditions: renditions, target: sourceTarget,
	}
	if interval > 0 {
		p.target = media.FromDuration(interval)
	}
	if !ladder.PassesVideo(renditions) {
		p.target = route.GridPeriod
	}
	return p
}
