package publish

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strconv"
	"time"

	"ladderd/testassets/process"
)

// Camera is a live source of raw pictures that an encoder takes as they come, as
// OBS does from its canvas. Sizes are even.
type Camera struct {
	Width, Height int
	FPS           int
	Bitrate       int // video, bits per second
	GOP           float64
	BFrames       int
	// Stamp draws on a frame, I420, what tells which it is or when it was captured;
	// n counts from 0.
	Stamp func(frame []byte, width, height, n int, captured time.Time)
}

// Live is a camera on the air. One goroutine captures until Stop.
type Live struct {
	*Publisher
	frames *os.File // the encoder's standard input
	done   chan struct{}
	err    error // set before done is closed
	late   time.Duration
}

// Broadcast encodes and publishes to url with the stock ffmpeg: x264 without
// lookahead, CBR, a tone. Frames are due at fixed times, and each is stamped with
// the one at which it was due: an encoder that falls behind cannot hide it.
func (c Camera) Broadcast(ctx context.Context, url string) (*Live, error) {
	in, frames, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("camera: %w", err)
	}
	cmd := exec.Command("ffmpeg", c.encoder(url)...)
	cmd.Stdin = in
	p, err := process.Start(cmd)
	in.Close() // the encoder has its own
	if err != nil {
		frames.Close()
		return nil, err
	}
	l := &Live{Publisher: &Publisher{p}, frames: frames, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.err = c.capture(ctx, frames, l)
	}()
	return l, nil
}

func (c Camera) encoder(url string) []string {
	rate := strconv.Itoa(c.Bitrate)
	return []string{
		"-nostdin", "-hide_banner", "-loglevel", "warning",
		"-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", c.Width, c.Height), "-framerate", strconv.Itoa(c.FPS),
		"-thread_queue_size", "64", "-probesize", "32", "-i", "pipe:0",
		"-f", "lavfi", "-i", "sine=frequency=330:beep_factor=3:sample_rate=48000,aformat=channel_layouts=stereo",
		"-map", "0:v", "-map", "1:a",
		"-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-bf", strconv.Itoa(c.BFrames),
		"-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-g", strconv.Itoa(int(c.GOP * float64(c.FPS))), "-sc_threshold", "0",
		"-c:a", "aac", "-b:a", "128k", "-flvflags", "no_duration_filesize", "-f", "flv", url,
	}
}

// Late is by how much the encoder took a frame too late at worst, once Stop has
// returned.
func (l *Live) Late() time.Duration { return l.late }

// Stop ends the broadcast and waits for the encoder.
func (l *Live) Stop() error {
	l.frames.Close() // unblocks capture; the encoder sees the end
	<-l.done
	_ = l.Publisher.Stop() // ffmpeg's exit code for Ctrl-C is no success
	if errors.Is(l.err, os.ErrClosed) || errors.Is(l.err, context.Canceled) {
		return nil
	}
	return l.err
}

// capture writes a frame whenever one is due, until the pipe is closed or ctx ends.
func (c Camera) capture(ctx context.Context, to *os.File, l *Live) error {
	view := newPan(c.Width, c.Height)
	frame := make([]byte, c.Width*c.Height*3/2)
	timer := time.NewTimer(0)
	defer timer.Stop()
	begin := time.Now()
	for n := 0; ; n++ {
		at := time.Duration(n) * time.Second / time.Duration(c.FPS)
		due := begin.Add(at)
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		view.draw(frame, at.Seconds())
		c.Stamp(frame, c.Width, c.Height, n, due)
		if _, err := to.Write(frame); err != nil {
			return fmt.Errorf("hand the encoder a frame: %w", err)
		}
		l.late = max(l.late, time.Since(due))
	}
}

// pan is a view that swings over a texture, cheap enough to be drawn while it is
// being encoded.
type pan struct {
	width, height int // of the view
	wide, high    int // of the texture
	i420          []byte
}

func newPan(width, height int) *pan {
	wide, high := width*5/4&^1, height*5/4&^1
	return &pan{width, height, wide, high, newTexture(wide, high, 7).i420()}
}

// draw writes the view at a time, in seconds, into an I420 frame.
func (p *pan) draw(frame []byte, at float64) {
	x := int(float64(p.wide-p.width)*(0.5+0.5*math.Sin(at*1.3))) &^ 1
	y := int(float64(p.high-p.height)*(0.5+0.5*math.Cos(at*0.91))) &^ 1
	frame = cut(frame, p.i420, p.wide, x, y, p.width, p.height)
	chroma := p.i420[p.wide*p.high:]
	for plane := range 2 {
		from := chroma[plane*p.wide*p.high/4:]
		frame = cut(frame, from, p.wide/2, x/2, y/2, p.width/2, p.height/2)
	}
}

// cut copies a rectangle of a plane and returns what of to is left.
func cut(to, plane []byte, stride, x, y, width, height int) []byte {
	for row := range height {
		copy(to[:width], plane[(y+row)*stride+x:])
		to = to[width:]
	}
	return to
}

// i420 is the texture as planes of limited-range BT.709, its size even.
func (t *texture) i420() []byte {
	luma := t.width * t.height
	out := make([]byte, luma*3/2)
	for y := range t.height {
		for x := range t.width {
			at := t.rgb[3*(y*t.width+x):]
			r, g, b := float64(at[0]), float64(at[1]), float64(at[2])
			v := 0.2126*r + 0.7152*g + 0.0722*b
			out[y*t.width+x] = byte(16 + v*219/255)
			if x%2 == 0 && y%2 == 0 {
				i := luma + y/2*(t.width/2) + x/2
				out[i] = byte(128 + (b-v)*224/255/1.8556)
				out[i+luma/4] = byte(128 + (r-v)*224/255/1.5748)
			}
		}
	}
	return out
}
