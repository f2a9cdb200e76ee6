package stream

import (
	"testing"

	"pgregory.net/rapid"

	"ladderd/media"
)

func newTestSoundtrack(t interface{ Fatal(...any) }, rate int) *soundtrack {
	params, err := media.NewAACLC(rate, 2)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSoundtrack(params, Start)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func audioAt(at media.Ticks) media.Packet {
	return media.Packet{Kind: media.Audio, PTS: at, DTS: at, Data: []byte("real")}
}

func real(out []media.Packet) (n int) {
	for _, p := range out {
		if string(p.Data) == "real" {
			n++
		}
	}
	return n
}

func TestSoundtrackTellsItsParametersOnce(t *testing.T) {
	s := newTestSoundtrack(t, 48000)
	first, second := s.place(audioAt(Start)), s.place(audioAt(Start+1920))
	if first[0].Audio == nil || second[0].Audio != nil {
		t.Error("want the parameters on the first frame and no other")
	}
}

func TestSoundtrackFillsAGap(t *testing.T) {
	s := newTestSoundtrack(t, 48000)
	s.place(audioAt(Start))
	out := s.place(audioAt(Start + 11*1920)) // ten frames are missing
	if len(out) != 11 || real(out) != 1 {
		t.Fatalf("%d frames of which %d real; want 10 of silence and 1", len(out), real(out))
	}
	if got := out[10].PTS; got != Start+11*1920 {
		t.Errorf("the real frame is at %d, want %d", got, Start+11*1920)
	}
}

func TestSoundtrackThatBeginsLateIsSilence(t *testing.T) {
	s := newTestSoundtrack(t, 48000)
	var got []media.Packet
	for dts := Start; dts <= Start+3*media.Clock; dts += 3000 {
		got = append(got, s.follow(dts)...)
	}
	if got[0].PTS != Start || real(got) != 0 {
		t.Fatalf("silence begins at %d, want %d", got[0].PTS, Start)
	}
	if end := s.next; end < Start+3*media.Clock-soundLag || end > Start+3*media.Clock {
		t.Errorf("silence goes to %.2f s, want within %.1f s of the video", end.Seconds(), media.Ticks(soundLag).Seconds())
	}
	out := s.place(audioAt(Start + 3*media.Clock))
	if real(out) != 1 {
		t.Error("the first real frame is missing")
	}
}

// Sound that begins between two frames' distances of the first picture is not
// moved, neither at once nor by and by.
func TestSoundtrackBeginsInStep(t *testing.T) {
	for _, late := range []media.Ticks{0, 900, 4000, 4499, 9001, 20 * media.Clock} {
		s := newTestSoundtrack(t, 48000)
		out := s.place(audioAt(Start + late))
		if first := out[0].PTS - Start; first < 0 || first >= s.frame() && late < 9*media.Clock {
			t.Errorf("sound at %d begins %d ticks after the picture", late, first)
		}
		if last := out[len(out)-1]; last.PTS != Start+late && late < 9*media.Clock {
			t.Errorf("sound at %d is put out at %d", late, last.PTS-Start)
		}
		next := out[0].PTS
		for _, p := range out {
			if d := p.PTS - next; abs(d) > soundGap/soundSlew+1 {
				t.Errorf("sound at %d: frame at %d, want %d", late, p.PTS, next)
			}
			next = p.PTS + s.frame()
		}
	}
}

// Sound behind silence takes its own time at once: slewing would have encoders,
// which count samples, drift from it by more than a frame.
func TestSoundtrackResumesInStep(t *testing.T) {
	for late := media.Ticks(0); late < 4000; late += 100 {
		s := newTestSoundtrack(t, 48000)
		s.follow(Start + media.Clock)
		for at := Start + 3*media.Clock/10 + late; ; at += s.frame() {
			out := s.place(audioAt(at))
			if real(out) == 0 {
				continue
			}
			if off := out[len(out)-1].PTS - at; abs(off) > s.frame()/2 {
				t.Errorf("%d ticks: sound is %d off", late, off)
			}
			break
		}
	}
}

// The limit grows to what the source needs, and not further with each frame that
// came too late meanwhile.
func TestSoundtrackWaitsNoLongerThanNeeded(t *testing.T) {
	s := newTestSoundtrack(t, 48000)
	const behind = media.Clock
	for i := range int64(200) {
		at := Start + s.params.FrameTicks(i)
		s.follow(at + behind)
		s.place(audioAt(at))
	}
	if s.lag > behind+s.frame() {
		t.Errorf("waits %.2f s for audio that is 1 s behind", s.lag.Seconds())
	}
}

// Audio that comes steadily later than the limit loses frames once, not for ever.
func TestSoundtrackWaitsLongerForALateSource(t *testing.T) {
	s := newTestSoundtrack(t, 48000)
	const behind = media.Clock
	kept := 0
	for i := int64(0); i < 500; i++ {
		at := Start + s.params.FrameTicks(i)
		s.follow(at + behind)
		if i > 100 {
			kept += real(s.place(audioAt(at)))
		} else {
			s.place(audioAt(at))
		}
	}
	if kept != 399 {
		t.Errorf("%d of 399 frames kept once the source is known to be late", kept)
	}
}

// Frames never overlap and never leave a hole of more than a slew step, whatever
// comes in; and jitter within RTMP's milliseconds adds and drops nothing.
func TestSoundtrackIsGapless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]int{44100, 48000}).Draw(t, "rate")
		s := newTestSoundtrack(t, rate)
		next, frame := Start, s.frame()
		at := Start
		for range rapid.IntRange(1, 200).Draw(t, "frames") {
			at += frame + rapid.OneOf(
				rapid.Just(media.Ticks(0)),
				rapid.Map(rapid.Int64Range(-10_000, 900_000), func(v int64) media.Ticks { return media.Ticks(v) }),
			).Draw(t, "off")
			out := append(s.follow(at), s.place(audioAt(at))...)
			if begins := len(out) > 0 && next == Start; begins {
				next = min(max(out[0].PTS, Start), Start+frame)
			}
			for _, p := range out {
				if d := p.PTS - next; abs(d) > soundGap/soundSlew+1 {
					t.Fatalf("frame at %d, want %d", p.PTS, next)
				}
				next = p.PTS + frame
			}
		}
	})
}

func TestSoundtrackFollowsMillisecondsWithoutLoss(t *testing.T) {
	for _, rate := range []int{44100, 48000} {
		s := newTestSoundtrack(t, rate)
		const hour = 3600
		n := int64(hour * rate / media.FrameSamples)
		for i := range n {
			exact := s.params.FrameTicks(i)
			out := s.place(audioAt(Start + exact/90*90)) // as RTMP rounds
			if len(out) != 1 || abs(out[0].PTS-Start-exact) > media.Clock/1000 {
				t.Fatalf("%d Hz, frame %d: %d frames out", rate, i, len(out))
			}
		}
		if s.filled != 0 || s.late != 0 {
			t.Errorf("%d Hz: %d filled, %d dropped", rate, s.filled, s.late)
		}
	}
}
