package verify

import (
	"net/http"
	"strings"
	"time"

	"ladderd/m3u8"
)

// answerRules are about what a server says to questions that verify puts on purpose.
var answerRules = []Rule{
	{
		ID: "reload-answered", Section: "6.2.5.2", Severity: Must, answers: reloadAnswered,
		Text: "A blocking reload for what comes next is answered with it.",
	},
	{
		ID: "part-alone", Section: "6.2.5.2", Severity: Must, answers: partAlone,
		Text: "_HLS_part without _HLS_msn is answered with 400.",
	},
	{
		ID: "too-far", Section: "6.2.5.2", Severity: Should, answers: tooFar,
		Text: "A media sequence number that is further ahead than two segments is answered with 400.",
	},
	{
		ID: "part-too-far", Section: "6.2.5.2", Severity: Should, answers: partTooFar,
		Text: "A part that is further ahead than the Advance Part Limit is answered with 400.",
	},
	{
		ID: "malformed", Section: "notes", Severity: Should, answers: malformed,
		Text: "A directive that is no number is answered with 400.",
	},
	{
		ID: "past-end", Section: "6.2.5.2", Severity: Must, answers: pastEnd,
		Text: "A part past the last one of a complete segment is the first one of the next segment.",
	},
	{
		ID: "unknown-query", Section: "notes", Severity: Must, answers: unknownQuery,
		Text: "Unknown query parameters are ignored.",
	},
	{
		ID: "hint-answered", Section: "6.2.6", Severity: Must, answers: hintAnswered,
		Text: "A request for the hinted part is held, and answered with the part.",
	},
	{
		ID: "hint-true", Section: "4.4.5.3", Severity: Should, answers: hintTrue,
		Text: "Hinted parts are listed next.",
	},
	{
		ID: "delta-boundary", Section: "6.2.5.1", Severity: Must, answers: deltaBoundary,
		Text: "A delta update skips only segments that are further from the end than CAN-SKIP-UNTIL.",
	},
	{
		ID: "delta-equal", Section: "6.2.5.1", Severity: Must, answers: deltaEqual,
		Text: "A delta update and the playlist before it make up the whole playlist.",
	},
	{
		ID: "report-known", Section: "4.4.5.4", Severity: Must, answers: reportKnown,
		Text: "EXT-X-RENDITION-REPORT names media playlists.",
	},
	{
		ID: "report-true", Section: "4.4.5.4", Severity: Must, answers: reportTrue,
		Text: "EXT-X-RENDITION-REPORT tells how far that playlist is.",
	},
	{
		ID: "gone-available", Section: "6.2.2", Severity: Must, answers: goneAvailable,
		Text: "A segment can be fetched, from when it was first listed, for as long as it and the longest playlist with it last.",
	},
	{
		ID: "preflight", Section: "notes", Severity: Should, answers: preflight,
		Text: "OPTIONS is answered as browsers need it.",
	},
	{
		ID: "head", Section: "notes", Severity: Should, answers: head,
		Text: "HEAD is answered as GET is, without a body.",
	},
	{
		ID: "range", Section: "notes", Severity: Should, answers: ranged,
		Text: "Ranges of segments can be fetched.",
	},
	{
		ID: "errors-cors", Section: "notes", Severity: Should, answers: errorsCORS,
		Text: "Errors too can be read by pages of any origin, or browsers hide their status.",
	},
	{
		ID: "errors-cache", Section: "B.1", Severity: Should, answers: errorsCache,
		Text: "Caches keep errors for a target duration at most, those of blocking reloads for four.",
	},
	{
		ID: "end-stays", Section: "4.4.3.4", Severity: Must, answers: endStays,
		Text: "A playlist that has ended stays as it is.",
	},
}

// wantStatus reports an answer with another status; nil answers are questions that
// were not put.
func wantStatus(f *finder, r *reply, want int, what string) {
	if r != nil && r.status != want {
		f.at(r.url).found(0, "%s is answered with %d", what, r.status)
	}
}

func reloadAnswered(f *finder, a *answers) {
	if !a.inVain() { // updates tells that nothing came
		wantStatus(f, a.refused, http.StatusOK, "a blocking reload for what comes next")
	}
}

