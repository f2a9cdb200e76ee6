package e2e

import (
	"bytes"
	"fmt"
	"testing"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// quick is a broadcast whose ladder on an ADVANCED channel has half of its frames.
var quick = publish.Clip{Name: "quick", Width: 640, Height: 360, Rate: "60", Seconds: 5, Bitrate: 1_000_000, GOP: 2, BFrames: 2}

// TestCaptionsReachEveryRendition publishes captions in both of the ways that the guide
// has, in the pictures and in messages, and has ffmpeg's decoder read them from every
// rendition.
func TestCaptionsReachEveryRendition(t *testing.T) {
	channels := []struct {
		channel    daemon.Channel
		clip       publish.Clip
		renditions int
	}{
		{daemon.Channel{Type: ladder.Standard}, mixed, mixedRenditions},
		{daemon.Channel{Type: ladder.AdvancedHD, Container: "TS"}, quick, 3},
	}
	ways := []struct {
		name string
		put  func([]publish.Tag, publish.Captions) []publish.Tag
		say  publish.Captions
		late int64 // pictures of the source that a caption may be late, at most
	}{
		{"in pictures", publish.InPictures, func(n int) []byte { return []byte{0xfc, byte(1 + n%100), byte(1 + n/100)} }, 0},
		// With zeros, which the daemon has to escape; a picture that others refer to has
		// none, so theirs come with the next.
		{"in messages", publish.InMessages, func(n int) []byte { return []byte{0xfc, byte(n >> 8), byte(n), 0xfd, 0, 0} }, 1},
	}
	for _, c := range channels {
		for _, way := range ways {
			t.Run(fmt.Sprintf("%s %s", c.channel.Type, way.name), func(t *testing.T) {
				t.Parallel()
				tags, err := publish.ReadFLV(clip(t, c.clip))
				if err != nil {
					t.Fatal(err)
				}
				useCPU(t, 8)
				d := startDaemon(t, channel(c.channel))
				sent := pace(t, d.RTMP(streamKey), way.put(tags, way.say))
				v := view(t, d, d.Playback(studio), c.renditions, nil)
				if err := <-sent; err != nil {
					t.Error(err)
				}
				shown := publish.Shown(tags)
				for _, r := range v.finish(t) {
					if r.HasVideo() {
						checkCaptions(t, r, shown, way.say, way.late)
						checkEncodersMessage(t, r)
					}
				}
			})
		}
	}
}

// checkEncodersMessage wants the user data that x264 put into the source's first picture,
// and not that of the daemon's own x264.
func checkEncodersMessage(t *testing.T, r *hls.Rendition) {
	t.Helper()
	sei, err := r.SEI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(sei, []byte("x264 - core")); n != 1 || !bytes.Contains(sei, []byte(" bframes=2 ")) {
		t.Errorf("%s: x264's message is there %d times, or is not the source's", r.Name, n)
	}
}

// checkCaptions wants what was said with each of the source's pictures, which were shown
// at these milliseconds, in order and in time: late pictures of the source late at most,
// and one more where the rendition drops every second.
func checkCaptions(t *testing.T, r *hls.Rendition, shown []int64, say publish.Captions, late int64) {
	t.Helper()
	captions, err := r.Captions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const ms = 90
	start := r.IDRs[0] - shown[0]*ms
	period := (shown[len(shown)-1] - shown[0]) * ms / int64(len(shown)-1)
	if len(r.Video) < len(shown)*3/4 {
		late++
	}
	next := 0 // of shown
	for _, c := range captions {
		for rest := c.Entries; len(rest) > 0; next++ {
			if next == len(shown) || !bytes.HasPrefix(rest, say(next)) {
				t.Fatalf("%s: %x at %d where picture %d's captions should be", r.Name, rest, c.PTS, next)
			}
			rest = rest[len(say(next)):]
			if by := c.PTS - start - shown[next]*ms; by < -ms || by > late*period+2*ms {
				t.Fatalf("%s: picture %d's captions are %d ms late", r.Name, next, by/ms)
			}
		}
	}
	// The last pictures may have been dropped, or have been referred to.
	if len(shown)-next > 2 {
		t.Errorf("%s: captions of %d pictures of %d", r.Name, next, len(shown))
	}
}
