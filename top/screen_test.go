package top

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// crowd is a daemon with many streams, none of them sick.
func crowd(n int) Snapshot {
	s := Snapshot{At: noon, Admission: struct {
		Devices  []Device `json:"devices"`
		Unseated []string `json:"reserved_without_room"`
	}{Devices: []Device{{ID: machine, Name: "a CPU"}}}}
	for i := range n {
		s.Streams = append(s.Streams, Stream{
			ID: fmt.Sprint("st-", i), Channel: fmt.Sprintf("channel%04d", i), State: "live", Started: true, IngestHealth: "HEALTHY",
			Since: noon.Add(-time.Duration(i) * time.Minute), Viewers: i * 7 % 1000, Ingest: Ingest{Bitrate: 1000 + i},
		})
	}
	return s
}

// at is the channel that is chosen, and the line at the bottom.
func at(t *testing.T, s *Screen) (channel, foot string) {
	t.Helper()
	lines := strings.Split(s.Frame(noon), "\n")
	if len(lines) != s.height {
		t.Fatalf("%d lines on a terminal of %d", len(lines), s.height)
	}
	for _, line := range lines {
		if name, is := strings.CutPrefix(line, mark); is {
			channel = strings.Fields(name)[0]
		}
	}
	foot, _, _ = strings.Cut(lines[len(lines)-1], "  ")
	return channel, foot
}

func TestThousandStreamsScroll(t *testing.T) {
	s := screen(crowd(1000), Plain, 80, 24)
	for _, step := range []struct{ keys, channel, foot string }{
		{"", "channel0000", "1-16 of 1000 by channel"},
		{"down j", "channel0002", "1-16 of 1000 by channel"},
		{"pgdown", "channel0018", "17-32 of 1000 by channel"},
		{"k up", "channel0016", "17-32 of 1000 by channel"},
		{"k", "channel0015", "1-16 of 1000 by channel"},
		{"end", "channel0999", "993-1000 of 1000 by channel"},
		{"down", "channel0999", "993-1000 of 1000 by channel"},
		{"s", "channel0999", "993-1000 of 1000 by age"},
		{"s", "channel0999", "1-16 of 1000 by bit rate"},
		{"home", "channel0999", "1-16 of 1000 by bit rate"},
		{"s", "channel0857", "1-16 of 1000 by viewers"},
		{"/ 0 9 9 enter", "channel0999", "1-11 of 11 by viewers, channel has \"099\""},
		{"esc pgup", "channel0857", "1-16 of 1000 by viewers"},
	} {
		press(s, step.keys)
		channel, foot := at(t, s)
		if channel != step.channel || foot != step.foot {
			t.Errorf("after %q: %s, %s; not %s, %s", step.keys, channel, foot, step.channel, step.foot)
		}
	}
}

// Who has chosen a stream keeps it, wherever it goes in the list; when it has ended, the one
// in its place is chosen.
func TestChoiceStaysWithItsStream(t *testing.T) {
	shot := crowd(5)
	s := press(screen(shot, Plain, 80, 24), "j j")
	shot.Streams[4].IngestHealth = starving
	s.Take(shot, noon)
	if channel, _ := at(t, s); channel != "channel0002" {
		t.Errorf("%s is chosen when another one comes before it", channel)
	}
	shot.Streams = append(shot.Streams[:2:2], shot.Streams[3:]...)
	s.Take(shot, noon)
	if channel, _ := at(t, s); channel != "channel0001" {
		t.Errorf("%s is chosen when it has ended", channel)
	}
	s.Take(Snapshot{At: noon}, noon)
	if channel, foot := at(t, s); channel != "" || foot != "0-0 of 0 by channel" {
		t.Errorf("%q is chosen of %q", channel, foot)
	}
	if s.Press("enter"); s.view != listView {
		t.Error("there are details of nothing")
	}
}

func TestDaemonThatIsGoneIsWaitedFor(t *testing.T) {
	s := screen(crowd(2), Plain, 80, 24)
	s.Miss(errors.New("refused"), noon.Add(time.Second))
	s.Miss(errors.New("refused again"), noon.Add(2*time.Second))
	frame := s.Frame(noon.Add(61 * time.Second))
	if !strings.Contains(frame, "no answer since 12:00:01 (1m00s): refused again") || !strings.Contains(frame, "channel0001") {
		t.Errorf("the picture of a daemon that is gone:\n%s", frame)
	}
	s.Take(crowd(2), noon.Add(time.Minute))
	if frame := s.Frame(noon.Add(time.Minute)); strings.Contains(frame, "no answer") {
		t.Errorf("the daemon is back:\n%s", frame)
	}
}

