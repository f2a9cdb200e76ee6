package verify

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"ladderd/m3u8"
)

// ask puts the questions that no player puts at this moment, to see the answers.
func (r *rendition) ask(ctx context.Context, s *state) error {
	a := &r.answers
	a.state = s
	questions := []question{
		{&a.options, http.MethodOptions, r.url, []string{
			"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range",
		}},
		{&a.head, http.MethodHead, r.url, nil},
		{&a.unknown, http.MethodGet, with(r.url, "ladderd_verify", "1"), nil},
	}
	if missing, err := resolve(s.reply.base, "no-such-file-of-verify.m4s"); err == nil {
		questions = append(questions, question{&a.missing, http.MethodGet, missing, nil})
	}
	if n := len(s.list.Segments); n > 0 && !s.list.Segments[n-1].Gap && s.list.Segments[n-1].Range == nil {
		if url, err := resolve(s.reply.base, s.list.Segments[n-1].URI); err == nil {
			span := "bytes=0-" + strconv.Itoa(rangedBytes-1)
			questions = append(questions, question{&a.ranged, http.MethodGet, url, []string{"Range", span}})
		}
	}
	if s.list.Control.BlockReload && !s.list.Ended {
		questions = append(questions, r.directives(s)...)
	}
	for _, q := range questions {
		if err := r.put(ctx, q); err != nil {
			return err
		}
	}
	if err := r.askPastLimit(ctx, s); err != nil {
		return err
	}
	if err := r.askForDelta(ctx, s); err != nil {
		return err
	}
	return r.askForReports(ctx)
}

// question is a request, and where its answer goes.
type question struct {
	answer      **reply
	method, url string
	fields      []string
}

func (r *rendition) put(ctx context.Context, q question) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := r.verifier.client.do(ctx, q.method, q.url, maxMedia, q.fields...)
	if errors.Is(err, errTooLarge) {
		return nil // a range was asked for and all of something came; the status is lost
	}
	*q.answer = answer
	return err
}

// farAhead is how many segments past the last one no server should wait for; far
// enough not to be reached while the question is on its way.
const farAhead = 30

// directives are questions about the delivery directives (6.2.5).
func (r *rendition) directives(s *state) []question {
	a := &r.answers
	next, _ := s.list.Next()
	questions := []question{
		{&a.alone, http.MethodGet, with(r.url, "_HLS_part", "0"), nil},
		{&a.tooFar, http.MethodGet, with(r.url, "_HLS_msn", strconv.FormatInt(next+farAhead, 10)), nil},
		{&a.malformed, http.MethodGet, with(r.url, "_HLS_msn", "x"), nil},
	}
	if n := len(s.list.Segments); n > 1 && len(s.list.Segments[n-2].Parts) > 0 {
		past := with(r.url, "_HLS_msn", strconv.FormatInt(s.list.Segments[n-2].MSN, 10),
			"_HLS_part", strconv.Itoa(len(s.list.Segments[n-2].Parts)))
		questions = append(questions, question{&a.pastEnd, http.MethodGet, past, nil})
	}
	return questions
}

// askPastLimit asks for a part of the segment behind the open one that is far past
// the Advance Part Limit (6.2.5.2). The open one might be complete by now, and the
// question then be one for the next segment's first part.
func (r *rendition) askPastLimit(ctx context.Context, s *state) error {
	if !s.list.Control.BlockReload || s.list.Ended || s.list.PartTarget == 0 {
		return nil
	}
	now, err := r.load(ctx, r.url, nil)
	if err != nil || now.list.Ended {
		return err
	}
	next, _ := now.list.Next()
	limit := int64(3)
	if target := s.list.PartTarget; target < time.Second {
		limit = int64(3*time.Second/target) + 1
	}
	url := with(r.url, "_HLS_msn", strconv.FormatInt(next+1, 10), "_HLS_part", strconv.FormatInt(10*limit, 10))
	return r.put(ctx, question{&r.answers.pastLimit, http.MethodGet, url, nil})
}

