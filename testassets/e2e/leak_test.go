package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/await"
	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// leakRun is so many streams, each with three viewers who wait for what does not come.
type leakRun struct {
	name     string
	kind     ladder.Type
	cpu      int  // tenths of a core: 3.3, 8.1 and 2.7 were measured
	https    bool // the viewers come by HTTPS, with HTTP/2
	channels int  // that are live at once
	warmth   int  // streams before the daemon is looked at
	streams  int  // streams after which it is to be as it was
	// memory is what more it may hold then, in bytes: Go's heap grows by 4 MB at a time.
	// What one stream's window holds is 200 KB or more.
	memory int64
}

var leakRuns = []leakRun{
	{name: "passed through", kind: ladder.Basic, cpu: 4, channels: 12, warmth: 150, streams: 500, memory: 6 << 20},
	{name: "transcoded", kind: ladder.Standard, cpu: 9, channels: 3, warmth: 6, streams: 24, memory: 4 << 20},
	{name: "HTTPS", kind: ladder.Basic, cpu: 4, https: true, channels: 6, warmth: 60, streams: 120, memory: 8 << 20},
}

const (
	leakLinger = time.Second
	// leakLimit is Go's limit for the daemon's memory: not much more than what lives, so
	// that garbage does not hide what is kept.
	leakLimit = "8MiB"
	// leakSteady is for how long memory must have stayed within leakGrain, before it
	// counts as what the daemon holds: Go gives pages back over some seconds.
	leakSteady = 3 * time.Second
	leakGrain  = 1 << 20
)

// held is what a process may forget to give back.
type held struct {
	goroutines, files int
	memory            int64 // bytes
}

func TestStreamsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	for _, run := range leakRuns {
		t.Run(run.name, func(t *testing.T) {
			t.Parallel()
			leaveNothing(t, run)
		})
	}
}

func leaveNothing(t *testing.T, run leakRun) {
	file := clip(t, small)
	tags, err := publish.ReadFLV(file)
	if err != nil {
		t.Fatal(err)
	}
	tags = burst(tags, 1500)
	useCPU(t, run.cpu)
	settings := daemon.Settings{Linger: leakLinger, MemoryLimit: leakLimit, HTTPS: run.https}
	for i := range run.channels {
		settings.Channels = append(settings.Channels, daemon.Channel{
			ID: fmt.Sprintf("c%d", i), Type: run.kind, Key: fmt.Sprintf("%s_%d", streamKey, i),
		})
	}
	d := startDaemonWith(t, settings)
	startAndStop(t, d, settings.Channels, tags, run.https, run.warmth)
	before := afterCalm(t, d, held{})
	startAndStop(t, d, settings.Channels, tags, run.https, run.streams)
	most := before
	most.memory += run.memory
	t.Logf("before %+v, after %d streams %+v", before, run.streams, afterCalm(t, d, most))
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
func startAndStop(t *testing.T, d *daemon.Daemon, channels []daemon.Channel, tags []publish.Tag, https bool, streams int) {
	t.Helper()
	ctx := within(t, 2*time.Minute)
	var all sync.WaitGroup
	for i, c := range channels {
		all.Go(func() {
			for n := i; n < streams; n += len(channels) {
				if err := oneStream(ctx, d, c, tags, https); err != nil {
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
func oneStream(ctx context.Context, d *daemon.Daemon, c daemon.Channel, tags []publish.Tag, https bool) error {
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
	transport, url := &http.Transport{}, d.Playback(c.ID)
	if https {
		url = d.SecurePlayback(c.ID)
		transport.ForceAttemptHTTP2, transport.TLSClientConfig = true, &tls.Config{InsecureSkipVerify: true}
	}
	defer transport.CloseIdleConnections() // or the daemon rightly keeps them
	viewers.client.HTTP.Transport = transport
	err := viewers.watch(ctx, url)
	if err != nil {
		cancel()
	}
	if err := errors.Join(err, <-published); err != nil {
		return err
	}
	return await.Until(ctx, "the channel to be free", nil, func() (bool, error) {
		_, err := viewers.client.Variants(ctx, url)
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

// afterCalm waits until the daemon holds no stream and as much memory for a while,
// and no more than most, where that is not zero.
func afterCalm(t *testing.T, d *daemon.Daemon, most held) held {
	t.Helper()
	var now, since held // since is what there was when the memory last changed
	var at time.Time
	ctx := within(t, 40*time.Second)
	awaitOrFail(t, ctx, fmt.Sprintf("no more than %+v", most), func() (bool, error) {
		h, err := d.Health(t.Context())
		if err != nil {
			return false, err
		}
		if now, err = heldBy(d, h); err != nil {
			return false, err
		}
		if change := now.memory - since.memory; len(h.Streams) > 0 || change > leakGrain || change < -leakGrain {
			since, at = now, time.Now()
		}
		if most != (held{}) && (now.goroutines > most.goroutines || now.files > most.files || now.memory > most.memory) {
			return false, nil
		}
		return time.Since(at) >= leakSteady, nil
	}, func() string { return fmt.Sprintf("%+v", now) })
	return now
}

func heldBy(d *daemon.Daemon, h daemon.Health) (held, error) {
	proc := filepath.Join("/proc", strconv.Itoa(d.PID()))
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return held{}, err
	}
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return held{}, err
	}
	memory, err := anonymous(string(status))
	return held{h.Process.Goroutines, len(files), memory}, err
}

// anonymous is RssAnon of proc_pid_status(5), in bytes: memory that is the process's
// own. Pages of the binary come and go, and other tests' daemons share them.
func anonymous(status string) (int64, error) {
	_, figure, _ := strings.Cut(status, "RssAnon:")
	var kilobytes int64
	if _, err := fmt.Sscanf(figure, "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("RssAnon of the daemon: %w", err)
	}
	return kilobytes << 10, nil
}
