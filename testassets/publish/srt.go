package publish

import (
	"strconv"
	"strings"
)

// FFmpegSRT publishes a clip by the command of the guide (line 1757), as printed but for
// the file, host and port.
func FFmpegSRT(url, file string) (*Publisher, error) {
	return start("ffmpeg", []string{"-re", "-i", file, "-c", "copy", "-f", "mpegts", url})
}

// FFmpegSRTLoop is FFmpegSRT for a clip that begins again each time that it ends, until
// the publisher is stopped.
func FFmpegSRTLoop(url, file string) (*Publisher, error) {
	return start("ffmpeg", []string{"-nostdin", "-stream_loop", "-1", "-re", "-i", file, "-c", "copy", "-f", "mpegts", url})
}

// FFmpegSRTFrom is FFmpegSRT in a network namespace.
func FFmpegSRTFrom(namespace, url, file string) (*Publisher, error) {
	return start("ip", []string{"netns", "exec", namespace, "ffmpeg", "-re", "-i", file, "-c", "copy", "-f", "mpegts", url})
}

// SRTLiveTransmit publishes a clip by srt-live-transmit, which ffmpeg feeds: SRT's
// messages then end in the midst of transport packets. It does not end by itself.
func SRTLiveTransmit(url, file string) (*Publisher, error) {
	return start("sh", []string{"-c", `
		pipe=$(mktemp -u) && mkfifo "$pipe" || exit
		srt-live-transmit -q -a:no file://con "$2" <"$pipe" & srt=$!
		ffmpeg -nostdin -v error -re -i "$1" -c copy -f mpegts - >"$pipe"
		rm "$pipe"; sleep 1; kill -INT $srt; wait $srt`, "sh", file, url})
}

// GStreamerSRT encodes a test picture and tone live and publishes them by srtsink, for so
// many frames at 30 a second.
func GStreamerSRT(url string, width, height, frames int) (*Publisher, error) {
	pipeline := strings.NewReplacer("WIDTH", strconv.Itoa(width), "HEIGHT", strconv.Itoa(height), "FRAMES", strconv.Itoa(frames),
		"BUFFERS", strconv.Itoa(frames*48000/30/1024), "URL", url).Replace(
		"videotestsrc is-live=true num-buffers=FRAMES pattern=ball ! " +
			"video/x-raw,format=I420,width=WIDTH,height=HEIGHT,framerate=30/1 ! " +
			"x264enc tune=zerolatency speed-preset=superfast key-int-max=60 bitrate=1000 ! h264parse config-interval=1 ! mux. " +
			"audiotestsrc is-live=true num-buffers=BUFFERS samplesperbuffer=1024 wave=ticks ! " +
			"audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate=96000 ! aacparse ! mux. " +
			"mpegtsmux name=mux alignment=7 ! srtsink wait-for-connection=true uri=URL")
	return start("gst-launch-1.0", append([]string{"-e", "-q"}, strings.Fields(pipeline)...))
}
