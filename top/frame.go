package top

import (
	"fmt"
	"strings"
	"time"
)

// Frame is the screen as text, of at most as many lines as the terminal has. None is wider
// than it.
func (s *Screen) Frame(now time.Time) string {
	var lines []string
	switch s.view {
	case helpView:
		lines = s.helpLines()
	case detailView:
		lines = s.detailLines(now)
	default:
		lines = s.listLines(now)
	}
	lines = lines[:min(len(lines), s.height)]
	for i := range lines {
		lines[i] = cut(lines[i], s.width)
	}
	return strings.Join(lines, "\n")
}

// Page is a snapshot as plain text with all its streams, for whoever does not look at a
// terminal. Lines are as long as they need be where columns is 0.
func Page(address string, shot Snapshot, columns int, now time.Time) string {
	s := New(address, Plain)
	s.width, s.height = columns, 0
	s.Take(shot, now)
	lines := append(s.head(now), "")
	lines = append(append(lines, s.deviceLines(0, now)...), "")
	streams := s.streams()
	figures, shown := table(streams, columns)
	lines = append(lines, " "+s.paint.titles(shown))
	for _, k := range streams {
		lines = append(lines, s.paint.stream(k, figures, shown, s.daemonTime(), false))
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// listLines are the head, the devices, a page of streams, and a line at the bottom.
func (s *Screen) listLines(now time.Time) []string {
	lines := s.upper(now)
	streams := s.streams()
	rows := max(s.height-len(lines)-1, 1)
	at := s.place(streams)
	first := at / rows * rows // whole pages: a line less moves at each step, for slow lines
	page := streams[min(first, len(streams)):min(first+rows, len(streams))]
	figures, shown := table(streams, s.width)
	for i, k := range page {
		lines = append(lines, s.paint.stream(k, figures, shown, s.daemonTime(), first+i == at))
	}
	if len(page) == 0 {
		lines = append(lines, s.paint.in(faint, fit(s.nothing(), s.width, false)))
	}
	for range rows - max(len(page), 1) {
		lines = append(lines, "")
	}
	return append(lines, s.foot(first, len(page), len(streams)))
}

// upper is what stands above the streams.
func (s *Screen) upper(now time.Time) []string {
	lines := s.head(now)
	blank := s.height >= 16
	if blank {
		lines = append(lines, "")
	}
	lines = append(lines, s.deviceLines(max(s.height/3, 2), now)...)
	if blank {
		lines = append(lines, "")
	}
	_, shown := table(s.streams(), s.width)
	return append(lines, " "+s.paint.titles(shown))
}

// rows is how many streams there is room for.
func (s *Screen) rows() int { return max(s.height-len(s.upper(s.taken))-1, 1) }

// nothing says why there is no stream in the list.
func (s *Screen) nothing() string {
	switch {
	case s.taken.IsZero():
		return ""
	case len(s.last.Streams) > 0:
		return " no channel has that in its name"
	}
	return " no stream is live"
}

// foot is where one is in the list, and the keys.
func (s *Screen) foot(first, shown, all int) string {
	if s.typing {
		return cut("channel: "+s.filter+"_", s.width)
	}
	where := fmt.Sprintf("%d-%d of %d by %s", min(first+1, all), first+shown, all, orders[s.order].name)
	if s.filter != "" {
		where += fmt.Sprintf(", channel has %q", s.filter)
	}
	return s.paint.in(faint, s.ends(where, "s sort  / filter  enter details  ? help  q quit"))
}

// ends are two texts at the ends of a line; the right one is left out where there is no room.
func (s *Screen) ends(left, right string) string {
	room := s.width - width(left) - width(right)
	if room < 2 {
		return cut(left, s.width)
	}
	return left + strings.Repeat(" ", room) + right
}

// paragraph is a text in at most so many lines, each indented; all of it in one line where
// columns is 0.
func (p Paint) paragraph(s style, indent, text string, columns, most int) (lines []string) {
	parts := []string{text}
	if columns > 0 {
		parts = wrap(text, columns-len(indent))
	}
	if len(parts) > most {
		last := strings.Join(parts[most-1:], " ")
		parts = append(parts[:most-1], cut(last, columns-len(indent)))
	}
	for _, part := range parts {
		lines = append(lines, indent+p.in(s, strings.TrimRight(part, " ")))
	}
	return lines
}
