package verify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ladderd/m3u8"
)

const (
	// requestTimeout ends a request that no rule gives more time.
	requestTimeout = 30 * time.Second
	// behind is how many segments before the newest one a live stream is taken up.
	behind = 3
	// maxHints is how many hinted parts are asked for.
	maxHints = 12
)

// follow holds one rendition to the rules, for as long as the options say.
func (r *rendition) follow(ctx context.Context) error {
	first, err := r.load(ctx, r.url, nil)
	if err != nil {
		return err
	}
	r.first = first
	r.place.Store(&first.reply.base)
	if next, _ := first.list.Next(); first.live() {
		r.fetched = next - behind
	}
	r.changed = r.verifier.clock.now()
	if err := r.see(ctx, nil, first); err != nil {
		return err
	}
	if err := r.ask(ctx, first); err != nil {
		return err
	}
	if first.live() {
		if err := r.keepUp(ctx, first); err != nil {
			return err
		}
	}
	return r.leave(ctx)
}

// keepUp reloads the playlist of a live stream until enough has come.
func (r *rendition) keepUp(ctx context.Context, first *state) error {
	s, err := r.load(ctx, r.url, nil) // the questions took their time
	for before := first; err == nil && s != nil; {
		if err = r.see(ctx, before, s); err != nil || !s.live() || r.followed >= r.verifier.options.Duration && before != first {
			break
		}
		if before == first {
			r.followed = 0 // the questions' time is theirs: on a busy machine it would be all
		}
		before = s
		// Nil where the server refuses, or nothing comes any more: a rule tells.
		s, err = r.reload(ctx, s)
	}
	return err
}

// see applies the rules for a state and for what came since the one before it.
func (r *rendition) see(ctx context.Context, before, s *state) error {
	if r.last = s; before != nil {
		r.count(before.list, s.list)
		if err := r.askForGone(ctx, before, s); err != nil {
			return err
		}
	}
	if err := r.take(ctx, s); err != nil {
		return err
	}
	c := r.verifier.collector
	c.count(func(seen *Checked) {
		seen.Playlists++
		seen.Media = max(seen.Media, (r.followed + r.start()).Seconds())
	})
	doc := &document{
		reply: s.reply, header: &s.list.Header, needs: mediaNeeds(s.list), target: s.list.Target,
		changes: !s.list.Ended && s.asked == nil,
	}
	c.apply(r.url, func(rule *Rule, f *finder) {
		switch {
		case rule.document != nil:
			rule.document(f, doc)
		case rule.playlist != nil:
			rule.playlist(f, s)
		case rule.reload != nil && before != nil:
			rule.reload(f, before, s)
		}
	})
	return nil
}

// start is how much of what was listed at first was looked at.
func (r *rendition) start() time.Duration { return max(r.taken()-r.followed, 0) }

// count adds up the media that are new in a playlist, and how long they took to come.
func (r *rendition) count(before, now *m3u8.Media) {
	next, _ := before.Next()
	added := -openDuration(before)
	for i := range now.Segments {
		if now.Segments[i].MSN >= next {
			added += now.Segments[i].Duration
		}
	}
	added += openDuration(now)
	if added > 0 {
		r.followed += added
	}
	at := r.verifier.clock.now()
	if added > 0 || now.Ended {
		r.pause = max(r.pause, at.Sub(r.changed))
		r.changed = at
	}
}

func openDuration(p *m3u8.Media) time.Duration {
	var sum time.Duration
	for _, part := range p.Open.Parts {
		sum += part.Duration
	}
	return sum
}

// load fetches one state of the playlist. An answer other than 200 is an error.
func (r *rendition) load(ctx context.Context, url string, asked *position) (*state, error) {
	reply, err := r.fetch(ctx, url)
	if err != nil {
		return nil, err
	}
	if !reply.ok() {
		return nil, fmt.Errorf("%s: status %d", url, reply.status)
	}
	return r.read(reply, asked)
}

func (r *rendition) fetch(ctx context.Context, url string) (*reply, error) {
	// A blocking request may be held for three target durations (6.2.5.2).
	ctx, cancel := context.WithTimeout(ctx, requestTimeout+3*min(r.target(), time.Minute))
	defer cancel()
	return r.verifier.client.playlist(ctx, url)
}

func (r *rendition) read(reply *reply, asked *position) (*state, error) {
	list, err := r.verifier.readMedia(reply)
	if err != nil {
		return nil, err
	}
	skip := list.Skip
	if skip != nil && r.last != nil {
		if whole, err := list.Merge(r.last.list); err == nil {
			list = whole
		}
	}
	return &state{rendition: r, reply: reply, list: list, asked: asked, skip: skip}, nil
}

