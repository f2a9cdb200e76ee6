package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// side is that of a square which is just high enough for a passthrough rendition: few
// pixels for as many renditions.
const side = 728

// hard is a clip whose ladder has a passthrough rendition, so that the source's
// own IDRs are the grid; each test changes what makes it hard.
func hard(name string, change func(*publish.Clip)) publish.Clip {
	c := publish.Clip{Name: name, Width: side, Height: side, Rate: "30", Seconds: 8, Bitrate: 3_000_000, GOP: 2}
	change(&c)
	return c
}

// soft is the same for a ladder without one: the grid is one of 2 s.
func soft(name string, change func(*publish.Clip)) publish.Clip {
	c := publish.Clip{Name: name, Width: 852, Height: 480, Rate: "30", Seconds: 8, Bitrate: 1_400_000, GOP: 2}
	change(&c)
	return c
}

const (
	hardRenditions = 5 + 1 // with audio_only
	softRenditions = 3 + 1
)

// variable is a frame rate that changes every two seconds, with frames that are up
// to 8 ms off their time. In varied those that are IDRs are not: two that are less
// than two seconds apart would fall into one span of the bit rate's check.
const (
	variable = halving + ",setpts='PTS+" + jitter + "/TB'"
	varied   = halving + ",setpts='PTS+if(lt(mod(T+0.001,2),0.01),0," + jitter + ")/TB'"

	halving = "settb=1/90000,select='if(lt(mod(t,4),2),1,not(mod(n,2)))'"
	jitter  = "(random(1)-0.5)*0.016"
)

// TestHardSources publishes what encoders really send. The renditions have to be
// aligned all the same.
func TestHardSources(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		clip       publish.Clip
		renditions int
		finding    string // the stream's health has to say this
		check      func(*testing.T, []*hls.Rendition)
	}{
		{"B-frames and an irregular GOP", hard("irregular", func(c *publish.Clip) {
			c.BFrames, c.Keyframes = 3, []float64{0, 1.1, 3.9, 5, 5.3, 7.2}
		}), hardRenditions, "", wantIDRs(6)},
		{"10 s GOP", hard("longgop", func(c *publish.Clip) { c.GOP, c.Seconds = 10, 12 }), hardRenditions, "keyframe-interval", wantIDRs(2)},
		{"open GOP", soft("opengop", func(c *publish.Clip) { c.OpenGOP, c.BFrames = true, 2 }), softRenditions, "open-gop", wantIDRs(4)},
		{"variable frame rate, source's grid", hard("vfr", func(c *publish.Clip) { c.Filter = varied }), hardRenditions, "", wantBitrates(2400, 1400, 630, 230)},
		{"variable frame rate, own grid", soft("vfrsoft", func(c *publish.Clip) { c.Filter = variable }), softRenditions, "", wantBitrates(1400, 630, 230)},
		{"23.976 frames a second, 30 s GOP, own grid", soft("film", func(c *publish.Clip) {
			c.Rate, c.GOP = "24000/1001", 30
		}), softRenditions, "keyframe-interval", wantIDRs(4)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := clip(t, test.clip)
			useCPU(t, transcoding)
			renditions := readSource(t, test.renditions, test.finding, func(url string) (*publish.Publisher, error) {
				return publish.FFmpeg(url, file)
			})
			wantDuration(t, renditions, time.Duration(test.clip.Seconds)*time.Second)
			test.check(t, renditions)
		})
	}
}

// readSource reads a broadcast whole, and waits for what the stream's health has
// to say of it; an empty finding waits for nothing.
func readSource(t *testing.T, renditions int, finding string, begin func(url string) (*publish.Publisher, error)) []*hls.Rendition {
	t.Helper()
	c := channel(daemon.Channel{Type: ladder.Standard})
	d := startDaemon(t, c)
	p, err := begin(d.RTMP(c.Key))
	p = stopAtEnd(t, p, err)
	v := view(t, d, d.Playback(c.ID)+"?allow_audio_only=true", renditions, nil)
	if finding != "" {
		_, err := d.AwaitStream(t.Context(), c.ID, func(s daemon.Stream) bool { return s.Found(finding) })
		if err != nil {
			t.Error(err)
		}
	}
	awaitEnd(t, p)
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	all := v.finish(t)
	checkAll(t, all)
	return all
}

// wantIDRs wants so many IDRs in each rendition with video.
func wantIDRs(n int) func(*testing.T, []*hls.Rendition) {
	return func(t *testing.T, renditions []*hls.Rendition) {
		for _, r := range renditions {
			if r.HasVideo() && len(r.IDRs) != n {
				t.Errorf("%s has IDRs at %v, not %d of them", r.Name, r.IDRs, n)
			}
		}
	}
}

// wantBitrates wants the figures of the last renditions with video, largest first.
func wantBitrates(kbps ...int) func(*testing.T, []*hls.Rendition) {
	return func(t *testing.T, renditions []*hls.Rendition) {
		renditions = slices.DeleteFunc(slices.Clone(renditions), func(r *hls.Rendition) bool { return !r.HasVideo() })
		for i, r := range renditions[len(renditions)-len(kbps):] {
			checkBitrate(t, r, kbps[i])
		}
	}
}

