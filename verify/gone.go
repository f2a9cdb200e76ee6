package verify

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"ladderd/m3u8"
)

// askForGone asks for a segment and a part that have just been removed, and once more
// when their time is nearly over.
func (r *rendition) askForGone(ctx context.Context, before, s *state) error {
	a := &r.answers
	if a.gone == nil {
		a.gone = r.goneSegment(before, s)
	}
	if a.gonePart == nil {
		a.gonePart = r.gonePart(before, s)
	}
	for _, gone := range []*goneAnswer{a.gone, a.gonePart} {
		if gone == nil || gone.asked {
			continue
		}
		if gone.reply == nil && gone.at.IsZero() {
			gone.at = r.verifier.clock.now()
			if err := r.put(ctx, gone.question(&gone.reply)); err != nil {
				return err
			}
		} else if r.verifier.clock.now().Sub(gone.at) >= gone.stays*3/4 {
			if err := r.askAgain(ctx, gone); err != nil {
				return err
			}
		}
	}
	return nil
}

// goneSegment is the last segment that was removed between two states, nil where there
// is none. It has to be there for its own duration and that of the longest playlist
// with it, counted from when it was first listed (6.2.2): as long as it was listed
// that was real time, about the playlist's duration, so its own is what remains.
func (r *rendition) goneSegment(before, s *state) *goneAnswer {
	if s.list.MediaSequence <= before.list.MediaSequence || s.list.Ended {
		return nil
	}
	seg := before.list.Segment(s.list.MediaSequence - 1)
	if seg == nil || seg.Gap {
		return nil
	}
	return newGone(before, seg.URI, seg.Range, seg.Duration)
}

// gonePart is the last part that was removed between two states. It has to be there
// for three target durations.
func (r *rendition) gonePart(before, s *state) *goneAnswer {
	for i := len(before.list.Segments) - 1; i >= 0; i-- {
		was := &before.list.Segments[i]
		is := s.list.Segment(was.MSN)
		if len(was.Parts) == 0 || is != nil && len(is.Parts) > 0 {
			continue
		}
		if part := was.Parts[len(was.Parts)-1]; !part.Gap && !s.list.Ended {
			return newGone(before, part.URI, part.Range, 3*s.list.Target)
		}
	}
	return nil
}

func newGone(before *state, uri string, span *m3u8.ByteRange, stays time.Duration) *goneAnswer {
	url, err := resolve(before.reply.base, uri)
	if err != nil {
		return nil
	}
	return &goneAnswer{url: url, span: span, stays: stays}
}

func (g *goneAnswer) question(into **reply) question {
	q := question{answer: into, method: http.MethodGet, url: g.url}
	if g.span != nil {
		q.fields = []string{"Range", fmt.Sprintf("bytes=%d-%d", g.span.Offset, g.span.Offset+g.span.Length-1)}
	}
	return q
}

// askAgain asks unless that has been done, or the time is over.
func (r *rendition) askAgain(ctx context.Context, gone *goneAnswer) error {
	if gone == nil || gone.asked {
		return nil
	}
	gone.asked, gone.after = true, r.verifier.clock.now().Sub(gone.at)
	if gone.after >= gone.stays {
		return nil
	}
	return r.put(ctx, gone.question(&gone.again))
}

// goneFrom reports what is not there any more, and has to be.
func goneFrom(f *finder, g *goneAnswer) {
	there := func(r *reply) bool { return r.ok() || r.status == http.StatusPartialContent }
	switch {
	case g == nil || g.reply == nil:
	case !there(g.reply):
		f.at(g.url).found(0, "it went from the playlist a moment ago and is answered with %d", g.reply.status)
	case g.again != nil && !there(g.again):
		f.at(g.url).found(0, "it went from the playlist %v ago, has to be there for %v and is answered with %d",
			g.after.Round(time.Millisecond), g.stays, g.again.status)
	}
}
