package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"ladderd/testassets/daemon"
	"ladderd/testassets/hls"
	"ladderd/testassets/publish"
)

// clips is the folder of this run's clips; tests share them.
var clips string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ladderd-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	clips = dir
	// Tests mostly wait for real time to pass: what they take of the cores bounds how
	// many run at once (useCPU), not the number of cores. An option of go test's
	// own goes before this.
	if err := flag.Set("test.parallel", "64"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// making has a lock for each clip, so that tests at the same time make it once.
var making sync.Map

// clip is the path of a clip's file, encoded by the first test that wants it. It is
// called before useCPU, which would otherwise hold what the encoder needs, for ever.
func clip(t *testing.T, c publish.Clip) string {
	t.Helper()
	if _, held := holding.Load(t); held {
		t.Fatal("a clip is asked for after useCPU: tests that do so wait for each other")
	}
	lock, _ := making.LoadOrStore(c.Name, &sync.Mutex{})
	lock.(*sync.Mutex).Lock()
	defer lock.(*sync.Mutex).Unlock()
	if file, ok := made.Load(c.Name); ok {
		return file.(string)
	}
	machine.enter(encoding)
	defer machine.leave(encoding)
	c.Preset = "ultrafast"
	file, err := c.Make(t.Context(), clips)
	if err != nil {
		t.Fatal(err)
	}
	made.Store(c.Name, file)
	return file
}

// made are the files of the clips that are encoded, by name.
var made sync.Map

// within is a context that ends with the test, or after so long.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// The channel under test, of which each test's daemon has one.
const (
	studio    = "studio"
	streamKey = "sk_test_channel_0001"
)

// channel is that channel, with the type and preset of c.
func channel(c daemon.Channel) daemon.Channel {
	c.ID, c.Key = studio, streamKey
	return c
}

// startDaemon runs a daemon for the test, and holds it to an orderly end without
// a crash in its log.
func startDaemon(t *testing.T, c daemon.Channel) *daemon.Daemon {
	t.Helper()
	return startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}})
}

// startDaemonWith is startDaemon with other settings.
func startDaemonWith(t *testing.T, s daemon.Settings) *daemon.Daemon {
	t.Helper()
	d, err := daemon.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
		log := d.Output()
		for _, bad := range []string{"panic:", "fatal error:", "DATA RACE", streamKey} {
			if strings.Contains(log, bad) {
				t.Errorf("the daemon's log has %q in it", bad)
			}
		}
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", log)
		}
	})
	return d
}

// stopAtEnd ends a publisher with the test; how it ends is of no matter then.
func stopAtEnd(t *testing.T, p *publish.Publisher, err error) *publish.Publisher {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Stop()
		if t.Failed() {
			t.Logf("the publisher's output:\n%s", p.Output())
		}
	})
	return p
}

// viewing is a viewer of all of a channel's renditions at once.
type viewing struct {
	client   hls.Client
	url      string
	Variants []hls.Variant
	viewers  sync.WaitGroup
	errs     chan error
}

// view waits until the channel lists that many renditions, and follows each to
// its end.
func view(t *testing.T, d *daemon.Daemon, url string, renditions int, seen func(hls.Variant, *hls.Playlist)) *viewing {
	t.Helper()
	v := &viewing{url: url, errs: make(chan error, renditions)}
	t.Cleanup(v.viewers.Wait) // the test's context has ended by then
	ctx := within(t, 30*time.Second)
	awaitOrFail(t, ctx, fmt.Sprintf("%d renditions", renditions), func() (bool, error) {
		variants, err := v.client.Variants(ctx, url)
		if notFound(err) {
			return false, nil
		}
		v.Variants = variants
		return len(variants) == renditions, err
	}, func() string { return fmt.Sprint(v.Variants) })
	for _, variant := range v.Variants {
		v.viewers.Go(func() {
			var tell func(*hls.Playlist)
			if seen != nil {
				tell = func(p *hls.Playlist) { seen(variant, p) }
			}
			_, err := v.client.Follow(t.Context(), variant.URL, tell)
			if err != nil {
				v.errs <- fmt.Errorf("follow %s: %w", variant.Name, err)
			}
		})
	}
	return v
}

// finish waits until all renditions have ended and fetches each whole.
func (v *viewing) finish(t *testing.T) []*hls.Rendition {
	t.Helper()
	v.viewers.Wait()
	close(v.errs)
	for err := range v.errs {
		t.Error(err)
	}
	dir := t.TempDir()
	var renditions []*hls.Rendition
	for _, variant := range v.Variants {
		r, err := v.client.Download(t.Context(), variant, dir)
		if err != nil {
			t.Fatal(err)
		}
		renditions = append(renditions, r)
	}
	return renditions
}
