package rtmp

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/media"
	"ladderd/testassets/process"
)

// guideCommands are those of the user guide (lines 1715, 9259 and 9265), word for
// word but for the host and port, the key, and the input: INPUT stands for a file,
// or for a Windows camera and its options.
var guideCommands = []struct{ name, input, command string }{
	{"a recorded video", "-stream_loop -1 -i FILE",
		`-re INPUT -r 30 -c:v libx264 -pix_fmt yuv420p -profile:v main -preset veryfast -x264opts "nal-hrd=cbr:no-scenecut"` +
			` -minrate 3000 -maxrate 3000 -g 60 -c:a aac -b:a 160k -ac 2 -ar 44100 -f flv rtmps://HOST/app/KEY`},
	{"a camera", "-re -stream_loop -1 -i FILE",
		`INPUT -c:v libx264 -b:v 6000K -maxrate 6000K -pix_fmt yuv420p -r 30 -s 1920x1080 -profile:v main -preset veryfast -g 120` +
			` -x264opts "nal-hrd=cbr:no-scenecut" -acodec aac -ab 160k -ar 44100 -f flv rtmps://HOST/KEY`},
	{"a file", "-i FILE",
		`-re INPUT -c:v libx264 -b:v 6000K -maxrate 6000K -pix_fmt yuv420p -s 1920x1080 -profile:v main -preset veryfast` +
			` -force_key_frames expr:gte(t,n_forced*2) -x264opts "nal-hrd=cbr:no-scenecut" -acodec aac -ab 160k -ar 44100` +
			` -f flv rtmps://HOST/app/KEY`},
}

func TestTheGuidesCommandsPublish(t *testing.T) {
	file := filepath.Join(t.TempDir(), "input.mp4")
	if output, err := runTool(t, "ffmpeg", strings.Fields("-nostdin -loglevel error -f lavfi -i testsrc2=size=640x360:rate=30"+
		" -f lavfi -i sine=frequency=440:sample_rate=48000 -t 3 -c:v libx264 -preset ultrafast -c:a aac "+file)...); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, output)
	}
	for _, c := range guideCommands {
		t.Run(c.name, func(t *testing.T) {
			s := startTLS(t, Config{})
			command := strings.NewReplacer("INPUT", c.input, "HOST", s.addr, "KEY", testKey, `"`, "").Replace(c.command)
			command = strings.Replace(command, "FILE", file, 1)
			ffmpeg, err := process.Start(exec.Command("ffmpeg", strings.Fields(command)...))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = ffmpeg.Stop(syscall.SIGINT, 10*time.Second)
				if t.Failed() {
					t.Logf("ffmpeg's output:\n%s", ffmpeg.Output())
				}
			})
			const frames = 60
			s.desk.await(t, "two seconds of video", func() bool {
				return len(s.desk.sessions) == 1 && len(s.desk.sessions[0].of(media.Video)) >= frames
			})
			_ = ffmpeg.Stop(syscall.SIGINT, 10*time.Second) // its exit code is that of an interruption
			ses := s.ended(t, 0)
			if ses.cause != nil || !ses.request.Secure {
				t.Errorf("ended with %v, secure %t", ses.cause, ses.request.Secure)
			}
			checkBroadcast(t, ses, frames)
			if a := ses.of(media.Audio)[0].Audio; a.SampleRate != 44100 || a.Channels != 1 && a.Channels != 2 {
				t.Errorf("audio is %+v", a)
			}
		})
	}
}