func TestPauseHoldsThePicture(t *testing.T) {
	s := press(screen(crowd(2), Plain, 80, 24), "p")
	held := s.Frame(noon)
	s.Take(crowd(3), noon.Add(time.Second))
	if frame := s.Frame(noon.Add(time.Second)); frame != held || !strings.Contains(frame, "PAUSED") {
		t.Errorf("the picture that is held:\n%s", frame)
	}
	press(s, "p")
	s.Take(crowd(3), noon.Add(time.Second))
	if _, foot := at(t, s); foot != "1-3 of 3 by channel" {
		t.Errorf("the picture goes on with %s", foot)
	}
}

func TestKeysThatQuit(t *testing.T) {
	for keys, quits := range map[string]bool{"q": true, "ctrl+c": true, "/ q": false, "/ ctrl+c": true, "? q": true, "enter q": true, "x": false} {
		s, list := screen(crowd(2), Plain, 80, 24), strings.Fields(keys)
		for _, key := range list[:len(list)-1] {
			s.Press(key)
		}
		if got := s.Press(list[len(list)-1]); got != quits {
			t.Errorf("%s quits: %t", keys, got)
		}
	}
}

// Whatever a daemon says, and whatever is pressed, a frame fits on the terminal and has no
// sequences but ours.
func TestFramesFit(t *testing.T) {
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"日本", "👩‍👩‍👧", "e\u0301", "\x1b[31m", "a\r\nb", "\u202e", "\x9b2J", strings.Repeat("x", 300)}))
	keys := []string{"j", "k", "pgdown", "end", "home", "enter", "esc", "s", "/", "日", "backspace", "?", "p", "up", " "}
	rapid.Check(t, func(t *rapid.T) {
		shot := crowd(rapid.IntRange(0, 40).Draw(t, "streams"))
		shot.ConfigError, shot.Version = texts.Draw(t, "config error"), texts.Draw(t, "version")
		for i := range rapid.IntRange(0, 4).Draw(t, "devices") {
			d := Device{ID: texts.Draw(t, "id"), Name: texts.Draw(t, "name"), Why: texts.Draw(t, "why")}
			if i%2 == 0 {
				d.Until = noon
			}
			shot.Admission.Devices = append(shot.Admission.Devices, d)
		}
		for i := range shot.Streams {
			k := &shot.Streams[i]
			k.Channel, k.Encoder = texts.Draw(t, "channel"), texts.Draw(t, "encoder")
			k.Health = []Finding{{Code: "c", Text: texts.Draw(t, "finding")}}
			k.Worker = &Worker{LastFailure: texts.Draw(t, "failure"), Backend: texts.Draw(t, "backend")}
		}
		s := screen(shot, Plain, rapid.IntRange(1, 250).Draw(t, "width"), rapid.IntRange(1, 60).Draw(t, "height"))
		for _, key := range rapid.SliceOfN(rapid.SampledFrom(keys), 0, 6).Draw(t, "keys") {
			s.Press(key)
			frame := s.Frame(noon)
			lines := strings.Split(frame, "\n")
			if len(lines) > s.height {
				t.Fatalf("%d lines on %d", len(lines), s.height)
			}
			for _, line := range lines {
				if width(line) > s.width {
					t.Fatalf("%d columns on %d: %q", width(line), s.width, line)
				}
				if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e }) {
					t.Fatalf("a terminal would obey %q", line)
				}
				if ASCII(line) != strings.ToValidUTF8(ASCII(line), "") || strings.ContainsFunc(ASCII(line), func(r rune) bool { return r > 0x7e }) {
					t.Fatalf("%q is not ASCII", ASCII(line))
				}
			}
		}
	})
}

func TestWordsFitTheirColumns(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "0s", 59 * time.Second: "59s", time.Minute: "1m00s", time.Hour - 1: "59m59s", 26 * time.Hour: "1d02h",
		99 * 24 * time.Hour: "99d00h", 1000 * 24 * time.Hour: "1000d",
	} {
		if got := age(d); got != want || len(got) > 6 {
			t.Errorf("%v is %q, not %q", d, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1k", 999_400: "999k", 999_600: "1.00M", 6_160_000: "6.16M", 9_996_000: "10.0M", 99_960_000: "100M", 3_900_000_000: "3.90G",
	} {
		if got := scaled(n); got != want || len(got) > 5 {
			t.Errorf("%d is %q, not %q", n, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", 59.94: "59.94", 60: "60", 7.5: "7.5", 100: "100"} {
		if got := short(f); got != want {
			t.Errorf("%v is %q, not %q", f, got, want)
		}
	}
	for ms, want := range map[float64]string{0: "0", 64.4: "64", 9999: "9999", 10_000: "10s", 5e6: ">999s"} {
		if got := milliseconds(ms); got != want || len(got) > 5 {
			t.Errorf("%v ms are %q, not %q", ms, got, want)
		}
	}
}

// BenchmarkFrameOf1000 is what a key or an answer takes.
func BenchmarkFrameOf1000(b *testing.B) {
	s := screen(crowd(1000), Colour, 200, 60)
	for b.Loop() {
		s.Frame(noon)
	}
}
