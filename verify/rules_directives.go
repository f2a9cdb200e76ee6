package verify

import (
	"net/http"
	"time"
)

// directiveRules are about answers to delivery directives, and about what was listed
// before.
var directiveRules = []Rule{
	{
		ID: "unmet", Section: "6.2.5.2", Severity: Should, answers: unmet,
		Text: "A blocking reload that was held for three target durations in vain is answered with 503.",
	},
	{
		ID: "past-delivered", Section: "6.2.5.2", Severity: Must, answers: pastDelivered,
		Text: "A blocking reload for a segment that is not listed any more is answered with the whole playlist.",
	},
	{
		ID: "end-directives", Section: "6.2.5.2", Severity: Must, answers: endDirectives,
		Text: "Delivery directives are ignored once the playlist has ended.",
	},
	{
		ID: "skip-ignored", Section: "6.2.5.1", Severity: Must, answers: skipIgnored,
		Text: "_HLS_skip is ignored where there is no CAN-SKIP-UNTIL.",
	},
	{
		ID: "delta-given", Section: "6.2.5.1", Severity: Must, answers: deltaGiven,
		Text: "_HLS_skip=YES and _HLS_skip=v2 are answered with a delta update, where segments lie behind the skip boundary.",
	},
	{
		ID: "delta-date-ranges", Section: "4.4.5.2", Severity: Must, answers: deltaDateRanges,
		Text: "A delta update for _HLS_skip=v2 has RECENTLY-REMOVED-DATERANGES, where CAN-SKIP-DATERANGES is offered.",
	},
	{
		ID: "missing", Section: "6.2.6", Severity: Should, answers: missing,
		Text: "What is not there is answered with 404 or 410.",
	},
	{
		ID: "part-available", Section: "6.2.2", Severity: Must, answers: partAvailable,
		Text: "A part that went from the playlist can be fetched for three target durations more.",
	},
}

// inVain says whether a blocking reload was refused after it had been held for as
// long as a server has to.
func (a *answers) inVain() bool {
	return a.refused != nil && a.refusedAfter >= 3*a.state.list.Target-time.Second/2
}

func unmet(f *finder, a *answers) {
	if a.inVain() {
		wantStatus(f, a.refused, http.StatusServiceUnavailable, "a blocking reload held for three target durations")
	}
}

func pastDelivered(f *finder, a *answers) {
	p := a.past
	if p == nil {
		return
	}
	wantStatus(f, p.reply, http.StatusOK, "a blocking reload for a segment that was removed")
	if p.list != nil && p.list.Skip != nil {
		f.at(p.reply.url).found(p.list.Skip.Line, "%d segments are left out", p.list.Skip.Segments)
	}
}

func endDirectives(f *finder, a *answers) {
	for _, p := range a.afterEnd {
		wantStatus(f, p.reply, http.StatusOK, "a delivery directive after the end")
		if p.list != nil && p.list.Skip != nil {
			f.at(p.reply.url).found(p.list.Skip.Line, "%d segments are left out", p.list.Skip.Segments)
		}
	}
}

func skipIgnored(f *finder, a *answers) {
	p := a.unasked
	if p == nil {
		return
	}
	wantStatus(f, p.reply, http.StatusOK, "_HLS_skip")
	if p.list != nil && p.list.Skip != nil {
		f.at(p.reply.url).found(p.list.Skip.Line, "%d segments are left out, CAN-SKIP-UNTIL is not there", p.list.Skip.Segments)
	}
}

// deltaGiven leaves a target duration for what came or went meanwhile.
func deltaGiven(f *finder, a *answers) {
	for _, d := range []*deltaAnswer{a.delta, a.delta2} {
		if d == nil {
			continue
		}
		wantStatus(f, d.reply, http.StatusOK, "_HLS_skip")
		if d.update == nil || d.update.Skip != nil || len(d.full.Segments) < 2 {
			continue
		}
		left := d.full.Duration() - d.full.Segments[0].Duration - d.full.Target
		if until := d.full.Control.SkipUntil; left > until && !d.update.Ended {
			f.at(d.reply.url).found(1, "there is no EXT-X-SKIP, though %v are listed and CAN-SKIP-UNTIL is %v", d.full.Duration(), until)
		}
	}
}

func deltaDateRanges(f *finder, a *answers) {
	d := a.delta2
	if d != nil && d.update != nil && d.update.Skip != nil && d.update.Control.SkipDateRanges && !d.update.Skip.ToldRemoved {
		f.at(d.reply.url).found(d.update.Skip.Line, "there is no RECENTLY-REMOVED-DATERANGES")
	}
}

func missing(f *finder, a *answers) {
	if r := a.missing; r != nil && r.status != http.StatusNotFound && r.status != http.StatusGone {
		f.at(r.url).found(0, "a name that nothing has is answered with %d", r.status)
	}
}

func partAvailable(f *finder, a *answers) { goneFrom(f, a.gonePart) }
