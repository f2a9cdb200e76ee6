package density

import (
	"testing"
	"time"

	"ladderd/media"
)

const step = media.Clock / 30

// broadcast is pictures at 30 a second in the order in which they are sent, IPBPB…, with audio,
// and with what comes before the first IDR.
func broadcast(t *testing.T, pictures int) *Clip {
	t.Helper()
	const zero = 1000 * media.Clock
	packets := []media.Packet{{Kind: media.Video, DTS: zero - step, PTS: zero, Data: []byte{0}, Video: &media.VideoParams{Width: 320, Height: 180}}}
	audio, err := media.NewAACLC(48000, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pictures {
		shown := i
		if i > 0 {
			shown = i + 1 - 2*((i+1)%2) // 2, 1, 4, 3, …
		}
		dts := media.Ticks(zero + i*step)
		packets = append(packets, media.Packet{Kind: media.Video, DTS: dts, PTS: zero + media.Ticks((shown+1)*step), Key: i == 0, Data: []byte{byte(i)}})
	}
	for i := range 3 {
		packets = append(packets, media.Packet{Kind: media.Audio, Data: []byte{byte(100 + i)}})
		if i == 0 {
			packets[len(packets)-1].Audio = audio
		}
	}
	c, err := newClip(packets)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClipGoesRoundAndRound(t *testing.T) {
	c := broadcast(t, 5)
	if c.Rate != (media.Rate{Num: 30, Den: 1}) || c.length != 5*step || c.lead != step {
		t.Fatalf("%v frames a second, %d long, %d ahead", c.Rate, c.length, c.lead)
	}
	r, pictures, frames, last := &reel{Clip: c}, 0, 0, media.Ticks(-media.Clock)
	shown := map[media.Ticks]bool{}
	for pictures < 15 {
		p := r.next()
		if p.DTS < last {
			t.Errorf("DTS goes from %d back to %d", last, p.DTS)
		}
		last = p.DTS
		if p.Kind == media.Audio {
			if want := start + c.Audio.FrameTicks(int64(frames)); p.PTS != want || p.Data[0] != byte(100+frames%3) || (p.Audio != nil) != (frames == 0) {
				t.Errorf("frame %d of audio: %+v, want it at %d", frames, p, want)
			}
			frames++
			continue
		}
		if p.Data[0] != byte(pictures%5) || p.Key != (pictures%5 == 0) || (p.Video != nil) != (pictures == 0) || c.due(p.DTS) != media.Ticks(pictures*step) {
			t.Errorf("picture %d: %+v", pictures, p)
		}
		if c.dueShown(media.Video, p.PTS) != c.due(p.DTS) || c.dueShown(media.Video, p.PTS+10) != c.due(p.DTS) {
			t.Errorf("picture %d is due at %d, what is shown then at %d", pictures, c.due(p.DTS), c.dueShown(media.Video, p.PTS))
		}
		shown[p.PTS] = true
		pictures++
	}
	for i := range 15 {
		if !shown[start+media.Ticks(i*step)] {
			t.Errorf("nothing is shown at picture %d", i)
		}
	}
}

func TestClipWantsAnIDR(t *testing.T) {
	if _, err := newClip([]media.Packet{{Kind: media.Video, Video: &media.VideoParams{}}}); err == nil {
		t.Error("a clip without an IDR was taken")
	}
}

func TestUntilEndsWithItsContext(t *testing.T) {
	if until(cancelled(t), time.Now().Add(time.Hour)) || until(cancelled(t), time.Time{}) {
		t.Error("it waited")
	}
}
