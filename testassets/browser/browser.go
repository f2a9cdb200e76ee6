// Package browser drives Debian's Chromium for tests: a real player that is not
// ours, on the far side of the playback URL.
//
// Start runs one headless Chromium with one tab and a profile of its own, which
// Close removes. It is spoken to over the DevTools protocol on a pipe, so there
// is no port that another process could reach. A Browser is for one goroutine;
// each method blocks until the page has answered or the context given to Start
// has ended.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ErrNotInstalled says that there is no Chromium on this machine.
var ErrNotInstalled = errors.New("no chromium in PATH; install the package chromium")

// How long a browser may take to come up and to go down. Neither is a figure of
// ours to measure: they only keep a broken browser from hanging a test for ever.
const (
	startTimeout = 60 * time.Second
	closeTimeout = 20 * time.Second
)

// pollEvery is how often WaitFor looks.
const pollEvery = 50 * time.Millisecond

// consoleKept is how many of the page's last messages are kept for reports.
const consoleKept = 200

// Browser is one headless Chromium with one tab.
type Browser struct {
	ctx    context.Context // chromedp's, for as long as the browser runs
	cancel context.CancelFunc
	done   sync.WaitGroup // the console's reader

	mu       sync.Mutex
	messages []string
}

// Launch starts a browser that ends with the test, which fails if there is none.
// A test that has failed shows what the page had logged.
func Launch(t testing.TB) *Browser {
	t.Helper()
	b, err := Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close chromium: %v", err)
		}
		if t.Failed() {
			t.Logf("the page's console:\n%s", strings.Join(b.Console(), "\n"))
		}
	})
	return b
}

// Start runs Chromium until Close is called or ctx ends.
func Start(ctx context.Context) (*Browser, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, ErrNotInstalled
	}
	ctx, cancelAllocator := chromedp.NewExecAllocator(ctx, flags(path)...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	b := &Browser{ctx: ctx, cancel: func() { cancelTab(); cancelAllocator() }}

	// The browser lives as long as the context of its first command, so that one
	// cannot carry the time-out itself.
	stuck := time.AfterFunc(startTimeout, b.cancel)
	err = chromedp.Do(ctx)
	if !stuck.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err != nil {
		b.cancel()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	b.done.Go(b.readConsole(ctx))
	return b, nil
}

// flags are those that a media test needs: no sandbox (containers), sound and
// autoplay without a click, full speed though nothing is seen, and no traffic of
// the browser's own.
func flags(path string) []chromedp.ExecAllocatorOption {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.WindowSize(1280, 900),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("password-store", "basic"),
	}
	for _, name := range []string{
		"disable-background-networking", "disable-background-timer-throttling",
		"disable-backgrounding-occluded-windows", "disable-breakpad", "disable-component-update",
		"ignore-certificate-errors", // tests' certificates sign themselves
		"disable-default-apps", "disable-dev-shm-usage", "disable-extensions", "disable-quic",
		"disable-renderer-backgrounding", "disable-sync", "metrics-recording-only",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	return options
}

// Open loads url and waits for the page's load event.
func (b *Browser) Open(url string) error {
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		return fmt.Errorf("open %s: %w", url, err)
	}
	return nil
}

// Eval runs an expression in the page, waits for it where it is a promise, and
// stores its value in into as encoding/json would. A nil into drops the value.
func (b *Browser) Eval(expression string, into any) error {
	value, err := chromedp.Run(b.ctx, evaluate(expression))
	if err == nil && into != nil {
		err = decode(value, into)
	}
	if err != nil {
		return fmt.Errorf("evaluate %q: %w", expression, err)
	}
	return nil
}

// WaitFor looks until the expression is true in the page. An expression that
// throws counts as not true yet: the objects that it speaks of may still come.
// The error after timeout holds what the expression came to last and the last
// lines of the page's console.
func (b *Browser) WaitFor(expression string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(b.ctx, timeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	last := "not evaluated"
	for {
		value, err := chromedp.Run(ctx, evaluate(expression))
		switch {
		case err == nil && string(value) == "true":
			return nil
		case err == nil:
			last = string(value)
		case ctx.Err() == nil:
			last = err.Error()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait %v for %q (last: %s): %w%s", timeout, expression, last, ctx.Err(), b.tail(8))
		case <-tick.C:
		}
	}
}

// Click presses the mouse on the first element that the CSS selector finds, once
// it can be seen, as a viewer would: the page takes it for a user's gesture.
func (b *Browser) Click(selector string) error {
	if err := chromedp.Do(b.ctx, chromedp.Click(selector)); err != nil {
		return fmt.Errorf("click %q: %w", selector, err)
	}
	return nil
}

// Viewport makes the page width × height CSS pixels large.
func (b *Browser) Viewport(width, height int) error {
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(int64(width), int64(height))); err != nil {
		return fmt.Errorf("set the viewport to %d×%d: %w", width, height, err)
	}
	return nil
}

// Screenshot writes what is seen to a PNG file.
func (b *Browser) Screenshot(path string) error {
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(path, png, 0o644)
	}
	if err != nil {
		return fmt.Errorf("screenshot: %w", err)
	}
	return nil
}

// Console is what the page has logged so far, uncaught exceptions and failed
// requests included: the last 200 messages, oldest first.
func (b *Browser) Console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.messages...)
}

// Close ends the browser and waits for its processes.
func (b *Browser) Close() error {
	ctx, cancel := context.WithTimeout(b.ctx, closeTimeout)
	defer cancel()
	err := chromedp.Cancel(ctx)
	b.cancel()
	b.done.Wait()
	return err
}
