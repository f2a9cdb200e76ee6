package e2e

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// A STANDARD channel takes 8.5 Mb/s. Small pictures cost little, at any bit rate.
var (
	tooMuch   = publish.Clip{Name: "too-much", Width: 320, Height: 180, Rate: "30", Seconds: 24, Bitrate: 12_000_000, GOP: 2, CBR: true}
	justRight = publish.Clip{Name: "just-right", Width: 320, Height: 180, Rate: "30", Seconds: 10, Bitrate: 8_500_000, GOP: 2, CBR: true}
	tooLarge  = publish.Clip{Name: "too-large", Width: 2560, Height: 1440, Rate: "30", Seconds: 1, Bitrate: 3_000_000, GOP: 1}
)

// cutOff waits until ffmpeg has been cut off, and wants the words in its log.
func cutOff(t *testing.T, p *publish.Publisher, words ...string) {
	t.Helper()
	awaitEnd(t, p)
	if err := p.Wait(); err == nil {
		t.Error("ffmpeg has published all of it")
	}
	for _, w := range words {
		if !strings.Contains(p.Output(), w) {
			t.Errorf("ffmpeg does not show %q:\n%s", w, p.Output())
		}
	}
}

func TestTooHighABitrateIsCutOff(t *testing.T) {
	t.Parallel()
	file := clip(t, tooMuch)
	useCPU(t, 5)
	c := channel(daemon.Channel{Type: ladder.Standard})
	d := startDaemon(t, c)
	begin := time.Now()
	p, err := publish.FFmpeg(d.RTMP(c.Key), file)
	cutOff(t, stopAtEnd(t, p, err), "ingest bit rate of 1", "exceeds the limit of 8.5 Mb/s", "lower the encoder's bit rate")
	if lasted := time.Since(begin); lasted > 20*time.Second {
		t.Errorf("it took %v", lasted)
	}
}

func TestTheLimitsOwnBitrateIsNotCutOff(t *testing.T) {
	t.Parallel()
	file := clip(t, justRight)
	useCPU(t, 5)
	c := channel(daemon.Channel{Type: ladder.Standard})
	d := startDaemon(t, c)
	p, err := publish.FFmpeg(d.RTMP(c.Key), file)
	p = stopAtEnd(t, p, err)
	s, err := d.AwaitStream(t.Context(), c.ID, func(s daemon.Stream) bool {
		return s.Ingest.Bitrate > 8_000_000 && s.Ingest.FrameRate > 20 && s.Ingest.KeyframeInterval == 2
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s.Ingest)
	awaitEnd(t, p)
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTooLargeAPictureIsRefused(t *testing.T) {
	t.Parallel()
	file := clip(t, tooLarge)
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemon(t, c)
	p, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	cutOff(t, stopAtEnd(t, p, err), "2560×1440 exceeds the limit of 1920 pixels per edge")
}

func healthy(s daemon.Stream) bool { return s.IngestHealth == "HEALTHY" && len(s.Renditions) > 0 }

// awaitHealth waits until a stream does as is wanted of it.
func awaitHealth(t *testing.T, d *daemon.Daemon, want func(daemon.Stream) bool) daemon.Stream {
	t.Helper()
	s, err := d.AwaitStream(within(t, 20*time.Second), studio, want)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoppedPublisherStarvesItsStream(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemon(t, c)
	p, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	p = stopAtEnd(t, p, err)
	before := awaitHealth(t, d, healthy)
	signal(t, p, syscall.SIGSTOP)
	stopped := time.Now()
	awaitHealth(t, d, func(s daemon.Stream) bool { return s.IngestHealth == "STARVING" && time.Since(stopped) > 6*time.Second })
	signal(t, p, syscall.SIGCONT)
	if after := awaitHealth(t, d, healthy); after.ID != before.ID {
		t.Errorf("stream %s has become %s", before.ID, after.ID)
	}
	log := d.Output()
	// A busy machine may hold ffmpeg up once more.
	starts := len(regexp.MustCompile(`msg="stream health" .*finding=starvation`).FindAllString(log, -1))
	ends := len(regexp.MustCompile(`msg="stream health: it is over" .*finding=starvation`).FindAllString(log, -1))
	if starts == 0 || starts != ends || strings.Contains(log, "stream ended") {
		t.Errorf("starved %d times, %d are over; want it over, and no end of the stream", starts, ends)
	}
}

func signal(t *testing.T, p *publish.Publisher, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.PID(), s); err != nil {
		t.Fatal(err)
	}
}

// A network that carries a fifth of what is sent.
func TestDribblingPublisherStarvesItsStream(t *testing.T) {
	t.Parallel()
	tags, err := publish.ReadFLV(clip(t, small))
	if err != nil {
		t.Fatal(err)
	}
	for i := range tags {
		tags[i].Due *= 5
	}
	c := channel(daemon.Channel{Type: ladder.Basic})
	d := startDaemon(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- publish.Paced(ctx, d.RTMP(c.Key), tags, nil, nil) }()
	s := awaitHealth(t, d, func(s daemon.Stream) bool { return s.IngestHealth == "STARVING" })
	if s.Ingest.Bitrate == 0 {
		t.Error("nothing comes at all")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error("the broadcast ended by itself:", err)
	}
}
