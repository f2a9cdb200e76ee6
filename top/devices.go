package top

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// deviceColumns end with what a narrow terminal can do without. The first and the last one are
// made as wide as the terminal allows.
var deviceColumns = []column{
	{"DEVICE", 8, false}, {"STATE", 10, false}, {"STREAMS", 7, true}, {"ENCODER", 7, false}, {"SESSIONS", 8, true},
	{"LOAD", 5, true}, {"MEMORY", 6, true}, {"ID", 8, false},
}

// deviceTable is the columns for these devices.
func deviceTable(devices []Device, columns int) []column {
	shown := slices.Clone(deviceColumns)
	name, id := &shown[0], &shown[len(shown)-1]
	left := columns - breadth(shown)
	for _, c := range []struct {
		*column
		of func(Device) string
	}{{name, Device.title}, {id, func(d Device) string { return clean(d.ID) }}} {
		wanted := c.width
		for _, d := range devices {
			wanted = max(wanted, width(c.of(d)))
		}
		if columns > 0 {
			wanted = min(wanted, c.width+max(left, 0))
		}
		left -= wanted - c.width
		c.width = wanted
	}
	return shown
}

// deviceLines are the devices in at most so many lines, 0 for all: those that are left alone
// first, with the reason below them.
func (s *Screen) deviceLines(most int, now time.Time) (lines []string) {
	devices := slices.Clone(s.last.Admission.Devices)
	slices.SortStableFunc(devices, func(a, b Device) int { return cmp.Compare(b.sickness(), a.sickness()) })
	shown := deviceTable(devices, s.width)
	lines = append(lines, s.paint.titles(shown))
	for i, d := range devices {
		more := append([]string{s.paint.row(shown, d.cells(), usual)}, s.reason(d, now)...)
		rest := len(devices) - i
		if i > 0 && most > 0 && len(lines)+len(more)+min(rest-1, 1) > most {
			return append(lines, s.paint.in(faint, count(rest, "more device")))
		}
		lines = append(lines, more...)
	}
	return lines
}

// title is a device's name, and its ID where it has none.
func (d Device) title() string { return clean(cmp.Or(d.Name, d.ID)) }

// sickness is 2 for a device that is left alone, 1 for one that was slower than measured.
func (d Device) sickness() int {
	switch {
	case !d.Until.IsZero():
		return 2
	case d.slow():
		return 1
	}
	return 0
}

// slow says that less is planned with than was measured. Daemons that do not say have no plan.
func (d Device) slow() bool { return d.Plan > 0 && d.Plan < 0.995 }

func (d Device) cells() []cell {
	load := encoding
	if d.ID == machine {
		load = cpu
	}
	return []cell{
		{text: d.title()}, d.condition(), {text: fmt.Sprint(d.Leases)}, {text: clean(cmp.Or(d.Encoder, "-"))}, d.sessions(),
		d.share(load), d.share(memory), {text: clean(d.ID)},
	}
}

func (d Device) condition() cell {
	switch d.sickness() {
	case 2:
		return cell{"left alone", alarm}
	case 1:
		return cell{fmt.Sprintf("slow: %.0f%%", 100*d.Plan), worry}
	}
	return cell{text: "ok"}
}

// sessions are the encoders that are open, of how many, where a limit is known.
func (d Device) sessions() cell {
	used, limit := d.Booked[sessions], d.Limit[sessions]
	switch {
	case limit == 0 && used == 0:
		return cell{text: "-"}
	case limit == 0:
		return cell{text: fmt.Sprint(used)}
	}
	return full(cell{text: fmt.Sprintf("%d/%d", used, limit)}, used, limit)
}

// share is what is booked of what may be, in percent.
func (d Device) share(of string) cell {
	limit := d.Limit[of]
	if limit <= 0 {
		return cell{text: "-"}
	}
	return full(cell{text: fmt.Sprintf("%.0f%%", 100*float64(d.Booked[of])/float64(limit))}, d.Booked[of], limit)
}

// full marks what no other stream fits on.
func full(c cell, used, limit int64) cell {
	if used >= limit {
		c.style = worry
	}
	return c
}

// reason is why a device is left alone.
func (s *Screen) reason(d Device, now time.Time) []string {
	if d.Until.IsZero() {
		return nil
	}
	why := fmt.Sprintf("until %s: %s", clock(d.Until, now), clean(cmp.Or(d.Why, "it failed")))
	return s.paint.paragraph(alarm, "  ", why, s.width, s.wordy())
}

// clock is a time of day where now is.
func clock(t, now time.Time) string { return t.In(now.Location()).Format(time.TimeOnly) }
