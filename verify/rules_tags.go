package verify

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"ladderd/m3u8"
)

// tagRules are about single tags of a media playlist, and about date ranges.
var tagRules = []Rule{
	{
		ID: "key", Section: "4.4.4.4", Severity: Must, playlist: keys,
		Text: "EXT-X-KEY has the attributes that its METHOD needs and none that it may not have.",
	},
	{
		ID: "tags-before-parts", Section: "4.4.4.9", Severity: Must, playlist: tagsBeforeParts,
		Text: "EXT-X-DISCONTINUITY, -KEY, -MAP and -PROGRAM-DATE-TIME of a segment stand before its first part.",
	},
	{
		ID: "start", Section: "4.4.2.2", Severity: Should, playlist: startOffset,
		Text: "EXT-X-START lies within the playlist, in live ones three target durations before its end.",
	},
	{
		ID: "date-zone", Section: "4.4.4.6", Severity: Should, playlist: dateZone,
		Text: "Dates have a time zone.",
	},
	{
		ID: "report-relative", Section: "4.4.5.4", Severity: Must, playlist: reportRelative,
		Text: "The URIs of rendition reports are relative.",
	},
	{
		ID: "hint-once", Section: "6.2.6", Severity: Should, playlist: hintOnce,
		Text: "There is no more than one EXT-X-PRELOAD-HINT of a TYPE.",
	},
	{
		ID: "hint-ended", Section: "4.4.5.3", Severity: Must, playlist: hintEnded,
		Text: "A playlist that has ended hints at nothing.",
	},
	{
		ID: "gap-parts", Section: "6.2.1", Severity: Must, playlist: gapParts,
		Text: "A segment is a gap if all of its parts are, and only then.",
	},
	{
		ID: "iframes-only", Section: "4.4.6.3", Severity: Must, playlist: iframesOnly,
		Text: "Playlists that EXT-X-I-FRAME-STREAM-INF lists have EXT-X-I-FRAMES-ONLY.",
	},
	{
		ID: "iframes-parts", Section: "4.4.4.9", Severity: Should, playlist: iframesParts,
		Text: "I-frame playlists have no parts.",
	},
	{
		ID: "date-range", Section: "4.4.5.1", Severity: Must, playlist: dateRanges,
		Text: "Date ranges have the attributes that they need, end after they begin, and stand in playlists with EXT-X-PROGRAM-DATE-TIME.",
	},
	{
		ID: "date-range-stays", Section: "6.2.1", Severity: Must, reload: dateRangeStays,
		Text: "A date range stays as it is while it reaches into the segments that are listed.",
	},
}

func keys(f *finder, s *state) {
	for _, k := range s.list.Keys {
		for _, wrong := range wrongWithKey(k.Attributes) {
			f.found(k.Line, "%s", wrong)
		}
	}
	for i := range s.list.Segments {
		seg := &s.list.Segments[i]
		if seg.Map == nil || seg.Key == nil || seg.Key.Method != "AES-128" || seg.Map.Line < seg.Key.Line {
			continue
		}
		at := slices.IndexFunc(s.list.Keys, func(k m3u8.Tagged) bool { return k.Line == seg.Key.Line })
		if at < 0 {
			continue // it holds since a segment that a delta update left out
		}
		if _, told := s.list.Keys[at].Attributes["IV"]; !told {
			f.found(seg.Key.Line, "the initialisation section in line %d is encrypted with it, and it has no IV (4.4.4.5)", seg.Map.Line)
			return
		}
	}
}

func tagsBeforeParts(f *finder, s *state) {
	check := func(seg *m3u8.Segment) {
		for _, late := range seg.Late {
			f.found(late.Line, "%s stands behind parts of segment %d", late.Name, seg.MSN)
		}
	}
	for i := range s.list.Segments {
		check(&s.list.Segments[i])
	}
	check(&s.list.Open)
}

func startOffset(f *finder, s *state) {
	start := s.list.Start
	if start == nil {
		return
	}
	all := s.list.Duration()
	fromEnd := -start.Offset
	if start.Offset >= 0 {
		fromEnd = all - start.Offset
	}
	if start.Offset.Abs() > all || s.live() && fromEnd < 3*s.list.Target {
		f.found(start.Line, "TIME-OFFSET is %v of %v, the target duration %v", start.Offset, all, s.list.Target)
	}
}

func dateZone(f *finder, s *state) {
	if s.list.Unzoned > 0 {
		f.found(s.list.Unzoned, "the date has no time zone")
	}
}

func reportRelative(f *finder, s *state) {
	for _, r := range s.list.Reports {
		if strings.HasPrefix(r.URI, "//") || absolute.MatchString(r.URI) {
			f.found(r.Line, "the URI is %s", r.URI)
		}
	}
}