func partAlone(f *finder, a *answers) {
	wantStatus(f, a.alone, http.StatusBadRequest, "_HLS_part without _HLS_msn")
}

func tooFar(f *finder, a *answers) {
	wantStatus(f, a.tooFar, http.StatusBadRequest, "a segment far ahead")
}

func partTooFar(f *finder, a *answers) {
	wantStatus(f, a.pastLimit, http.StatusBadRequest, "a part past the Advance Part Limit")
}

func malformed(f *finder, a *answers) {
	wantStatus(f, a.malformed, http.StatusBadRequest, "_HLS_msn=x")
}

func pastEnd(f *finder, a *answers) {
	wantStatus(f, a.pastEnd, http.StatusOK, "a part past the last one")
}

func unknownQuery(f *finder, a *answers) {
	wantStatus(f, a.unknown, http.StatusOK, "an unknown query parameter")
}

func hintAnswered(f *finder, a *answers) {
	for _, h := range a.hints {
		if h.listed && (!h.reply.ok() && !(h.reply != nil && h.reply.status == http.StatusPartialContent) || len(h.reply.body) == 0) {
			status := "not at all"
			if h.reply != nil {
				status = http.StatusText(h.reply.status)
			}
			f.at(h.state.reply.url).found(h.hint.Line, "the hinted %s was answered with: %s", h.url, status)
		}
	}
}

// hintTrue judges the hints of which the playlist tells whether they came. It does not
// where a keyframe ended the segment before the part that was hinted at, where the
// stream ended, and where who asks is so slow that the parts are not listed any more.
func hintTrue(f *finder, a *answers) {
	came := 0
	var missed []hintAnswer
	for _, h := range a.hints {
		switch {
		case h.listed:
			came++
		case h.missed:
			missed = append(missed, h)
		}
	}
	if told := came + len(missed); told >= 3 && came < len(missed) {
		h := missed[0]
		f.at(h.state.reply.url).found(h.hint.Line, "%d of %d hinted parts were listed next; %s was not", came, told, h.url)
	}
}

func deltaBoundary(f *finder, a *answers) {
	d := a.delta
	if d == nil || d.update == nil || d.update.Skip == nil {
		return
	}
	left := d.update.Duration()
	// The first one that is left lies across the boundary or before it.
	if until := d.update.Control.SkipUntil; left < until-dateSlack {
		f.at(d.reply.url).found(d.update.Skip.Line, "%v of media are left behind the skipped segments, CAN-SKIP-UNTIL is %v", left, until)
	}
}

func deltaEqual(f *finder, a *answers) {
	d := a.delta
	if d == nil || d.update == nil || d.update.Skip == nil {
		return
	}
	f = f.at(d.reply.url)
	if d.merged == nil {
		f.found(d.update.Skip.Line, "it does not fit to the playlist before it: %v", d.err)
		return
	}
	for i := range d.merged.Segments {
		is := &d.merged.Segments[i]
		if was := d.full.Segment(is.MSN); was != nil {
			if what := changed(was, is); what != "" {
				f.found(d.update.Skip.Line, "segment %d: %s", is.MSN, what)
				return
			}
			continue
		}
		if next, _ := d.full.Next(); is.MSN < next {
			f.found(d.update.Skip.Line, "segment %d is not in the whole playlist", is.MSN)
			return
		}
	}
	if was, _ := d.full.Next(); was > firstAfter(d.merged) {
		f.found(d.update.Skip.Line, "the whole playlist goes up to %d, the update up to %d", was-1, firstAfter(d.merged)-1)
	}
}

func firstAfter(p *m3u8.Media) int64 { msn, _ := p.Next(); return msn }

func reportKnown(f *finder, a *answers) {
	for _, r := range a.reports {
		if r.after == nil {
			f.found(r.report.Line, "%s is no media playlist", r.report.URI)
		}
	}
}

