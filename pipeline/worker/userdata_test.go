package worker

import (
	"bytes"
	"testing"

	"ladderd/media"
	"ladderd/pipeline"
)

func TestUserDataOfDroppedPicturesGoesOutWithTheNext(t *testing.T) {
	var u userData
	u.owe(userData{captions: []byte{1, 2, 3}, messages: [][]byte{{7}}})
	u.owe(userData{})
	u.owe(userData{captions: []byte{4, 5, 6}, messages: [][]byte{{8}}})
	got := u.pay()
	if !bytes.Equal(got.captions, []byte{1, 2, 3, 4, 5, 6}) || len(got.messages) != 2 {
		t.Errorf("paid %v", got)
	}
	if again := u.pay(); !again.empty() {
		t.Errorf("paid %v twice", again)
	}
}

func TestUserDataBeyondOnePictureWaits(t *testing.T) {
	var u userData
	for i := range 40 {
		u.owe(userData{captions: []byte{byte(i), byte(i), byte(i)}})
	}
	first, second := u.pay(), u.pay()
	if len(first.captions) != maxCaptions || len(second.captions) != 40*3-maxCaptions || second.captions[0] != 31 {
		t.Errorf("paid %d and %d bytes", len(first.captions), len(second.captions))
	}
	for range 1000 {
		u.owe(userData{captions: make([]byte, 30), messages: [][]byte{{1}}})
	}
	if len(u.captions) > maxOwed || len(u.messages) > maxMessages {
		t.Errorf("owes %d bytes and %d messages", len(u.captions), len(u.messages))
	}
}

func TestCaptionsSurviveInEveryRendition(t *testing.T) {
	s := record(t, append(moving("320x180", "60", 2), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "60")...)
	want := captioned(s, 10) // A/53's 600 entries a second
	s.packets[11] = withSEI(s.packets[11], messageSEI("hello"))
	rate := media.Rate{Num: 60, Den: 1}
	job := s.job(rate,
		pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 400_000},
		pipeline.VideoOutput{Width: 160, Height: 90, Rate: rate.Divide(2), Bitrate: 200_000})
	r := transcode(t, job, s.packets)
	for i := range r.videos {
		var got []byte
		messages := 0
		for _, p := range r.videos[i].packets {
			got = append(got, captions(p.Data)...)
			messages += bytes.Count(p.Data, []byte("hello"))
		}
		// The last picture may have been dropped by the halving.
		if len(got) < len(want)-30 || !bytes.Equal(got, want[:len(got)]) {
			t.Errorf("output %d has %d bytes of captions, the source %d; or in another order", i, len(got), len(want))
		}
		if messages != 1 {
			t.Errorf("output %d has the user message %d times", i, messages)
		}
	}
}
