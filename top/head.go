package top

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// head says which daemon this is and how it does, and what is wrong with it.
func (s *Screen) head(now time.Time) []string {
	right := clock(cmp.Or(s.taken, now), now)
	if s.paused {
		right = "PAUSED " + right
	}
	if s.taken.IsZero() {
		right = ""
	}
	lines := []string{s.paint.in(title, s.line(s.who(), right))}
	if !s.taken.IsZero() {
		lines = append(lines, s.line(s.sums(now), ""))
	}
	for _, wrong := range s.wrong(now) {
		lines = append(lines, s.paint.paragraph(alarm, "", wrong, s.width, s.wordy())...)
	}
	return lines
}

// wordy is how many lines what is wrong may take, so that there are some for streams.
func (s *Screen) wordy() int {
	if s.height > 0 && s.height < 20 {
		return 1
	}
	return 3
}

// line is a text that has a line for itself, with another one at its right end.
func (s *Screen) line(left, right string) string {
	switch {
	case s.width == 0:
		return strings.TrimRight(left+"  "+right, " ")
	case right == "":
		return cut(left, s.width)
	}
	return s.ends(cut(left, max(s.width-width(right)-2, 1)), right)
}

func (s *Screen) who() string {
	words := []string{strings.TrimRight("ladderd "+version(s.last.Version), " ")}
	if !s.last.Started.IsZero() {
		words = append(words, "up "+age(s.daemonTime().Sub(s.last.Started)))
	}
	return strings.Join(append(words, s.address), " · ")
}

// version is the part of a build's description by which people know it.
func version(long string) string {
	name, _, _ := strings.Cut(clean(long), ", ")
	return name
}

// sums is the second line.
func (s *Screen) sums(now time.Time) string {
	shot := s.last
	sick, viewers := 0, 0
	for _, k := range shot.Streams {
		viewers += k.Viewers
		if k.sickness() > 0 {
			sick++
		}
	}
	words := []string{count(len(shot.Streams), "stream")}
	if sick > 0 {
		words[0] += fmt.Sprintf(", %d in trouble", sick)
	}
	words = append(words, count(viewers, "viewer"))
	if room := shot.processor(); room != "" {
		words = append(words, room)
	}
	if shot.Lingering.Streams > 0 {
		words = append(words, fmt.Sprintf("%d ended", shot.Lingering.Streams))
	}
	if r := shot.Reloaded; r != nil && r.Result != "refused" {
		words = append(words, "config taken "+clock(r.At, now))
	}
	return strings.Join(words, " · ")
}

// processor is what is booked of the machine's cores; empty where that is not known.
func (s Snapshot) processor() string {
	for _, d := range s.Admission.Devices {
		if d.ID == machine && d.Limit[cpu] > 0 {
			return fmt.Sprintf("CPU %.1f of %.1f cores", float64(d.Booked[cpu])/1000, float64(d.Limit[cpu])/1000)
		}
	}
	return ""
}

// wrong is what the daemon itself says is wrong with it, or that it says nothing.
func (s *Screen) wrong(now time.Time) (texts []string) {
	shot := s.last
	if s.missed != nil {
		texts = append(texts, fmt.Sprintf("no answer since %s (%s): %s", clock(s.since, now), age(now.Sub(s.since)), clean(s.missed.Error())))
	}
	if shot.ConfigError != "" {
		text := "config refused"
		if shot.Reloaded != nil {
			text += " " + clock(shot.Reloaded.At, now)
		}
		texts = append(texts, text+": "+clean(strings.ReplaceAll(strings.TrimSpace(shot.ConfigError), "\n", "; ")))
	}
	if shot.DiskError != "" {
		texts = append(texts, "no window is on disk: "+clean(shot.DiskError))
	}
	if shot.API.StoreError != "" {
		texts = append(texts, "the store: "+clean(shot.API.StoreError))
	}
	if n := len(shot.Admission.Unseated); n > 0 {
		texts = append(texts, "no room for what is reserved: "+clean(strings.Join(shot.Admission.Unseated, ", ")))
	}
	return texts
}