// reload gets the next state: by a blocking request where the server offers that,
// else after a pause. It is nil where following ends.
func (r *rendition) reload(ctx context.Context, s *state) (*state, error) {
	target := max(s.list.Target, time.Second)
	if stale := r.verifier.clock.now().Sub(r.changed); stale > 4*target {
		r.pause = max(r.pause, stale)
		return nil, nil
	}
	if !s.list.Control.BlockReload {
		// Half a target duration is how soon a client may try again (6.3.4).
		select {
		case <-r.verifier.clock.after(target / 2):
			return r.load(ctx, r.url, nil)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r.block(ctx, s)
}

// block makes a blocking reload, and asks for the hinted part at the same time.
func (r *rendition) block(ctx context.Context, s *state) (*state, error) {
	url, asked := r.next(s)
	hint := r.askForHint(ctx, s)
	asking := r.verifier.clock.now()
	reply, err := r.fetch(ctx, url)
	if err != nil {
		<-hint
		return nil, err
	}
	var after *state
	if reply.ok() {
		after, err = r.read(reply, asked)
	} else {
		r.answers.refused, r.answers.refusedAfter = reply, r.verifier.clock.now().Sub(asking)
	}
	if h := <-hint; h != nil && after != nil {
		h.judge(after)
		r.answers.hints = append(r.answers.hints, *h)
	}
	return after, err
}

// next is the request for what comes behind s, and what that asks for.
func (r *rendition) next(s *state) (url string, asked *position) {
	msn, part := s.list.Next()
	asked = &position{msn, -1}
	url = with(r.url, "_HLS_msn", strconv.FormatInt(msn, 10))
	if s.list.PartTarget > 0 {
		asked.part = int64(part)
		url = with(url, "_HLS_part", strconv.Itoa(part))
	}
	return url, asked
}

// lists says whether a part has that URI.
func (s *state) lists(uri string) bool {
	found := false
	s.eachPart(func(seg *m3u8.Segment, i int, _ bool) { found = found || seg.Parts[i].URI == uri })
	return found
}

// judge notes what a later playlist tells of the hint.
func (h *hintAnswer) judge(after *state) {
	msn, part := h.state.list.Next()
	h.listed = after.lists(h.hint.URI)
	h.missed = !h.listed && after.partsOf(msn) > part
}

// partsOf is how many parts are listed of a segment: none where it is too old, or the
// playlist has ended without them.
func (s *state) partsOf(msn int64) int {
	if s.list.Open.MSN == msn {
		return len(s.list.Open.Parts)
	}
	if seg := s.list.Segment(msn); seg != nil {
		return len(seg.Parts)
	}
	return 0
}

// askForHint asks for the hinted part. The channel gives the answer, nil where
// there is nothing to ask for, or no more need.
func (r *rendition) askForHint(ctx context.Context, s *state) <-chan *hintAnswer {
	answered := make(chan *hintAnswer, 1)
	uri := s.list.PartHint()
	url, err := resolve(s.reply.base, uri)
	if uri == "" || err != nil || len(r.answers.hints) >= maxHints {
		close(answered)
		return answered
	}
	h := &hintAnswer{url: url, state: s}
	for _, hint := range s.list.Hints {
		if hint.URI == uri {
			h.hint = hint
		}
	}
	go func() {
		defer close(answered)
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		var span *m3u8.ByteRange
		if h.hint.Length > 0 {
			span = &m3u8.ByteRange{Offset: h.hint.Start, Length: h.hint.Length}
		}
		reply, err := r.verifier.client.media(ctx, url, span)
		if err == nil || !errors.Is(err, context.Canceled) {
			h.reply = reply
		}
		answered <- h
	}()
	return answered
}

// leave puts the last questions and applies the rules for all answers.
func (r *rendition) leave(ctx context.Context) error {
	for _, gone := range []*goneAnswer{r.answers.gone, r.answers.gonePart} {
		if err := r.askAgain(ctx, gone); err != nil {
			return err
		}
	}
	if r.last.list.Ended {
		final, err := r.load(ctx, r.url, nil)
		if err != nil {
			return err
		}
		r.answers.final = final
	}
	r.answers.state = r.last
	r.verifier.collector.apply(r.url, func(rule *Rule, f *finder) {
		if rule.answers != nil {
			rule.answers(f, &r.answers)
		}
	})
	return nil
}