// reportTrue allows for one part more than is told: some servers pass over a
// segment's first one, which players misread. Where the playlist may be older than
// the question, one may have come since it was made, and as much as it is itself behind
// the other: a rendition whose encoder is slow has not told anything new for as long.
func reportTrue(f *finder, a *answers) {
	for _, r := range a.reports {
		if r.report.LastMSN < 0 || r.before == nil || r.after == nil || r.before.Ended || r.after.Ended {
			continue
		}
		now, parts := r.after.Next()
		if r.report.LastMSN > now || r.report.LastMSN == now && r.report.LastPart >= int64(parts) {
			f.found(r.report.Line, "%s is said to have %d.%d, it ends before %d.%d", r.report.URI, r.report.LastMSN, r.report.LastPart, now, parts)
		}
		behind, allowed := mediaBehind(r.before, r.report), r.before.PartTarget
		if allowed == 0 {
			allowed = r.before.Target
		}
		if !r.fresh {
			allowed = 2*allowed + behindEnd(r.before, r.by)
		}
		if behind > allowed+r.age+dateSlack {
			f.found(r.report.Line, "%s is said to end with %d.%d, it had %v more already", r.report.URI, r.report.LastMSN, r.report.LastPart, behind)
		}
	}
}

// behindEnd is how long the media are that p lists behind the end of another playlist
// of the stream.
func behindEnd(p, other *m3u8.Media) time.Duration {
	msn, part := other.Next()
	if part == 0 {
		msn-- // all of the segment before
	}
	return mediaBehind(p, m3u8.Report{LastMSN: msn, LastPart: int64(part) - 1})
}

// mediaBehind is how long the media are that p lists behind what a report tells.
func mediaBehind(p *m3u8.Media, report m3u8.Report) time.Duration {
	var sum time.Duration
	add := func(s *m3u8.Segment) {
		switch {
		case s.MSN > report.LastMSN && len(s.Parts) == 0:
			sum += s.Duration
		case s.MSN == report.LastMSN && report.LastPart < 0:
		case s.MSN >= report.LastMSN:
			for i, part := range s.Parts {
				if s.MSN > report.LastMSN || int64(i) > report.LastPart {
					sum += part.Duration
				}
			}
		}
	}
	for i := range p.Segments {
		add(&p.Segments[i])
	}
	add(&p.Open)
	return sum
}

func goneAvailable(f *finder, a *answers) { goneFrom(f, a.gone) }

func preflight(f *finder, a *answers) {
	if r := a.options; r != nil && (r.status/100 != 2 || r.header.Get("Access-Control-Allow-Origin") == "") {
		f.at(r.url).found(0, "OPTIONS is answered with %d, Access-Control-Allow-Origin %q", r.status, r.header.Get("Access-Control-Allow-Origin"))
	}
}

func head(f *finder, a *answers) { wantStatus(f, a.head, http.StatusOK, "HEAD") }

func ranged(f *finder, a *answers) {
	r := a.ranged
	if r != nil && (r.status != http.StatusPartialContent || len(r.body) != rangedBytes) {
		f.at(r.url).found(0, "a range of %d bytes is answered with %d and %d bytes", rangedBytes, r.status, len(r.body))
	}
}

// rangedBytes is how much of a segment the question for a range asks for.
const rangedBytes = 100

func (a *answers) errors() []*reply {
	var all []*reply
	for _, r := range []*reply{a.alone, a.tooFar, a.pastLimit, a.malformed, a.missing} {
		if r != nil && r.status >= 400 {
			all = append(all, r)
		}
	}
	return all
}

func errorsCORS(f *finder, a *answers) {
	for _, r := range a.errors() {
		wantCORS(f.at(r.url), r)
	}
}

// errorsCache allows what B.1 recommends.
func errorsCache(f *finder, a *answers) {
	for _, r := range a.errors() {
		limit := a.state.list.Target
		if strings.Contains(r.url, "_HLS_msn=") {
			limit *= 4
		}
		if age, ok := maxAge(r); ok && age > max(limit, time.Second) {
			f.at(r.url).found(0, "caches may keep the answer of status %d for %v", r.status, age)
		}
	}
}

func endStays(f *finder, a *answers) {
	if a.final == nil {
		return
	}
	was, is := a.state.list, a.final.list
	before, _ := was.Next()
	now, _ := is.Next()
	if !is.Ended || before != now {
		f.found(max(was.Line("EXT-X-ENDLIST"), 1), "it ended with segment %d; asked for again it ends with %d, EXT-X-ENDLIST %v", before-1, now-1, is.Ended)
	}
}
