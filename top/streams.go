package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// figure is a column of the table of streams. Where the terminal is too narrow, those with
// the highest rank are left out.
type figure struct {
	column
	rank int
	of   func(s Stream, now time.Time) cell
}

// leastName is how much of a channel's name is always there.
const leastName = 13

var figures = []figure{
	{column{"CHANNEL", leastName, false}, 0, func(s Stream, _ time.Time) cell { return cell{text: clean(s.Channel)} }},
	{column{"STATE", 7, false}, 1, func(s Stream, _ time.Time) cell { return s.condition() }},
	{column{"HEALTH", 8, false}, 2, func(s Stream, _ time.Time) cell { return s.intake() }},
	{column{"!", 2, true}, 3, func(s Stream, _ time.Time) cell { return counted(s.ailing(), worry) }},
	{column{"FOR", 6, true}, 5, func(s Stream, now time.Time) cell { return cell{text: age(now.Sub(s.Since))} }},
	{column{"BIT/S", 5, true}, 4, func(s Stream, _ time.Time) cell { return cell{text: scaled(int64(s.Ingest.Bitrate))} }},
	{column{"FPS", 5, true}, 6, func(s Stream, _ time.Time) cell { return cell{text: short(s.Ingest.FrameRate)} }},
	{column{"KEY", 4, true}, 8, func(s Stream, _ time.Time) cell { return cell{text: s.keyframes()} }},
	{column{"SOURCE", 9, true}, 9, func(s Stream, _ time.Time) cell { return cell{text: s.size()} }},
	{column{"RENDS", 5, true}, 10, func(s Stream, _ time.Time) cell { return s.made() }},
	{column{"VIEWS", 5, true}, 7, func(s Stream, _ time.Time) cell { return cell{text: whole(s.Viewers)} }},
	{column{"BEHIND", 6, true}, 11, func(s Stream, _ time.Time) cell { return s.lag() }},
	{column{"RST", 3, true}, 12, func(s Stream, _ time.Time) cell { return counted(s.restarts(), worry) }},
	{column{"RTT", 5, true}, 13, func(s Stream, _ time.Time) cell { return s.roundTrip() }},
	{column{"LOSS", 6, true}, 14, func(s Stream, _ time.Time) cell { return s.lossy() }},
	{column{"MADE BY", 22, false}, 15, func(s Stream, _ time.Time) cell { return cell{text: s.maker()} }},
}

// fitting are the figures for which there is room beside a mark for the chosen stream, and
// the room that is left over; all of them where columns is 0.
func fitting(columns int) (list []figure, left int) {
	list = slices.Clone(figures)
	for columns > 0 && len(list) > 1 && breadth(columnsOf(list))+len(mark) > columns {
		last := slices.MaxFunc(list, func(a, b figure) int { return cmp.Compare(a.rank, b.rank) }).rank
		list = slices.DeleteFunc(list, func(f figure) bool { return f.rank == last })
	}
	return list, max(columns-breadth(columnsOf(list))-len(mark), 0)
}

func columnsOf(list []figure) []column {
	columns := make([]column, len(list))
	for i, f := range list {
		columns[i] = f.column
	}
	return columns
}

// mark stands before the stream that is chosen.
const mark = ">"

// table is the columns for these streams, the channel's as wide as their names and the room allow.
func table(streams []Stream, columns int) ([]figure, []column) {
	list, left := fitting(columns)
	longest := leastName
	for _, s := range streams {
		longest = max(longest, width(clean(s.Channel)))
	}
	if columns > 0 {
		longest = min(longest, leastName+left)
	}
	shown := columnsOf(list)
	shown[0].width = longest
	return list, shown
}

// stream is a row of the table. The name alone shows which one is chosen, so that what is
// wrong with it keeps its colours.
func (p Paint) stream(s Stream, list []figure, columns []column, now time.Time, isChosen bool) string {
	cells := make([]cell, len(list))
	for i, f := range list {
		cells[i] = f.of(s, now)
	}
	if !isChosen {
		return " " + p.row(columns, cells, usual)
	}
	cells[0].style = chosen
	return p.in(chosen, mark) + p.row(columns, cells, usual)
}

// condition is a stream's state in a word.
func (s Stream) condition() cell {
	switch {
	case s.State == waiting:
		return cell{"waiting", alarm}
	case s.State == placing:
		return cell{"placing", worry}
	case s.workerless():
		return cell{"restart", alarm}
	case !s.Started:
		return cell{"opening", usual}
	}
	return cell{clean(s.State), usual}
}

func (s Stream) intake() cell {
	if s.IngestHealth == starving {
		return cell{starving, alarm}
	}
	return cell{clean(s.IngestHealth), usual}
}

// counted is a number that had better be 0, and is left out then.
func counted(n int, otherwise style) cell {
	if n == 0 {
		return cell{}
	}
	return cell{scaled(int64(n)), otherwise}
}

func (s Stream) keyframes() string {
	if s.Ingest.KeyframeInterval == 0 {
		return "-"
	}
	if s.Ingest.KeyframeInterval >= 9.995 {
		return fmt.Sprintf("%.0f", s.Ingest.KeyframeInterval)
	}
	return short(s.Ingest.KeyframeInterval)
}

func (s Stream) size() string {
	if s.Source == nil {
		return "-"
	}
	return fmt.Sprintf("%dx%d", s.Source.Video.Width, s.Source.Video.Height)
}

// made is how many renditions there are, and how many of them are no copies of smaller ones.
func (s Stream) made() cell {
	if len(s.Shed) == 0 {
		return cell{text: fmt.Sprint(len(s.Renditions))}
	}
	return cell{fmt.Sprintf("%d/%d", len(s.Renditions)-len(s.Shed), len(s.Renditions)), worry}
}

func (s Stream) lag() cell {
	if s.Worker == nil {
		return cell{text: "-"}
	}
	return cell{text: milliseconds(s.Worker.Behind)}
}

func (s Stream) roundTrip() cell {
	if s.Link == nil {
		return cell{text: "-"}
	}
	return cell{text: milliseconds(s.Link.RTT)}
}

func (s Stream) lossy() cell {
	if s.Link == nil {
		return cell{text: "-"}
	}
	return cell{text: short(s.Link.loss()) + "%"}
}

// maker is what makes the renditions, without what of them it does.
func (s Stream) maker() string {
	if s.Worker == nil {
		return "as it is"
	}
	made, _, _ := strings.Cut(s.Worker.Backend, " (")
	return clean(made)
}
