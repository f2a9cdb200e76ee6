package stream

import (
	"io"
	"math"
	"testing"
	"testing/synctest"

	"ladderd/ingest"
	"ladderd/media"
)

// All that publishers have sent is in the last status, what came in the stream's last moment
// too, and whatever their clocks show.
func TestTotalIsAllThatCame(t *testing.T) {
	relayed(t, basic, func(t *testing.T, r *relay) {
		shot := footageOf(t)
		var want Total
		send := func(p *peer, seconds float64) {
			packets := shot.shoot(seconds)
			p.send(t, packets...)
			for _, packet := range packets {
				if packet.Kind == media.Audio {
					want.AudioBits += 8 * int64(len(packet.Data))
				} else {
					want.VideoBits += 8 * int64(len(packet.Data))
					want.Frames++
				}
			}
			want.Media += seconds - 1/float64(shot.fps) // nobody knows how long the last frame is shown
		}
		first := r.join(t, "")
		send(first, 3)
		if err := first.Session.Message(ingest.Message{Name: "onTextData", Data: make([]byte, 90)}); err != nil {
			t.Fatal(err)
		}
		want.MessageBits = 800
		shot.from -= 2500 // a new clock, not one that jumped
		second := r.join(t, "priority=1")
		send(second, 4)
		second.Close(io.ErrUnexpectedEOF)
		shot.from += 9000
		third := r.join(t, "")
		send(third, 2)
		third.Close(nil)
		synctest.Wait()
		if len(r.past) != 1 {
			t.Fatalf("%d streams have ended", len(r.past))
		}
		got := r.past[0].Total
		if math.Abs(got.Media-want.Media) > 0.001 {
			t.Errorf("%v s of media, want %v", got.Media, want.Media)
		}
		if got.Media = want.Media; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}
