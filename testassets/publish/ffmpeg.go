package publish

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ladderd/testassets/process"
)

// grace is how long an encoder may take to say goodbye to the server.
const grace = 10 * time.Second

// Publisher is an encoder that is sending.
type Publisher struct {
	*process.Process
}

// FFmpeg publishes a clip to url with the stock ffmpeg, in real time and without
// encoding it again. output holds further options for the output, such as a bit
// stream filter.
func FFmpeg(url, file string, output ...string) (*Publisher, error) {
	return ffmpeg([]string{"-re", "-i", file}, output, url)
}

// FFmpegLoop is FFmpeg for a clip that begins again each time that it ends, until
// the publisher is stopped.
func FFmpegLoop(url, file string) (*Publisher, error) {
	return ffmpeg([]string{"-stream_loop", "-1", "-re", "-i", file}, nil, url)
}

// FFmpegLateAudio publishes a clip of that many seconds, with audio that begins
// delay seconds after the video and ends with it.
func FFmpegLateAudio(url, file string, seconds, delay int) (*Publisher, error) {
	input := []string{"-re", "-i", file, "-itsoffset", strconv.Itoa(delay), "-re", "-i", file, "-map", "0:v", "-map", "1:a"}
	// Without the limit ffmpeg holds the video back until it has audio for it.
	return ffmpeg(input, []string{"-max_interleave_delta", "50000", "-t", strconv.Itoa(seconds)}, url)
}

func ffmpeg(input, output []string, url string) (*Publisher, error) {
	args := append([]string{"-nostdin", "-hide_banner", "-loglevel", "warning"}, input...)
	args = append(args, "-c", "copy", "-flvflags", "no_duration_filesize")
	args = append(append(args, output...), "-f", "flv", url)
	return start("ffmpeg", args)
}

// GStreamer encodes a test picture and tone live and publishes them by
// rtmp2sink, for so many frames at 30 a second.
func GStreamer(url string, width, height, frames int) (*Publisher, error) {
	// A frame of AAC holds 1024 samples; as much audio as video.
	pipeline := strings.NewReplacer("WIDTH", strconv.Itoa(width), "HEIGHT", strconv.Itoa(height), "FRAMES", strconv.Itoa(frames),
		"BUFFERS", strconv.Itoa(frames*48000/30/1024), "URL", url).Replace(
		"videotestsrc is-live=true num-buffers=FRAMES pattern=ball ! " +
			"video/x-raw,format=I420,width=WIDTH,height=HEIGHT,framerate=30/1 ! " +
			"x264enc tune=zerolatency speed-preset=superfast key-int-max=60 bitrate=1000 ! h264parse ! mux. " +
			"audiotestsrc is-live=true num-buffers=BUFFERS samplesperbuffer=1024 wave=ticks ! " +
			"audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate=96000 ! aacparse ! mux. " +
			"flvmux name=mux streamable=true ! rtmp2sink location=URL")
	return start("gst-launch-1.0", append([]string{"-e", "-q"}, strings.Fields(pipeline)...))
}

func start(program string, args []string) (*Publisher, error) {
	p, err := process.Start(exec.Command(program, args...))
	if err != nil {
		return nil, err
	}
	return &Publisher{p}, nil
}

// Stop ends the broadcast properly, as an operator's "q" or Ctrl-C does.
func (p *Publisher) Stop() error { return p.Process.Stop(syscall.SIGINT, grace) }
