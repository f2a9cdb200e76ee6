package stream

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ladderd/ingest"
	"ladderd/media"
)

func TestDeskAdmits(t *testing.T) {
	now := time.Unix(1000, 0)
	heard := func(priority int, ago time.Duration) *publisher {
		p := &publisher{parameters: ingest.Parameters{Priority: priority}}
		p.hear(now.Add(-ago))
		return p
	}
	with := func(priority int) *publisher { return heard(priority, time.Second) }
	cases := []struct {
		name     string
		desk     desk
		priority int
		want     error
	}{
		{"a running stream, no priority", desk{current: with(0)}, 0, ingest.ErrLive},
		{"a running stream without priority", desk{current: with(0)}, 1, nil},
		{"a lower priority", desk{current: with(5), priority: 5}, 4, ingest.ErrPriority},
		{"the same priority", desk{current: with(5), priority: 5}, 5, ingest.ErrPriority},
		{"a higher priority", desk{current: with(5), priority: 5}, 17, nil},
		{"the highest", desk{current: with(5), priority: 5}, ingest.MaxPriority, nil},
		{"the hundredth takeover", desk{current: with(99), priority: 99, takeovers: 99}, 100, nil},
		{"the 101st", desk{current: with(100), priority: 100, takeovers: 100}, 101, ingest.ErrTakeovers},
		{"the 101st with a wrong priority", desk{current: with(100), priority: 100, takeovers: 100}, 100, ingest.ErrPriority},
		{"below another candidate", desk{current: with(1), priority: 1, candidate: with(9)}, 9, ingest.ErrPriority},
		{"above another candidate", desk{current: with(1), priority: 1, candidate: with(9)}, 10, nil},
		{"the publisher has gone", desk{priority: 9, takeovers: 100}, 0, nil},
		{"the publisher has gone, and a low priority", desk{priority: 9}, 1, nil},
		{"the publisher has gone, and another one is coming", desk{candidate: with(0)}, 0, ingest.ErrLive},
		{"the publisher has gone, and one without priority is coming", desk{candidate: with(0)}, 1, nil},
		{"the publisher has gone, and the one that was coming is silent", desk{candidate: heard(0, candidateSilence)}, 0, nil},
		{"below another candidate that is silent", desk{current: with(1), priority: 1, candidate: heard(9, candidateSilence)}, 2, nil},
	}
	for _, c := range cases {
		if err := c.desk.admit(c.priority, 100, now); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestSourceMismatch(t *testing.T) {
	like := func(change func(*source)) *source {
		video, audio := *testVideo, *testAudio
		s := &source{video: &video, audio: &audio}
		if change != nil {
			change(s)
		}
		return s
	}
	cases := []struct {
		name     string
		was, now *source
		want     string // empty for none
	}{
		{"the same", like(nil), like(nil), ""},
		{"other parameter sets", like(nil), like(func(s *source) { s.video.SPS = []byte{0x67, 7, 7, 7} }), ""},
		{"another frame rate", like(nil), like(func(s *source) { s.input.Rate = media.Rate{Num: 60, Den: 1} }), ""},
		{"no audio in either", like(func(s *source) { s.audio = nil }), like(func(s *source) { s.audio = nil }), ""},
		{"width", like(nil), like(func(s *source) { s.video.Width = 1440 }), "1440×1080"},
		{"height", like(nil), like(func(s *source) { s.video.Height = 1088 }), "1920×1088"},
		{"audio is missing", like(nil), like(func(s *source) { s.audio = nil }), "there is no audio"},
		{"audio more", like(func(s *source) { s.audio = nil }), like(nil), "there is audio"},
		{"sample rate", like(nil), like(func(s *source) { s.audio.SampleRate = 44100 }), "44100 Hz"},
		{"channels", like(nil), like(func(s *source) { s.audio.Channels = 1 }), "1 channels"},
	}
	for _, c := range cases {
		err := c.was.mismatch(c.now)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ingest.ErrMismatch) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
