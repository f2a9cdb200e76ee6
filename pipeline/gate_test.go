package pipeline

import (
	"strings"
	"testing"

	"ladderd/media"
)

func withParams(p media.Packet) media.Packet {
	if p.Kind == media.Video {
		p.Video = &testVideo
	} else {
		p.Audio = &testAudio
	}
	return p
}

func TestGate(t *testing.T) {
	type step struct {
		resume bool
		index  int
		packet media.Packet
		passes bool
		params bool   // it then carries parameters
		err    string // or it ends the worker
	}
	again := step{resume: true}
	in := func(index int, p media.Packet) step {
		return step{index: index, packet: p, passes: true, params: p.Video != nil || p.Audio != nil}
	}
	drop := func(index int, p media.Packet) step { return step{index: index, packet: p} }
	bad := func(index int, p media.Packet, err string) step { return step{index: index, packet: p, err: err} }
	told := func(s step) step { s.params = true; return s }
	key := func(pts media.Ticks) media.Packet { return withParams(video(pts, true)) }

	for _, c := range []struct {
		name  string
		after media.Ticks
		steps []step
	}{
		{"in order", 2, []step{in(0, key(1)), in(0, video(2, false)), in(1, key(1)), in(0, withParams(audio(1))), in(0, audio(2))}},
		{"parameters that change pass", 2, []step{in(0, key(1)), in(0, key(2))}},
		{
			"resumes past all that any video output put out", 9,
			[]step{in(0, key(1)), in(1, key(1)), in(1, video(5, false)), again, drop(0, key(3)), drop(0, video(5, false)), in(0, key(9))},
		},
		{"resumes without an IDR", 1, []step{in(0, key(1)), again, bad(0, withParams(video(2, false)), "video output 0: does not begin with an IDR")}},
		{
			"audio goes on after what is out", 1,
			[]step{in(0, key(1)), in(0, withParams(audio(7))), again, drop(0, withParams(audio(7))), drop(0, audio(900)), told(in(0, audio(1920))), in(0, audio(3840))},
		},
		{
			"workers that die without new audio cost none", 1,
			[]step{in(0, key(1)), in(0, withParams(audio(7))), again, drop(0, withParams(audio(7))), again, drop(0, withParams(audio(7))), again,
				drop(0, withParams(audio(7))), told(in(0, audio(7+1920))), in(0, audio(7+3840))},
		},
		{"begins without parameters", 0, []step{bad(0, audio(1), "audio output 0: begins without parameters")}},
		{"video goes back", 5, []step{in(0, key(5)), bad(0, video(5, false), "went from 5 back to 5")}},
		{"no such video output", 0, []step{bad(2, key(5), "video output 2 of 2")}},
		{"no such audio output", 0, []step{bad(1, withParams(audio(5)), "audio output 1 of 1")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(everyIDR)
			for i, s := range c.steps {
				if s.resume {
					g.resume()
					continue
				}
				o := Output{Index: s.index, Packet: s.packet}
				passes, err := g.pass(&o)
				if s.err != "" {
					if err == nil || !strings.Contains(err.Error(), s.err) {
						t.Fatalf("step %d: error %v, want %q", i, err, s.err)
					}
					continue
				}
				told := o.Packet.Video != nil || o.Packet.Audio != nil
				if err != nil || passes != s.passes || passes && told != s.params {
					t.Errorf("step %d: passes %v with parameters %v, error %v", i, passes, told, err)
				}
			}
			if c.after != 0 && g.after != c.after {
				t.Errorf("resumes past %d, want %d", g.after, c.after)
			}
		})
	}
}

func TestGateOfAJobWithoutVideo(t *testing.T) {
	g := newGate(Job{Audios: make([]AudioOutput, 1), After: -1})
	if ok, err := g.pass(&Output{Packet: withParams(audio(7))}); !ok || err != nil || g.after != 7 {
		t.Errorf("passes %v, error %v, resumes past %d", ok, err, g.after)
	}
}
