package rtmp

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"ladderd/ingest"
	"ladderd/media"
)

func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is needed: %v", name, err)
	}
}

// runTool runs an encoder to its end.
func runTool(t *testing.T, name string, args ...string) (output string, err error) {
	t.Helper()
	tool(t, name)
	var b bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = &b, &b
	err = cmd.Run()
	return b.String(), err
}

// ffmpegArgs is a broadcast of two seconds: H.264 with B-frames, AAC.
func ffmpegArgs(url string) []string {
	return strings.Fields("-nostdin -hide_banner -loglevel info" +
		" -f lavfi -i testsrc2=size=320x180:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000" +
		" -t 2 -c:v libx264 -preset ultrafast -g 30 -bf 2 -sc_threshold 0 -b:v 400k -c:a aac -b:a 96k -ac 2 -f flv " + url)
}

// overBoth runs a test over RTMP and over RTMPS.
func overBoth(t *testing.T, f func(t *testing.T, s testServer, scheme string)) {
	t.Run("rtmp", func(t *testing.T) { f(t, start(t, Config{}), "rtmp") })
	t.Run("rtmps", func(t *testing.T) { f(t, startTLS(t, Config{}), "rtmps") })
}

func TestFFmpegPublishes(t *testing.T) { overBoth(t, ffmpegPublishes) }

func ffmpegPublishes(t *testing.T, s testServer, scheme string) {
	output, err := runTool(t, "ffmpeg", ffmpegArgs(s.urlOf(scheme, "/any/"+testKey+"?priority=3"))...)
	if err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, output)
	}
	s.desk.await(t, "the end", func() bool { return len(s.desk.sessions) == 1 && s.desk.sessions[0].closed })
	ses := s.desk.sessions[0]
	if got := ses.request.Query.Get("priority"); got != "3" {
		t.Errorf("priority is %q, want 3", got)
	}
	if ses.cause != nil || ses.request.Protocol != scheme {
		t.Errorf("ended with %v, over %s", ses.cause, ses.request.Protocol)
	}
	checkBroadcast(t, ses, 60)
	want := ingest.Metadata{Width: 320, Height: 180, FrameRate: 30, HasAudio: true, SampleRate: 48000, Channels: 2}
	got := ses.metadata[0]
	if !strings.HasPrefix(got.Encoder, "Lavf") {
		t.Errorf("encoder is %q", got.Encoder)
	}
	got.Encoder, got.VideoBitrate, got.AudioBitrate = "", 0, 0
	if got != want {
		t.Errorf("announced %+v, want %+v", got, want)
	}
}

// checkBroadcast checks what every encoder must bring: parameters on the first
// packet of each track, an IDR first, order, and frames enough.
func checkBroadcast(t *testing.T, s *session, frames int) {
	t.Helper()
	video, audio := s.of(media.Video), s.of(media.Audio)
	if len(video) < frames-1 || len(audio) < frames {
		t.Fatalf("got %d video and %d audio packets, want about %d and more", len(video), len(audio), frames)
	}
	if video[0].Video == nil || audio[0].Audio == nil || !video[0].Key {
		t.Fatalf("the first packets lack parameters or the IDR: %v %v %t", video[0].Video, audio[0].Audio, video[0].Key)
	}
	last := map[media.Kind]media.Ticks{}
	for i, p := range s.packets {
		if before, ok := last[p.Kind]; ok && p.DTS <= before {
			t.Fatalf("packet %d of %s goes back in time: %d after %d", i, p.Kind, p.DTS, before)
		}
		last[p.Kind] = p.DTS
		if p.PTS < p.DTS || len(p.Data) == 0 || p.Arrived.IsZero() {
			t.Fatalf("packet %d: %+v", i, p)
		}
	}
}

func TestGStreamerPublishes(t *testing.T) { overBoth(t, gstreamerPublishes) }

func gstreamerPublishes(t *testing.T, s testServer, scheme string) {
	output, err := runTool(t, "gst-launch-1.0", strings.Fields(
		"-e videotestsrc num-buffers=60 ! video/x-raw,width=320,height=180,framerate=30/1 ! x264enc tune=zerolatency key-int-max=30"+
			" ! h264parse ! queue ! mux. audiotestsrc num-buffers=90 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux."+
			" flvmux name=mux streamable=true ! rtmp2sink tls-validation-flags=0 location="+s.urlOf(scheme, "/app/"+testKey))...)
	if err != nil {
		t.Fatalf("gst-launch-1.0: %v\n%s", err, output)
	}
	s.desk.await(t, "the end", func() bool { return len(s.desk.sessions) == 1 && s.desk.sessions[0].closed })
	if cause := s.desk.sessions[0].cause; cause != nil {
		t.Errorf("ended with %v", cause)
	}
	checkBroadcast(t, s.desk.sessions[0], 60)
}

func TestFFmpegIsToldThatItsKeyIsUnknown(t *testing.T) {
	s := start(t, Config{})
	output, err := runTool(t, "ffmpeg", ffmpegArgs(s.url("/app/"+testKey+"x").String())...)
	if err == nil {
		t.Error("ffmpeg took the refusal for success")
	}
	if !strings.Contains(output, "Unknown stream key") {
		t.Errorf("ffmpeg does not show the reason:\n%s", output)
	}
	s.desk.await(t, "the request", func() bool { return len(s.desk.requests) == 1 })
}

// Past 4 h 39 min timestamps are extended; frames of several chunks show
// whether those of format 3 are read rightly: FFmpeg's are of 60000 bytes. In all
// they stay below its window of acknowledgement, 2.5 MB: it does not read while
// it sends so few frames, and hanging up with unread input would lose the last.
func TestFFmpegPublishesPastTheExtendedTimestamp(t *testing.T) {
	s := start(t, Config{})
	output, err := runTool(t, "ffmpeg", strings.Fields("-nostdin -loglevel error"+
		" -f lavfi -i testsrc2=size=320x240:rate=10,noise=alls=100:allf=t -t 1 -output_ts_offset 16777"+
		" -c:v libx264 -preset ultrafast -qp 1 -bf 0 -f flv "+s.url("/app/"+testKey).String())...)
	if err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, output)
	}
	s.desk.await(t, "the end", func() bool { return len(s.desk.sessions) == 1 && s.desk.sessions[0].closed })
	packets := s.desk.sessions[0].packets
	if len(packets) != 10 || s.desk.sessions[0].cause != nil {
		t.Fatalf("%d packets, ended with %v", len(packets), s.desk.sessions[0].cause)
	}
	for i, p := range packets {
		if want := media.FromMillis(16_777_000 + 100*int64(i)); p.DTS != want || len(p.Data) < 70_000 {
			t.Errorf("packet %d has the DTS %d and %d bytes, want %d", i, p.DTS, len(p.Data), want)
		}
	}
}