// askForDelta gets a whole playlist and then a delta update.
func (r *rendition) askForDelta(ctx context.Context, s *state) error {
	if s.list.Control.SkipUntil == 0 || s.list.Ended {
		return nil
	}
	full, err := r.load(ctx, r.url, nil)
	if err != nil {
		return err
	}
	reply, err := r.fetch(ctx, with(r.url, "_HLS_skip", "YES"))
	if err != nil {
		return err
	}
	if !reply.ok() {
		return nil
	}
	d := &deltaAnswer{full: full.list, reply: reply}
	if d.update, err = readMedia(reply); err != nil {
		return err
	}
	d.merged, d.err = d.update.Merge(full.list)
	r.answers.delta = d
	return nil
}

// askForReports loads each playlist that this one reports on, before and after it
// is loaded itself.
func (r *rendition) askForReports(ctx context.Context) error {
	before := map[string]*m3u8.Media{}
	for _, other := range r.verifier.renditions {
		if other != r {
			list, base := r.glance(ctx, other.url)
			before[other.url], before[base] = list, list
		}
	}
	s, fresh, err := r.freshState(ctx)
	if err != nil {
		return err
	}
	for _, report := range s.list.Reports {
		answer := reportAnswer{report: report, by: s.list, fresh: fresh, age: age(s.reply)}
		if url, err := resolve(s.reply.base, report.URI); err == nil {
			answer.before = before[url]
			answer.after, _ = r.glance(ctx, url)
		}
		r.answers.reports = append(r.answers.reports, answer)
	}
	return nil
}

// freshState loads a playlist that was made after the question, where the server can
// hold one until there is something new: others are as old as the last change.
func (r *rendition) freshState(ctx context.Context) (s *state, fresh bool, err error) {
	s, err = r.load(ctx, r.url, nil)
	if err != nil || s.list.Ended || !s.list.Control.BlockReload || s.list.PartTarget == 0 {
		return s, false, err
	}
	url, _ := r.next(s)
	reply, err := r.fetch(ctx, url)
	if err != nil || !reply.ok() {
		return s, false, err // another rule tells of the refusal
	}
	held, err := r.read(reply, nil)
	return held, err == nil, err
}

// glance reads another rendition's playlist, and where it is; nil where that fails,
// which its own goroutine tells.
func (r *rendition) glance(ctx context.Context, url string) (list *m3u8.Media, base string) {
	reply, err := r.fetch(ctx, url)
	if err != nil || !reply.ok() {
		return nil, url
	}
	if list, err = readMedia(reply); err != nil {
		return nil, url
	}
	return list, reply.base
}

// askForGone asks for a segment that has just been removed, and once more when its
// time is nearly over.
func (r *rendition) askForGone(ctx context.Context, before, s *state) error {
	if gone := r.answers.gone; gone != nil {
		if r.verifier.clock.now().Sub(gone.at) < gone.stays-r.target() {
			return nil
		}
		return r.askForGoneAgain(ctx)
	}
	if s.list.MediaSequence <= before.list.MediaSequence {
		return nil
	}
	seg := before.list.Segment(s.list.MediaSequence - 1)
	if seg == nil || seg.Gap || seg.Range != nil {
		return nil
	}
	url, err := resolve(before.reply.base, seg.URI)
	if err != nil {
		return nil
	}
	answer := &goneAnswer{url: url, at: r.verifier.clock.now(), stays: seg.Duration + before.list.Duration()}
	r.answers.gone = answer
	return r.put(ctx, question{&answer.reply, http.MethodGet, url, nil})
}

// askForGoneAgain asks unless that has been done, or the segment's time is over.
func (r *rendition) askForGoneAgain(ctx context.Context) error {
	gone := r.answers.gone
	if gone == nil || gone.asked {
		return nil
	}
	gone.asked, gone.after = true, r.verifier.clock.now().Sub(gone.at)
	if gone.after >= gone.stays {
		return nil
	}
	return r.put(ctx, question{&gone.again, http.MethodGet, gone.url, nil})
}
