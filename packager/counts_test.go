package packager

import (
	"testing"
	"time"

	"ladderd/media"
)

// A part's delay is from when its last picture had come, in whatever order pictures are shown;
// of pictures that are not told there is none.
func TestPartsDelays(t *testing.T) {
	dawn := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := &Stream{delays: &delays{}}
	second := media.Ticks(media.Clock)
	for i, pts := range []media.Ticks{0, 2, 1, 3, 4} { // one came out of order
		s.Arrived(pts*second, dawn.Add(time.Duration(i)*time.Second))
	}
	for _, c := range []struct {
		start, end media.Ticks
		now        time.Duration
	}{
		{0, 2 * second, 2*time.Second + 40*time.Millisecond},           // of 0 and 1: the latter came at 2 s
		{2 * second, 4 * second, 4 * time.Second},                      // of 2 and 3: at 3 s
		{4 * second, 5 * second, 3*time.Second + 900*time.Millisecond}, // a clock that was set back
		{5 * second, 6 * second, 9 * time.Second},                      // nobody knows
	} {
		s.delays.observe(c.start, c.end, dawn.Add(c.now))
	}
	got := s.Delays()
	if got.Count != 3 || (got.Sum-1040*time.Millisecond).Abs() > time.Microsecond {
		t.Errorf("%d parts, %s", got.Count, got.Sum)
	}
	for i, bound := range DelayBounds {
		want := int64(1)
		if bound >= 0.05 {
			want = 2
		}
		if bound > 1 {
			want = 3
		}
		if bound != 1 && got.Within[i] != want { // 1 s and a nanosecond
			t.Errorf("%d within %v s, want %d", got.Within[i], bound, want)
		}
	}
	for i := range marks {
		s.Arrived(media.Ticks(100+i)*second, dawn)
	}
	s.delays.observe(4*second, 5*second, dawn)
	if again := s.Delays(); again.Count != 3 {
		t.Error("pictures of long ago are remembered")
	}
}

func TestWrittenIsCounted(t *testing.T) {
	var w written
	w.add(media.Packet{Kind: media.Video, Data: make([]byte, 10)})
	w.add(media.Packet{Kind: media.Audio, Data: make([]byte, 3)})
	if w.pictures.Load() != 1 || w.bytes.Load() != 13 {
		t.Errorf("%d pictures, %d bytes", w.pictures.Load(), w.bytes.Load())
	}
}