var absolute = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`) // RFC 3986, 3.1

func hintOnce(f *finder, s *state) {
	seen := map[string]int{}
	for _, h := range s.list.Hints {
		if line := seen[h.Type]; line > 0 {
			f.found(h.Line, "line %d hints at a %s already", line, h.Type)
		}
		seen[h.Type] = h.Line
	}
}

func hintEnded(f *finder, s *state) {
	if s.list.Ended && len(s.list.Hints) > 0 {
		f.found(s.list.Hints[0].Line, "a hint in a playlist that has ended")
	}
}

func gapParts(f *finder, s *state) {
	for i := range s.list.Segments {
		seg := &s.list.Segments[i]
		if len(seg.Parts) == 0 || i == 0 {
			continue // the first one's parts may be there in part
		}
		present := slices.ContainsFunc(seg.Parts, func(p m3u8.Part) bool { return !p.Gap })
		if present == seg.Gap {
			f.found(seg.Line, "segment %d: EXT-X-GAP: %v, a part without GAP=YES: %v", seg.MSN, seg.Gap, present)
		}
	}
}

func iframesOnly(f *finder, s *state) {
	if s.rendition.iframes && !s.list.IFramesOnly {
		f.found(1, "there is no EXT-X-I-FRAMES-ONLY")
	}
}

func iframesParts(f *finder, s *state) {
	if line := s.list.Line("EXT-X-PART"); s.list.IFramesOnly && line > 0 {
		f.found(line, "there are parts")
	}
}

func dateRanges(f *finder, s *state) {
	first := map[string]*m3u8.DateRange{}
	for i := range s.list.DateRanges {
		d := &s.list.DateRanges[i]
		if s.list.Line("EXT-X-PROGRAM-DATE-TIME") == 0 {
			f.found(d.Line, "EXT-X-DATERANGE without EXT-X-PROGRAM-DATE-TIME")
		}
		if before := first[d.ID]; before == nil {
			first[d.ID] = d
			if d.Start.IsZero() {
				f.found(d.Line, "the date range %q has no START-DATE", d.ID)
			}
		} else {
			for name, value := range d.Attributes {
				if was, told := before.Attributes[name]; told && was != value {
					f.found(d.Line, "%s of the date range %q is %q, in line %d it is %q", name, d.ID, value.Text, before.Line, was.Text)
				}
			}
		}
		dateRange(f, d)
	}
}

// extension is what an attribute of a client's own may look like without quotes.
var extension = regexp.MustCompile(`^(0[xX][0-9a-fA-F]+|-?[0-9]*\.?[0-9]+|-?[0-9]+\.)$`)

func dateRange(f *finder, d *m3u8.DateRange) {
	_, lasts := d.Attributes["DURATION"]
	_, ends := d.Attributes["END-DATE"]
	known := !d.Start.IsZero() && !d.End.IsZero()
	if known && d.End.Before(d.Start) {
		f.found(d.Line, "the date range %q begins at %v and ends at %v", d.ID, d.Start, d.End)
	}
	if off := d.Start.Add(d.Duration).Sub(d.End); known && lasts && off.Abs() > time.Millisecond {
		f.found(d.Line, "the date range %q begins at %v, lasts %v and ends at %v", d.ID, d.Start, d.Duration, d.End)
	}
	if next, told := d.Attributes["END-ON-NEXT"]; told && (next.Text != "YES" || d.Class == "" || lasts || ends) {
		f.found(d.Line, "the date range %q has END-ON-NEXT=%s, CLASS %q, DURATION: %v, END-DATE: %v", d.ID, next.Text, d.Class, lasts, ends)
	}
	cues := strings.Split(d.Attributes["CUE"].Text, ",")
	if slices.Contains(cues, "PRE") && slices.Contains(cues, "POST") {
		f.found(d.Line, "the date range %q has the CUE %s", d.ID, d.Attributes["CUE"].Text)
	}
	if planned, told := d.Attributes["PLANNED-DURATION"]; told && (planned.Quoted || strings.Trim(planned.Text, "0123456789.") != "") {
		f.found(d.Line, "the date range %q has the PLANNED-DURATION %q", d.ID, planned.Text)
	}
	for name, value := range d.Attributes {
		if strings.HasPrefix(name, "X-") && !value.Quoted && !extension.MatchString(value.Text) {
			f.found(d.Line, "%s of the date range %q is %s: no quoted string, no number", name, d.ID, value.Text)
		}
	}
}

// dateRangeStays takes a range whose end is not told for its beginning.
func dateRangeStays(f *finder, before, s *state) {
	if len(s.list.Segments) == 0 || s.list.Segments[0].DateTime.IsZero() {
		return
	}
	from := s.list.Segments[0].DateTime
	until := from.Add(s.list.Duration())
	for i := range before.list.DateRanges {
		was := &before.list.DateRanges[i]
		if was.Start.IsZero() {
			continue // more about another one
		}
		at := slices.IndexFunc(s.list.DateRanges, func(d m3u8.DateRange) bool { return d.ID == was.ID && !d.Start.IsZero() })
		end := was.Start.Add(was.Duration)
		if !was.End.IsZero() {
			end = was.End
		}
		switch {
		case at < 0 && !end.Before(from) && was.Start.Before(until):
			f.found(1, "the date range %q from %v to %v is not listed any more; the segments begin at %v", was.ID, was.Start, end, from)
		case at >= 0 && !s.list.DateRanges[at].Start.Equal(was.Start):
			f.found(s.list.DateRanges[at].Line, "the date range %q began at %v and begins at %v", was.ID, was.Start, s.list.DateRanges[at].Start)
		}
	}
}
