package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"ladderd/config"
	"ladderd/ladder"
	"ladderd/playback"
)

type demoCommand struct {
	Type string `default:"STANDARD" enum:"STANDARD,BASIC,ADVANCED_SD,ADVANCED_HD" help:"The channel's type: ${enum}."`
}

const (
	demoKey    = "sk_local_demo_generated-broadcast"
	demoAccess = "AKIALADDERDDEMO00001"
)

// Run starts the daemon on a configuration of its own and has the stock ffmpeg
// publish a moving picture with sound to it, until it is interrupted.
func (c *demoCommand) Run() error {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return errors.New("the demo publishes with the stock ffmpeg, which is not installed: run make demo, or apt-get install ffmpeg")
	}
	dir, err := os.MkdirTemp("", "ladderd-demo-")
	if err != nil {
		return fmt.Errorf("make the demo's directory: %w", err)
	}
	defer os.RemoveAll(dir)
	ctx, stop := untilSignal()
	defer stop()
	d, cfg, err := c.open(dir)
	if err != nil {
		return err
	}
	d.start()
	d.up()
	defer d.close()
	fmt.Printf("\n  Watch   http://%s/watch/demo/\n  Player  http://%s%s\n  Health  http://%s/healthz\n  API     AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s aws --region %s --endpoint-url http://%s ivs list-streams\n          (channels that you make here need --insecure-ingest: there is only RTMP)\n\n  Ctrl-C stops all of it.\n\n",
		cfg.Playback.Listen, cfg.Playback.Listen, playback.PlaybackPath(cfg.Server.Region, cfg.Server.Account, "demo"), cfg.Metrics.Listen,
		demoAccess, cfg.API.AccessKeys[0].Secret.Reveal(), cfg.Server.Region, cfg.API.Listen)
	return c.broadcast(ctx, d, ffmpeg, fmt.Sprintf("rtmp://%s/app/%s", cfg.Ingest.RTMP.Listen, demoKey))
}

// broadcast publishes until the demo is interrupted, or until a listener or the
// generator has failed.
func (c *demoCommand) broadcast(ctx context.Context, d *daemon, ffmpeg, url string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan error, 1)
	go func() { ended <- publish(ctx, ffmpeg, url, c.bitrate()) }()
	select {
	case err := <-d.failed:
		stop(err)
		<-ended
		return err
	case err := <-ended:
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("the generated broadcast ended: %w", err)
	}
}

// openTries bounds how often the demo looks for ports: one that was free a moment
// ago may be another demo's by the time the daemon listens.
const openTries = 5

// open makes a daemon that listens on the usual ports, or on others where those
// are taken.
func (c *demoCommand) open(dir string) (*daemon, *config.Config, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	for try := 1; ; try++ {
		cfg, err := c.config(dir)
		if err != nil {
			return nil, nil, err
		}
		d, err := newDaemon(cfg, log)
		if err == nil {
			return d, cfg, nil
		}
		if try == openTries || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, nil, err
		}
	}
}

// config is written to a file and read back, as an operator's would be. It is x264's,
// since GPUs would first be tried.
func (c *demoCommand) config(dir string) (*config.Config, error) {
	text := fmt.Sprintf(`[server]
data_dir = %q
[ingest.rtmp]
listen = %q
[playback]
listen = %q
[api]
listen = %q
[[api.access_key]]
id = %q
secret = %q
policy = "IVSFullAccess"
[metrics]
listen = %q
[pipeline]
backend = "x264"
[[channel]]
id = "demo"
name = "Demo"
type = %q
stream_key = %q
insecure_ingest = true
`, dir, free(1935), free(8080), free(8070), demoAccess, rand.Text(), free(9090), c.Type, demoKey)
	file := filepath.Join(dir, "ladderd.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the demo's configuration: %w", err)
	}
	return config.Load(file)
}

// free is the usual port on loopback, or any other where that one is taken.
func free(port int) string {
	for _, try := range []string{fmt.Sprintf("127.0.0.1:%d", port), "127.0.0.1:0"} {
		if ln, err := net.Listen("tcp", try); err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	return fmt.Sprintf("127.0.0.1:%d", port) // newDaemon will say what is wrong
}

// The generator's picture and sound.
const (
	demoWidth, demoHeight = 1920, 1080
	demoVideo, demoAudio  = 6_000_000, 128_000 // bits per second, at most
)

// bitrate is the generator's for video, in bits per second: what the channel's type
// takes of such a picture, less a tenth, as an encoder's rate is not quite constant.
func (c *demoCommand) bitrate() int {
	most := ladder.MaxBitrate(ladder.Type(c.Type), ladder.Input{Width: demoWidth, Height: demoHeight})
	return min(demoVideo, most*9/10-demoAudio)
}

// publish runs the generator until ctx is over or it ends by itself.
func publish(ctx context.Context, ffmpeg, url string, bitrate int) error {
	rate := strconv.Itoa(bitrate)
	cmd := exec.CommandContext(ctx, ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-re",
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=%dx%d:rate=30", demoWidth, demoHeight),
		"-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4:sample_rate=48000",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p",
		"-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-b:v", rate, "-maxrate", rate, "-bufsize", rate,
		"-c:a", "aac", "-b:a", strconv.Itoa(demoAudio), "-ac", "2", "-f", "flv", url)
	cmd.Stderr = os.Stderr
	// A group of its own, so that Ctrl-C reaches it by way of ctx alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 3 * time.Second
	return cmd.Run()
}
