package top

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// fact is something that is known of a stream, beside its name.
type fact struct {
	name, text string
	style      style
}

// label is as wide as the longest name of a fact.
const label = 11

// detailLines are all that is known of one stream.
func (s *Screen) detailLines(now time.Time) []string {
	k := s.detailed
	lines := s.head(now)
	if s.height >= 16 {
		lines = append(lines, "")
	}
	rows := max(s.height-len(lines)-1, 1)
	var body []string
	for _, f := range s.facts(k, now) {
		for i, part := range wrap(f.text, s.width-label-1) {
			name := f.name
			if i > 0 {
				name = ""
			}
			body = append(body, fit(name, label, false)+" "+s.paint.in(f.style, strings.TrimRight(part, " ")))
		}
	}
	s.scroll = min(s.scroll, max(len(body)-rows, 0))
	shown := body[s.scroll:min(s.scroll+rows, len(body))]
	lines = append(lines, shown...)
	for range rows - len(shown) {
		lines = append(lines, "")
	}
	where := fmt.Sprintf("lines %d-%d of %d", s.scroll+1, s.scroll+len(shown), len(body))
	return append(lines, s.paint.in(faint, s.ends(where, "up, down scroll  esc back  ? help  q quit")))
}

// facts are in the order in which they help.
func (s *Screen) facts(k Stream, now time.Time) (list []fact) {
	say := func(name string, st style, format string, args ...any) {
		list = append(list, fact{name, clean(fmt.Sprintf(format, args...)), st})
	}
	say("channel", title, "%s", k.Channel)
	if s.ended {
		say("", alarm, "it has ended; this is what was there last")
	}
	c := k.condition()
	say("state", c.style, "%s for %s, stream %s", cmp.Or(k.State, c.text), age(s.daemonTime().Sub(k.Since)), k.ID)
	if !k.Started {
		say("", usual, "viewers cannot play it yet")
	}
	say("publisher", usual, "%s", k.publisher())
	list = append(list, k.media()...)
	i := k.intake()
	say("ingest", i.style, "%s, %sbit/s (video %s, audio %s), %s fps, keyframes every %s s", i.text, scaled(int64(k.Ingest.Bitrate)),
		scaled(int64(k.Ingest.VideoBitrate)), scaled(int64(k.Ingest.AudioBitrate)), short(k.Ingest.FrameRate), k.keyframes())
	if l := k.Link; l != nil {
		say("link", usual, "round trip %s ms, latency %s ms, %d packets: %d lost (%s%%), %d sent again, %d too late; %d units damaged",
			milliseconds(l.RTT), milliseconds(l.Delay), l.Packets, l.Lost, short(l.loss()), l.Retransmitted, l.Dropped, l.Damaged)
	}
	list = append(list, k.findings(now)...)
	say("renditions", usual, "%s", cmp.Or(strings.Join(k.Renditions, ", "), "none yet"))
	if len(k.Shed) > 0 {
		say("shed", worry, "%s: copies of smaller ones, for want of room", strings.Join(k.Shed, ", "))
	}
	list = append(list, k.making()...)
	say("viewers", usual, "%d", k.Viewers)
	if w := k.Window; w != nil {
		say("window", usual, "%sB in memory, %sB on disk, %s lost", scaled(w.Memory), scaled(w.Disk), count(int(w.Lost), "segment"))
		if w.DiskError != "" {
			say("", alarm, "the disk: %s", w.DiskError)
		}
	}
	return list
}

func (s Stream) publisher() string {
	words := []string{strings.ToUpper(s.Protocol) + " from " + s.Remote}
	if s.Encoder != "" {
		words = append(words, s.Encoder)
	}
	if s.Priority > 0 {
		words = append(words, fmt.Sprintf("priority %d", s.Priority))
	}
	if s.Takeovers > 0 {
		words = append(words, "taken over "+count(s.Takeovers, "time"))
	}
	return strings.Join(words, ", ")
}

// media is what the publisher's media are.
func (s Stream) media() []fact {
	if s.Source == nil {
		return []fact{{"source", "not known yet", usual}}
	}
	v := s.Source.Video
	text := fmt.Sprintf("%s at %s fps, %s (%s %s)", s.size(), short(v.FrameRate), v.Codec, v.Profile, v.Level)
	if v.TargetBitrate > 0 {
		text += fmt.Sprintf(", set to %sbit/s", scaled(int64(v.TargetBitrate)))
	}
	if a := s.Source.Audio; a != nil {
		text += fmt.Sprintf("; %s, %d Hz, %s", a.Codec, a.SampleRate, count(a.Channels, "channel"))
	} else {
		text += "; no audio"
	}
	return []fact{{"source", clean(text), usual}}
}

// findings are what is wrong, and, fainter, what was.
func (s Stream) findings(now time.Time) (list []fact) {
	for _, f := range s.Health {
		if f.Over.IsZero() {
			list = append(list, fact{"found", clean(f.words(now)), worry})
		}
	}
	for _, f := range s.Health {
		if !f.Over.IsZero() {
			list = append(list, fact{"was found", clean(f.words(now)), faint})
		}
	}
	return list
}

func (f Finding) words(now time.Time) string {
	text := f.Code
	switch {
	case !f.Since.IsZero() && !f.Over.IsZero():
		text += fmt.Sprintf(" from %s to %s", clock(f.Since, now), clock(f.Over, now))
	case !f.Since.IsZero():
		text += " since " + clock(f.Since, now)
	}
	return text + ": " + f.Text
}

// making is what makes the renditions.
func (s Stream) making() []fact {
	w := s.Worker
	if w == nil {
		return []fact{{"made by", "nothing: the source is passed on as it is", usual}}
	}
	process := fact{"worker", fmt.Sprintf("process %d, %s ms behind, replaced %s", w.PID, milliseconds(w.Behind), count(w.Restarts, "time")), usual}
	if w.PID == 0 {
		process = fact{"worker", fmt.Sprintf("none runs at the moment, replaced %s", count(w.Restarts, "time")), alarm}
	}
	list := []fact{{"made by", clean(strings.Join(append([]string{w.Backend}, w.Encoders...), ", ")), usual}, process}
	if w.Device != "" {
		list = append(list, fact{"device", clean(w.Device), usual})
	}
	if w.LastFailure != "" {
		list = append(list, fact{"last fault", clean(w.LastFailure), worry})
	}
	return list
}
