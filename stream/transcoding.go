package stream

import (
	"fmt"

	"ladderd/pipeline"
)

// equip chooses what makes the renditions. Audio needs no device.
func (l *live) equip() (err error) {
	l.plan.job.Interlaced = l.hub.options.Interlaced
	l.plan.job.Backend = pipeline.Backend{Encoder: pipeline.X264}
	if len(l.plan.job.Videos) > 0 {
		l.plan.job.Backend, err = l.hub.options.Backends.For(l.channel.ID)
	}
	return err
}

func (l *live) startTranscoder() error {
	// Kept only where there is one: beside an error it may be an interface that
	// holds a nil pointer.
	t, err := l.hub.options.Transcode(l.plan.job, pipeline.Options{Log: l.log, Elsewhere: l.elsewhere})
	if err != nil {
		return fmt.Errorf("start the transcoder: %w", err)
	}
	l.transcoder = t
	return nil
}

// elsewhere is pipeline.Options'. The transcoder's goroutine calls it.
func (l *live) elsewhere(failed pipeline.Backend, reason string) (pipeline.Backend, bool) {
	next := l.hub.options.Backends.Elsewhere(l.channel.ID, failed, reason)
	return next, next != failed
}
