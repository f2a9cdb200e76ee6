package stream

import (
	"errors"
	"fmt"

	"ladderd/pipeline"
)

func (l *live) startTranscoder() error {
	// Kept only where there is one: beside an error it may be an interface that
	// holds a nil pointer.
	t, err := l.hub.options.Transcode(l.plan.Job, pipeline.Options{Log: l.log, Elsewhere: l.elsewhere})
	if err != nil {
		return ownFault{fmt.Errorf("start the transcoder: %w", err)}
	}
	l.transcoder = t
	return nil
}

func (l *live) transcoderFailed() error {
	err := l.transcoder.Err()
	if err == nil {
		err = errors.New("the worker ended by itself")
	}
	return transcoding(err)
}

// transcoding is a transcoder's error. The source's is told its publisher as it stands.
func transcoding(err error) error {
	var source pipeline.SourceError
	if errors.As(err, &source) {
		return err
	}
	return ownFault{fmt.Errorf("transcode: %w", err)}
}

// elsewhere is pipeline.Options'. The transcoder's goroutine calls it.
func (l *live) elsewhere(f pipeline.Failure) (pipeline.Backend, bool) {
	return l.hub.options.Devices.Elsewhere(l.id, f)
}
