package stream

import (
	"testing"
	"time"

	"ladderd/ingest"
	"ladderd/media"
)

func TestStatisticsOfEachSecond(t *testing.T) {
	in := standard()
	got := watch(in, camera(20, 25, 2_000_000).and(microphone(20)).scaled(10, 20, 0.5), 20).stats
	for s, want := range map[int]Statistics{
		8:  {Bitrate: 2_160_000, VideoBitrate: 2_000_000, AudioBitrate: 160_000, FrameRate: 25, KeyframeInterval: 2},
		14: {Bitrate: 1_080_000, VideoBitrate: 1_000_000, AudioBitrate: 80_000, FrameRate: 25, KeyframeInterval: 2},
	} {
		have := got[s]
		if !have.At.Equal(moment(float64(s + 1))) {
			t.Errorf("second %d ends at %v", s, have.At)
		}
		have.At = time.Time{}
		// Seconds without an IDR have fewer bits.
		off := func(a, b int) bool { return float64(a) < 0.75*float64(b) || float64(a) > 1.25*float64(b) }
		if off(have.Bitrate, want.Bitrate) || off(have.VideoBitrate, want.VideoBitrate) || have.AudioBitrate != want.AudioBitrate ||
			have.FrameRate != want.FrameRate || have.KeyframeInterval != want.KeyframeInterval || have.Bitrate != have.VideoBitrate+have.AudioBitrate {
			t.Errorf("second %d: %+v, want about %+v", s, have, want)
		}
	}
}

// In-band data count as what is taken in, and as nothing else.
func TestStatisticsCountMessages(t *testing.T) {
	in := standard()
	for range 10 {
		if err := in.take(input{message: &ingest.Message{Name: "onTextData", Data: make([]byte, 90)}}, dawn); err != nil {
			t.Fatal(err)
		}
	}
	in.second(moment(1))
	if got, want := in.last, (Statistics{At: moment(1), Bitrate: 8000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A second that took longer is divided by what it took, and a keyframe interval is by
// media time, whenever the IDRs came.
func TestStatisticsAreRates(t *testing.T) {
	in := standard()
	for n := range media.Ticks(2) {
		p := media.Packet{Kind: media.Video, PTS: n * 4 * media.Clock, DTS: n * 4 * media.Clock, Key: true, Data: make([]byte, 1000), Arrived: dawn}
		if err := in.take(input{packet: p}, dawn); err != nil {
			t.Fatal(err)
		}
	}
	in.second(moment(1.25))
	if got, want := in.last, (Statistics{At: moment(1.25), Bitrate: 12800, VideoBitrate: 12800, FrameRate: 1.6, KeyframeInterval: 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestIntakeAllocatesNothing(t *testing.T) {
	in, i := standard(), input{packet: media.Packet{Kind: media.Video, Key: true, Data: make([]byte, 1000), Arrived: time.Now()}}
	if n := testing.AllocsPerRun(100, func() { _ = in.take(i, dawn) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// An encoder's padding is taken in, though it goes no further.
func TestStatisticsCountWhatCameIn(t *testing.T) {
	in := standard()
	for _, p := range []media.Packet{
		{Kind: media.Video, Data: make([]byte, 100), Received: 1000},
		{Kind: media.Audio, Data: make([]byte, 50)},
	} {
		if err := in.take(input{packet: p}, dawn); err != nil {
			t.Fatal(err)
		}
	}
	in.second(moment(1))
	if in.last.VideoBitrate != 8000 || in.last.AudioBitrate != 400 {
		t.Errorf("%+v, want 8000 and 400", in.last)
	}
}
