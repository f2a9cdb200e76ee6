package worker

import (
	"bytes"
	"fmt"
	"slices"
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

// halved is a source of 60 frames a second with B-frames, and the ways in which a worker
// gives it to renditions of 60 and 30.
func halved(t *testing.T) (*source, map[string]pipeline.Job) {
	t.Helper()
	s := record(t, append(moving("320x180", "60", 2), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "60")...)
	rate := media.Rate{Num: 60, Den: 1}
	followed := s.job(rate,
		pipeline.VideoOutput{Width: 320, Height: 180, Rate: rate, Bitrate: 400_000},
		pipeline.VideoOutput{Width: 160, Height: 90, Rate: rate.Divide(2), Bitrate: 200_000})
	own := followed
	own.Grid = pipeline.Grid{Period: 2 * media.Clock, Origin: media.Clock}
	return s, map[string]pipeline.Job{"source's grid": followed, "own grid": own}
}

// sourceFrame is how late what came with a dropped picture may be: it goes out with the
// next one.
const sourceFrame = media.Clock/60 + media.Clock/1000

func TestCaptionsSurviveInEveryRendition(t *testing.T) {
	s, jobs := halved(t)
	const each = 10 // A/53's 600 entries a second
	want := captioned(s, each)
	shown := s.times(media.Video)
	for name, job := range jobs {
		r := transcode(t, job, s.packets)
		for i := range r.videos {
			var got []byte
			for _, p := range r.videos[i].packets {
				entries := media.Captions(p.Data)
				for n := range len(entries) / media.CaptionSize {
					of := shown[(len(got)/media.CaptionSize+n)/each]
					if late := p.PTS - of; late < 0 || late > sourceFrame {
						t.Fatalf("%s, output %d: captions of %d are at %d", name, i, of, p.PTS)
					}
				}
				got = append(got, entries...)
			}
			// The last picture may have been dropped by the halving.
			if len(got) < len(want)-each*media.CaptionSize || !bytes.Equal(got, want[:len(got)]) {
				t.Errorf("%s, output %d has %d bytes of captions, the source %d; or in another order", name, i, len(got), len(want))
			}
		}
	}
}

// Every picture has a message, and x264 has put its own into the first one, as into
// what ladderd encodes.
func TestUnregisteredUserDataIsKept(t *testing.T) {
	s, jobs := halved(t)
	shown := s.times(media.Video)
	for i, p := range s.packets {
		at, _ := slices.BinarySearch(shown, p.PTS)
		s.packets[i] = withSEI(p, messageSEI(fmt.Sprintf("picture %d", at)))
	}
	for name, job := range jobs {
		r := transcode(t, job, s.packets)
		for i := range r.videos {
			next, banners := 0, 0
			for _, p := range r.videos[i].packets {
				banners += bytes.Count(p.Data, x264Banner)
				for _, text := range messages(p.Data) {
					if want := fmt.Sprintf("picture %d", next); text != want {
						t.Fatalf("%s, output %d has the message %q where %q should be", name, i, text, want)
					}
					if late := p.PTS - shown[next]; late < 0 || late > sourceFrame {
						t.Fatalf("%s, output %d: %q is %d ticks late", name, i, text, late)
					}
					next++
				}
			}
			if next < len(shown)-1 {
				t.Errorf("%s, output %d has %d messages of %d pictures", name, i, next, len(shown))
			}
			first := r.videos[i].packets[0].Data
			if banners != 1 || !bytes.Contains(first, []byte("bframes=2")) {
				t.Errorf("%s, output %d has x264's message %d times, or not the source's", name, i, banners)
			}
		}
	}
}
