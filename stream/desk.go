package stream

import (
	"errors"
	"fmt"
	"time"

	"ladderd/event"
	"ladderd/ingest"
)

// desk is where it is decided who publishes to a stream. Connections and the
// stream's goroutine meet at it; the hub's lock guards it.
type desk struct {
	current   *publisher // nil while there is none
	candidate *publisher // is to follow on it, once its media are known
	priority  int        // the current publisher's, or the last one's; 0 where it had none
	takeovers int        // so far
	ending    bool       // nobody is waited for: the stream ends unless the candidate goes on
	closed    bool       // the stream is stopped: it ends, and with it whoever is here
}

// admit says whether a publisher with that priority may become the candidate.
// Where the current one is there that is a takeover, which needs a priority above
// all that there are (guide, lines 9285–9304), and most is how many a stream may have.
// Where it has gone anybody with the key may go on, unless another one is about to.
func (d *desk) admit(priority, most int, now time.Time) error {
	if d.closed {
		return ingest.ErrStopped
	}
	if d.current != nil {
		switch {
		case priority == 0:
			return ingest.ErrLive
		case priority <= d.priority:
			return fmt.Errorf("%w: it is %d, the running stream's %d", ingest.ErrPriority, priority, d.priority)
		case d.takeovers >= most:
			return fmt.Errorf("%w: %d times", ingest.ErrTakeovers, d.takeovers)
		}
	}
	if c := d.candidate; c != nil && priority <= c.parameters.Priority && c.silence(now) < candidateSilence {
		if priority == 0 {
			return ingest.ErrLive
		}
		return fmt.Errorf("%w: it is %d, that of another takeover %d", ingest.ErrPriority, priority, c.parameters.Priority)
	}
	return nil
}

// seat makes the candidate the current publisher; taken says that it took over
// from one that was there.
func (d *desk) seat(p *publisher) (taken bool) {
	if taken = d.current != nil; taken {
		d.takeovers++
	}
	d.current, d.candidate, d.priority, d.ending = p, nil, p.parameters.Priority, false
	return taken
}

// failureCode is what the guide calls the reason for a takeover's failure (line
// 7663); empty where it has no name for it.
func failureCode(reason error) event.TakeoverCode {
	for _, known := range []struct {
		err  error
		code event.TakeoverCode
	}{
		{ingest.ErrPriority, event.InvalidPriority},
		{ingest.ErrTakeovers, event.LimitBreached},
		{ingest.ErrMismatch, event.MediaMismatch},
	} {
		if errors.Is(reason, known.err) {
			return known.code
		}
	}
	return ""
}

// mismatch says in which property another source's media differ from what a
// running ladder can carry on with (guide, line 9285), nil where in none. The frame
// rate may differ: encoders and packager go by the pictures' times. The sound's rate
// and channels may not, though the guide does not name them: players and encoders
// have been told.
func (s *source) mismatch(other *source) error {
	was, is := s.video, other.video
	if was.Width != is.Width || was.Height != is.Height {
		return fmt.Errorf("%w: the picture has %s, the running stream's %s", ingest.ErrMismatch, sizeOf(is), sizeOf(was))
	}
	switch a, b := s.audio, other.audio; {
	case a == nil && b == nil:
	case a == nil:
		return fmt.Errorf("%w: there is audio, the running stream has none", ingest.ErrMismatch)
	case b == nil:
		return fmt.Errorf("%w: there is no audio, the running stream has some", ingest.ErrMismatch)
	case a.SampleRate != b.SampleRate || a.Channels != b.Channels:
		return fmt.Errorf("%w: the audio has %d Hz and %d channels, the running stream's %d Hz and %d", ingest.ErrMismatch,
			b.SampleRate, b.Channels, a.SampleRate, a.Channels)
	}
	return nil
}
