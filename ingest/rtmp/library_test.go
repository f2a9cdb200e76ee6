package rtmp

import (
	"testing"
	"time"

	"github.com/bluenviron/gortmplib"
	"github.com/bluenviron/gortmplib/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"ladderd/media"
)

// gortmplib puts the whole URL into the application and leaves the name empty.
func TestGortmplibPublishes(t *testing.T) {
	s := start(t, Config{})
	client := &gortmplib.Client{URL: s.url("/app/" + testKey + "?priority=7"), Publish: true}
	if err := client.Initialize(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	video := &gortmplib.Track{Codec: &codecs.H264{SPS: []byte(videoConfig[13:36]), PPS: []byte(videoConfig[39:43])}}
	audio := &gortmplib.Track{Codec: &codecs.MPEG4Audio{Config: &mpeg4audio.AudioSpecificConfig{
		Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 44100, ChannelConfig: 2,
	}}}
	w := &gortmplib.Writer{Conn: client, Tracks: []*gortmplib.Track{video, audio}}
	if err := w.Initialize(); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteH264(video, 2*time.Second, time.Second, [][]byte{[]byte("\x06sei"), []byte("\x65idr")}); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteMPEG4Audio(audio, time.Second, []byte("aac")); err != nil {
		t.Fatal(err)
	}
	ses := s.packets(t, 2)
	v, a := ses.packets[0], ses.packets[1]
	if v.PTS != 2*media.Clock || v.DTS != media.Clock || !v.Key || v.Video == nil || v.Video.Width != 320 {
		t.Errorf("video is %+v", v)
	}
	if string(v.Data) != "\x00\x00\x00\x04\x06sei\x00\x00\x00\x04\x65idr" {
		t.Errorf("video data is %q", v.Data)
	}
	if a.PTS != media.Clock || a.Audio == nil || a.Audio.SampleRate != 44100 || string(a.Data) != "aac" {
		t.Errorf("audio is %+v", a)
	}
	if got := ses.request.Query.Get("priority"); got != "7" {
		t.Errorf("priority is %q", got)
	}
}
