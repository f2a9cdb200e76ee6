package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/load"
	"ladderd/testassets/await"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// The leak test's streams. Each has three viewers who wait for what does not come.
const (
	leakWarmth   = 60  // streams before the daemon is looked at
	leakStreams  = 500 // streams after which it is to be as it was
	leakChannels = 12  // that are live at once
	leakLinger   = time.Second
	// leakLimit is Go's limit for the daemon's memory; leakMemory is to what its process
	// comes down without a stream, in bytes: that, and what is not Go's. What 500
	// streams' windows hold would be twice as much.
	leakLimit  = "40MiB"
	leakMemory = 52 << 20
)

// held is what a process may forget to give back.
type held struct {
	goroutines, files int
	memory            int64 // bytes
}

func TestStreamsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	tags, err := publish.ReadFLV(file)
	if err != nil {
		t.Fatal(err)
	}
	tags = burst(tags, 1500)
	useCores(t, 1)
	settings := daemon.Settings{Linger: leakLinger, MemoryLimit: leakLimit}
	for i := range leakChannels {
		settings.Channels = append(settings.Channels, daemon.Channel{
			ID: fmt.Sprintf("c%d", i), Type: ladder.Basic, Key: fmt.Sprintf("%s_%d", streamKey, i),
		})
	}
	d := startDaemonWith(t, settings)
	startAndStop(t, d, settings.Channels, tags, leakWarmth)
	before := afterCalm(t, d, held{})
	startAndStop(t, d, settings.Channels, tags, leakStreams)
	t.Logf("before %+v, after %d streams %+v", before, leakStreams, afterCalm(t, d, before))
}

// burst has the first span milliseconds of a clip sent at once.
func burst(tags []publish.Tag, span int64) []publish.Tag {
	var all []publish.Tag
	for _, t := range tags {
		if t.Time < span {
			t.Due = 0
			all = append(all, t)
		}
	}
	return all
}

// startAndStop has so many streams start, be waited on, and end, on all channels at
// the same time.
func startAndStop(t *testing.T, d *daemon.Daemon, channels []daemon.Channel, tags []publish.Tag, streams int) {
	t.Helper()
	ctx := within(t, 2*time.Minute)
	var all sync.WaitGroup
	for i, c := range channels {
		all.Go(func() {
			for n := i; n < streams; n += len(channels) {
				if err := oneStream(ctx, d, c, tags); err != nil {
					t.Errorf("stream %d on channel %s: %v", n, c.ID, err)
					return
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// oneStream publishes until viewers wait, ends the broadcast, and waits until the
// channel is free.
func oneStream(ctx context.Context, d *daemon.Daemon, c daemon.Channel, tags []publish.Tag) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waiting := make(chan struct{})
	sent, published := 0, make(chan error, 1)
	go func() {
		published <- publish.Paced(ctx, d.RTMP(c.Key), tags, nil, func(publish.Sent) {
			if sent++; sent < len(tags)-1 {
				return
			}
			select {
			case <-waiting:
			case <-ctx.Done():
			}
		})
	}()
	viewers := leakViewers{client: &hls.Client{}, waiting: waiting}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections() // or the daemon rightly keeps them
	viewers.client.HTTP.Transport = transport
	err := viewers.watch(ctx, d.Playback(c.ID))
	if err != nil {
		cancel()
	}
	if err := errors.Join(err, <-published); err != nil {
		return err
	}
	return await.Until(ctx, "the channel to be free", nil, func() (bool, error) {
		_, err := viewers.client.Variants(ctx, d.Playback(c.ID))
		return notFound(err), notNotFound(err)
	})
}

// leakViewers are a stream's three: one waits for the playlist, one for the part that
// is hinted at, and one hangs up while it waits.
type leakViewers struct {
	client  *hls.Client
	waiting chan struct{} // closed when all of them have asked
}

func (v leakViewers) watch(ctx context.Context, url string) error {
	media, p, err := v.open(ctx, url)
	if err != nil {
		return err
	}
	msn, _ := p.Next()
	late := fmt.Sprintf("%s?_HLS_msn=%d", media, msn+1)
	hint, err := hls.Resolve(media, p.Hints[0].URI)
	if err != nil {
		return err
	}
	var asked, all sync.WaitGroup
	asked.Add(3)
	ask := func(ctx context.Context, url string) error {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { asked.Done() }})
		_, err := v.client.Fetch(ctx, url)
		return err
	}
	gone, leave := context.WithCancel(ctx)
	defer leave()
	errs := make([]error, 2)
	all.Go(func() { errs[0] = ask(ctx, late) })
	all.Go(func() { errs[1] = ask(ctx, hint) })
	all.Go(func() { _ = ask(gone, late) }) // its error is that it left
	asked.Wait()
	leave()
	close(v.waiting)
	all.Wait()
	return errors.Join(errs...)
}

// open waits until the channel is live and has a part to come.
func (v leakViewers) open(ctx context.Context, url string) (media string, p *hls.Playlist, err error) {
	err = await.Until(ctx, "the stream's first parts", nil, func() (bool, error) {
		variants, err := v.client.Variants(ctx, url)
		if err != nil {
			return false, notNotFound(err)
		}
		media = variants[0].URL
		p, err = v.client.Playlist(ctx, media)
		return err == nil && len(p.Hints) > 0 && !p.Ended, notNotFound(err)
	})
	return media, p, err
}

// notNotFound is err unless it says that something is not there yet.
func notNotFound(err error) error {
	if notFound(err) {
		return nil
	}
	return err
}

// afterCalm waits until the daemon holds no stream, no memory for any, and no more
// goroutines and files than least, where that is not zero.
func afterCalm(t *testing.T, d *daemon.Daemon, least held) held {
	t.Helper()
	var now held
	ctx := within(t, 30*time.Second)
	awaitOrFail(t, ctx, fmt.Sprintf("what was there before: %+v", least), func() (bool, error) {
		h, err := d.Health(t.Context())
		if err != nil {
			return false, err
		}
		if now, err = heldBy(d, h); err != nil {
			return false, err
		}
		more := least != held{} && (now.goroutines > least.goroutines || now.files > least.files)
		return len(h.Streams) == 0 && !more && now.memory <= leakMemory, nil
	}, func() string { return fmt.Sprintf("%+v", now) })
	return now
}

func heldBy(d *daemon.Daemon, h daemon.Health) (held, error) {
	files, err := os.ReadDir("/proc/" + strconv.Itoa(d.PID()) + "/fd")
	if err != nil {
		return held{}, err
	}
	usage, err := load.Process(d.PID()).Usage()
	return held{h.Process.Goroutines, len(files), usage.Memory}, err
}
