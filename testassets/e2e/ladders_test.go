package e2e

import (
	"math"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// rung is a rendition as the guide's tables have it.
type rung struct {
	name          string
	width, height int
	fps           float64
	kbps          int // of the video; 0 where it is the source's or there is none
}

// Broadcasts of busy pictures; the ladder tests share them.
var (
	clip1080p60  = publish.Clip{Name: "1080p60", Width: 1920, Height: 1080, Rate: "60", Seconds: 8, Bitrate: 7_500_000, GOP: 2, BFrames: 2}
	clip1080p30  = publish.Clip{Name: "1080p30", Width: 1920, Height: 1080, Rate: "30000/1001", Seconds: 8, Bitrate: 6_000_000, GOP: 2}
	clip720p60   = publish.Clip{Name: "720p60", Width: 1280, Height: 720, Rate: "60", Seconds: 8, Bitrate: 5_000_000, GOP: 1}
	clip720p50   = publish.Clip{Name: "720p50", Width: 1280, Height: 720, Rate: "50", Seconds: 8, Bitrate: 5_000_000, GOP: 2}
	clip720p30   = publish.Clip{Name: "720p30", Width: 1280, Height: 720, Rate: "30", Seconds: 8, Bitrate: 4_000_000, GOP: 2}
	clip480p30   = publish.Clip{Name: "480p30", Width: 852, Height: 480, Rate: "30", Seconds: 8, Bitrate: 1_400_000, GOP: 2}
	clipPortrait = publish.Clip{Name: "portrait", Width: 720, Height: 1280, Rate: "30", Seconds: 8, Bitrate: 4_000_000, GOP: 2}
)

const ntsc = 30000.0 / 1001

var audioOnly = rung{name: ladder.AudioOnly}

// ladderTests are broadcasts to every channel type, together in both containers and
// latency modes; TestEveryModeIsClean has the modes of a type that are not here.
var ladderTests = []struct {
	name    string
	channel daemon.Channel
	clip    publish.Clip
	cpu     int
	want    []rung
}{
	{"STANDARD 1080p60", daemon.Channel{Type: ladder.Standard}, clip1080p60, 20, []rung{
		{"1080p60", 1920, 1080, 60, 0}, {"720p60", 1280, 720, 60, 3400}, {"480p30", 852, 480, 30, 1400},
		{"360p30", 640, 360, 30, 630}, {"160p30", 284, 160, 30, 230}, audioOnly}},
	{"STANDARD 1080p29.97 in TS and plain HLS", daemon.Channel{Type: ladder.Standard, Container: "TS", Latency: "NORMAL"}, clip1080p30, 12, []rung{
		{"1080p30", 1920, 1080, ntsc, 0}, {"720p30", 1280, 720, ntsc, 2400}, {"480p30", 852, 480, ntsc, 1400},
		{"360p30", 640, 360, ntsc, 630}, {"160p30", 284, 160, ntsc, 230}, audioOnly}},
	{"STANDARD 720p50 in TS", daemon.Channel{Type: ladder.Standard, Container: "TS"}, clip720p50, 12, []rung{
		{"720p50", 1280, 720, 50, 3400}, {"480p25", 852, 480, 25, 1400},
		{"360p25", 640, 360, 25, 630}, {"160p25", 284, 160, 25, 230}, audioOnly}},
	{"STANDARD 480p30 in plain HLS", daemon.Channel{Type: ladder.Standard, Latency: "NORMAL"}, clip480p30, 6, []rung{
		{"480p30", 852, 480, 30, 1400}, {"360p30", 640, 360, 30, 630}, {"160p30", 284, 160, 30, 230}, audioOnly}},
	{"STANDARD portrait", daemon.Channel{Type: ladder.Standard}, clipPortrait, 9, []rung{
		{"720p30", 720, 1280, 30, 2400}, {"480p30", 480, 852, 30, 1400},
		{"360p30", 360, 640, 30, 630}, {"160p30", 160, 284, 30, 230}, audioOnly}},
	{"ADVANCED_HD higher", daemon.Channel{Type: ladder.AdvancedHD}, clip720p60, 14, []rung{
		{"720p60", 1280, 720, 60, 3000}, {"480p30", 852, 480, 30, 1300},
		{"360p30", 640, 360, 30, 700}, {"160p30", 284, 160, 30, 270}, audioOnly}},
	{"ADVANCED_HD constrained in TS and plain HLS", daemon.Channel{
		Type: ladder.AdvancedHD, Preset: ladder.ConstrainedBandwidth, Container: "TS", Latency: "NORMAL"}, clip720p30, 9, []rung{
		{"720p30", 1280, 720, 30, 1900}, {"480p30", 852, 480, 30, 800},
		{"360p30", 640, 360, 30, 400}, {"160p30", 284, 160, 30, 220}, audioOnly}},
	{"ADVANCED_SD higher in TS", daemon.Channel{
		Type: ladder.AdvancedSD, Preset: ladder.HigherBandwidth, Container: "TS"}, clip720p30, 6, []rung{
		{"480p30", 852, 480, 30, 1300}, {"360p30", 640, 360, 30, 700}, {"160p30", 284, 160, 30, 270}, audioOnly}},
	{"ADVANCED_SD constrained in plain HLS", daemon.Channel{
		Type: ladder.AdvancedSD, Preset: ladder.ConstrainedBandwidth, Latency: "NORMAL"}, clip480p30, 6, []rung{
		{"480p30", 852, 480, 30, 800}, {"360p30", 640, 360, 30, 400}, {"160p30", 284, 160, 30, 220}, audioOnly}},
	{"BASIC 480p30", daemon.Channel{Type: ladder.Basic}, clip480p30, passing, []rung{
		{"480p30", 852, 480, 30, 0}, audioOnly}},
	{"BASIC 480p30 in TS and plain HLS", daemon.Channel{Type: ladder.Basic, Container: "TS", Latency: "NORMAL"}, clip480p30, passing, []rung{
		{"480p30", 852, 480, 30, 0}, audioOnly}},
}

// TestLadders publishes to every channel type and reads every rendition.
func TestLadders(t *testing.T) {
	t.Parallel()
	for _, test := range ladderTests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := clip(t, test.clip)
			useCPU(t, test.cpu)
			renditions := readAll(t, channel(test.channel), file, len(test.want))
			for i, r := range renditions {
				checkRung(t, r, test.want[i])
			}
		})
	}
}