// wantDuration wants all of a broadcast to have arrived in each rendition.
func wantDuration(t *testing.T, renditions []*hls.Rendition, want time.Duration) {
	t.Helper()
	for _, r := range renditions {
		if got := r.Duration(); got < want-150*time.Millisecond || got > want+150*time.Millisecond {
			t.Errorf("%s: %v of %v", r.Name, got, want)
		}
	}
}

func TestVideoOnly(t *testing.T) {
	t.Parallel()
	file := clip(t, soft("silent", func(c *publish.Clip) { c.Silent = true }))
	useCPU(t, transcoding)
	renditions := readSource(t, softRenditions-1, "", func(url string) (*publish.Publisher, error) {
		return publish.FFmpeg(url, file)
	})
	for _, r := range renditions {
		if sound, ok := r.Stream("audio"); ok {
			t.Errorf("%s: audio out of nowhere: %+v", r.Name, sound)
		}
	}
}

func TestLateAudio(t *testing.T) {
	t.Parallel()
	late := soft("late", func(*publish.Clip) {})
	file := clip(t, late)
	useCPU(t, transcoding)
	renditions := readSource(t, softRenditions, "audio-missing", func(url string) (*publish.Publisher, error) {
		return publish.FFmpegLateAudio(url, file, late.Seconds, 3)
	})
	wantDuration(t, renditions, time.Duration(late.Seconds)*time.Second)
}

func TestGStreamerPublishes(t *testing.T) {
	t.Parallel()
	useCPU(t, transcoding)
	readSource(t, softRenditions, "", func(url string) (*publish.Publisher, error) {
		return publish.GStreamer(url, 852, 480, 240)
	})
}

func TestDroppedFrames(t *testing.T) {
	t.Parallel()
	// From 3 s until the next IDR at 4 s, as OBS does it.
	dropped := hard("dropped", func(c *publish.Clip) { c.BFrames = 2 })
	file := edited(t, dropped, func(tags []publish.Tag) []publish.Tag {
		return publish.DropUntilKey(tags, 3000)
	})
	useCPU(t, transcoding)
	renditions := readSource(t, hardRenditions, "frames-missing", func(url string) (*publish.Publisher, error) {
		return publish.FFmpeg(url, file)
	})
	wantDuration(t, renditions, time.Duration(dropped.Seconds)*time.Second)
}

// TestClockThatJumps has the source's clock jump an hour ahead, and later three
// seconds back.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	const hour = 3_600_000
	jumps := hard("jump", func(*publish.Clip) {})
	tags, err := publish.ReadFLV(clip(t, jumps))
	if err != nil {
		t.Fatal(err)
	}
	tags = publish.Shift(publish.Shift(tags, 2510, hour), hour+5510, -3000)
	useCPU(t, transcoding)
	c := channel(daemon.Channel{Type: ladder.Standard})
	d := startDaemon(t, c)
	sent := pace(t, d.RTMP(c.Key), tags)
	v := view(t, d, d.Playback(c.ID)+"?allow_audio_only=true", hardRenditions, nil)
	_, err = d.AwaitStream(t.Context(), c.ID, func(s daemon.Stream) bool { return s.Found("timestamp-jump") })
	if err != nil {
		t.Error(err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	renditions := v.finish(t)
	checkAll(t, renditions)
	wantDuration(t, renditions, time.Duration(jumps.Seconds)*time.Second)
}

func TestResolutionChangeEndsTheStreamWithAReason(t *testing.T) {
	t.Parallel()
	first := clip(t, soft("before", func(c *publish.Clip) { c.Seconds = 4 }))
	next := clip(t, hard("after", func(c *publish.Clip) { c.Seconds = 4 }))
	var tags [2][]publish.Tag
	for i, file := range []string{first, next} {
		var err error
		if tags[i], err = publish.ReadFLV(file); err != nil {
			t.Fatal(err)
		}
	}
	joined, err := publish.Join(tags[0], tags[1])
	if err != nil {
		t.Fatal(err)
	}
	useCPU(t, transcoding)
	c := channel(daemon.Channel{Type: ladder.Standard})
	d := startDaemon(t, c)
	sent := pace(t, d.RTMP(c.Key), joined)
	v := view(t, d, d.Playback(c.ID)+"?allow_audio_only=true", softRenditions, nil)
	change := fmt.Sprintf("size changed from 852×480 to %d×%d", side, side)
	if err := <-sent; err == nil || !strings.Contains(err.Error(), change) {
		t.Errorf("the publisher was told: %v", err)
	}
	awaitOrFail(t, within(t, 10*time.Second), "the reason in the log", func() (bool, error) {
		return strings.Contains(d.Output(), change), nil
	}, d.Output)
	renditions := v.finish(t)
	checkAll(t, renditions)
	wantDuration(t, renditions, 4*time.Second)
}

// pace publishes tags and says how that ended.
func pace(t *testing.T, url string, tags []publish.Tag) <-chan error {
	sent := make(chan error, 1)
	var sender sync.WaitGroup
	sender.Go(func() { sent <- publish.Paced(t.Context(), url, tags, nil, nil) })
	t.Cleanup(sender.Wait)
	return sent
}

// edited is a clip's file with its tags changed.
func edited(t *testing.T, c publish.Clip, change func([]publish.Tag) []publish.Tag) string {
	t.Helper()
	tags, err := publish.ReadFLV(clip(t, c))
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/edited.flv"
	if err := publish.WriteFLV(file, change(tags)); err != nil {
		t.Fatal(err)
	}
	return file
}
