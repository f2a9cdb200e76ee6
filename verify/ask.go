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
	for _, ask := range []func(context.Context, *state) error{r.askPastLimit, r.askOddly, r.askForDelta} {
		if err := ask(ctx, s); err != nil {
			return err
		}
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

// askOddly asks for what is past or cannot be asked for, where a server has to ignore
// that.
func (r *rendition) askOddly(ctx context.Context, s *state) (err error) {
	a := &r.answers
	switch {
	case s.list.Ended:
		for _, odd := range [][]string{{"_HLS_skip", "YES"}, {"_HLS_msn", "4000000000"}} {
			answer, err := r.tryPlaylist(ctx, with(r.url, odd...))
			if err != nil {
				return err
			}
			a.afterEnd = append(a.afterEnd, answer)
		}
		return nil
	case s.list.Control.SkipUntil == 0:
		a.unasked, err = r.tryPlaylist(ctx, with(r.url, "_HLS_skip", "YES"))
	}
	if err == nil && s.list.Control.BlockReload && s.list.MediaSequence > 0 {
		a.past, err = r.tryPlaylist(ctx, with(r.url, "_HLS_msn", strconv.FormatInt(s.list.MediaSequence-1, 10)))
	}
	return err
}

// tryPlaylist fetches what may be no playlist.
func (r *rendition) tryPlaylist(ctx context.Context, url string) (*playlistAnswer, error) {
	reply, err := r.fetch(ctx, url)
	if err != nil {
		return nil, err
	}
	answer := &playlistAnswer{reply: reply}
	if reply.ok() {
		answer.list, err = r.verifier.readMedia(reply)
	}
	return answer, err
}

// askForDelta gets a whole playlist and then a delta update, in both forms.
func (r *rendition) askForDelta(ctx context.Context, s *state) error {
	if s.list.Control.SkipUntil == 0 || s.list.Ended {
		return nil
	}
	for _, form := range []struct {
		value string
		into  **deltaAnswer
	}{{"YES", &r.answers.delta}, {"v2", &r.answers.delta2}} {
		full, err := r.load(ctx, r.url, nil)
		if err != nil {
			return err
		}
		answer, err := r.tryPlaylist(ctx, with(r.url, "_HLS_skip", form.value))
		if err != nil {
			return err
		}
		d := &deltaAnswer{full: full.list, reply: answer.reply, update: answer.list}
		if d.update != nil {
			d.merged, d.err = d.update.Merge(full.list)
		}
		*form.into = d
	}
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
		answer := reportAnswer{report: complete(report, s.list), by: s.list, fresh: fresh, age: age(s.reply)}
		if url, err := resolve(s.reply.base, report.URI); err == nil {
			answer.before = before[url]
			answer.after, _ = r.glance(ctx, url)
		}
		r.answers.reports = append(r.answers.reports, answer)
	}
	return nil
}

// complete fills in what a server left out of a report, as it is the same in the
// playlist that has the report (4.4.5.4).
func complete(report m3u8.Report, p *m3u8.Media) m3u8.Report {
	msn, parts := p.Next()
	if parts == 0 && len(p.Segments) > 0 {
		msn, parts = msn-1, len(p.Segments[len(p.Segments)-1].Parts)
	}
	if report.LastMSN < 0 {
		report.LastMSN = msn
	}
	if report.LastPart < 0 && p.PartTarget > 0 {
		report.LastPart = int64(parts) - 1
	}
	return report
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
	if list, err = r.verifier.readMedia(reply); err != nil {
		return nil, url
	}
	return list, reply.base
}