// readAll publishes a clip to a channel, follows all of its renditions to the end
// and fetches them. It holds them to what is true of every broadcast.
func readAll(t *testing.T, c daemon.Channel, file string, renditions int) []*hls.Rendition {
	t.Helper()
	return readAllOf(t, daemon.Settings{Channels: []daemon.Channel{c}}, file, renditions)
}

// readAllOf is readAll with other settings and their first channel.
func readAllOf(t *testing.T, s daemon.Settings, file string, renditions int) []*hls.Rendition {
	t.Helper()
	d, c := startDaemonWith(t, s), s.Channels[0]
	if s.Backend != "" {
		// A publisher would wait for the devices, and then be read faster than it comes.
		awaitOrFail(t, within(t, time.Minute), "the devices to be proven", func() (bool, error) {
			return strings.Contains(d.Output(), "msg=backend wanted="+s.Backend), nil
		}, d.Output)
	}
	p, err := publish.FFmpeg(d.RTMP(c.Key), file)
	p = stopAtEnd(t, p, err)
	url := d.Playback(c.ID) + "?allow_audio_only=true"
	v := view(t, d, url, renditions, nil)
	verified := startVerify(t, url, toTheEnd)
	awaitEnd(t, p)
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	verified.finish(t)
	all := v.finish(t)
	checkAll(t, all)
	return all
}

// audioSlack is what a rendition's sound may be shorter or longer than its
// picture: the encoders' own difference, and a frame of AAC at either end.
const audioSlack = 100 * time.Millisecond

// checkAll holds a broadcast's renditions to what is true of every broadcast.
func checkAll(t *testing.T, renditions []*hls.Rendition) {
	t.Helper()
	checkWithin(t, renditions, hls.LastSlack)
}

func checkWithin(t *testing.T, renditions []*hls.Rendition, lastSlack time.Duration) {
	t.Helper()
	if err := hls.Aligned(renditions, lastSlack); err != nil {
		t.Error(err)
	}
	for _, r := range renditions {
		if err := r.CheckMedia(audioSlack); err != nil {
			t.Error(err)
		}
	}
}

func checkRung(t *testing.T, r *hls.Rendition, want rung) {
	t.Helper()
	if r.Name != want.name {
		t.Fatalf("rendition %s is where %s should be", r.Name, want.name)
	}
	sound, ok := r.Stream("audio")
	if !ok || sound.Codec != "aac" || sound.Profile != "LC" || sound.SampleRate != "48000" || sound.Channels != 2 {
		t.Errorf("%s: the audio is %+v", r.Name, sound)
	}
	if want.width == 0 {
		if _, ok := r.Stream("video"); ok || r.Autoselect {
			t.Errorf("%s: has video %v, is chosen automatically %v", r.Name, ok, r.Autoselect)
		}
		return
	}
	picture, ok := r.Stream("video")
	if !ok || picture.Codec != "h264" || picture.Width != want.width || picture.Height != want.height {
		t.Errorf("%s: the video is %+v", r.Name, picture)
	}
	if r.Width != want.width || r.Height != want.height || math.Abs(r.FrameRate-want.fps) > 0.01 {
		t.Errorf("%s: the playlist tells %d×%d, %.3f frames a second", r.Name, r.Width, r.Height, r.FrameRate)
	}
	if picture.ColorSpace != "bt709" || picture.ColorTransfer != "bt709" || picture.Primaries != "bt709" {
		t.Errorf("%s: the source's BT.709 has become %+v", r.Name, picture)
	}
	if fps := rate(r.Video); math.Abs(fps-want.fps) > 0.005*want.fps {
		t.Errorf("%s: %.2f frames a second, not %.2f", r.Name, fps, want.fps)
	}
	if want.kbps > 0 {
		checkBitrate(t, r, want.kbps)
	}
}

// checkBitrate wants the bit rate of the video within 10 % of the ladder's figure
// over any two seconds.
func checkBitrate(t *testing.T, r *hls.Rendition, kbps int) {
	t.Helper()
	lean, fat, ok := hls.Windows(r.Video, 2*time.Second)
	if !ok {
		t.Errorf("%s: less than 2 s of video", r.Name)
		return
	}
	t.Logf("%s: %d kb/s; over 2 s from %.3f to %.3f of that", r.Name, kbps,
		float64(lean.Rate)/float64(1000*kbps), float64(fat.Rate)/float64(1000*kbps))
	if lean.Rate < 900*kbps {
		t.Errorf("%s: %d b/s over the 2 s from PTS %d, more than 10 %% below %d kb/s", r.Name, lean.Rate, lean.PTS, kbps)
	}
	if fat.Rate > 1100*kbps {
		t.Errorf("%s: %d b/s over the 2 s from PTS %d, more than 10 %% above %d kb/s", r.Name, fat.Rate, fat.PTS, kbps)
	}
}

// rate is the mean frame rate.
func rate(packets []hls.Packet) float64 {
	if len(packets) < 2 {
		return 0
	}
	return float64(len(packets)-1) * 90000 / float64(packets[len(packets)-1].DTS-packets[0].DTS)
}
