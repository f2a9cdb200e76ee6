package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"ladderd/top"

	"github.com/charmbracelet/x/term"
)

type topCommand struct {
	metricsAddress
	Every time.Duration `default:"1s" help:"How often to ask: ${default}."`
	Once  bool          `help:"Print all there is once, as plain text. Exit status: 1 where the daemon does not answer."`
}

// Run shows the daemon's streams and devices. On a terminal on which nothing can be drawn,
// and where there is none, one page comes after the other.
func (c *topCommand) Run() error {
	ctx, stop := untilSignal()
	defer stop()
	base, err := c.base()
	if err != nil {
		return err
	}
	w := watched{base}
	switch {
	case c.Once:
		return w.print(ctx, os.Stdout)
	case !drawable():
		return w.follow(ctx, os.Stdout, c.every())
	}
	return w.draw(ctx, c.every())
}

// every is not so short that the daemon would do nothing else.
func (c *topCommand) every() time.Duration { return max(c.Every, 100*time.Millisecond) }

// watched is a daemon, by the URL of its metrics listener.
type watched struct{ base string }

const (
	// answerTimeout is how long the daemon may take.
	answerTimeout = 5 * time.Second
	// answerMost is more than 10,000 streams are, in bytes.
	answerMost = 64 << 20
)

// ask is what the daemon says now.
func (w watched) ask(ctx context.Context) (top.Snapshot, error) {
	ctx, done := context.WithTimeout(ctx, answerTimeout)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/healthz", nil)
	if err != nil {
		return top.Snapshot{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		var whole *url.Error
		if errors.As(err, &whole) { // it repeats the URL
			err = whole.Err
		}
		return top.Snapshot{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return top.Snapshot{}, fmt.Errorf("it says %s", resp.Status)
	}
	return top.Read(io.LimitReader(resp.Body, answerMost))
}

// print writes one page.
func (w watched) print(ctx context.Context, to io.Writer) error {
	shot, err := w.ask(ctx)
	if err != nil {
		return fmt.Errorf("no answer from a daemon at %s: %w", w.base, err)
	}
	page := top.Page(w.base, shot, columns(), time.Now())
	if !wide() {
		page = top.ASCII(page)
	}
	_, err = io.WriteString(to, page)
	return err
}

// follow writes one page after the other until ctx ends; a daemon that does not answer is
// told, and asked again.
func (w watched) follow(ctx context.Context, to io.Writer, every time.Duration) error {
	beat := time.NewTicker(every)
	defer beat.Stop()
	for {
		err := w.print(ctx, to)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if _, err := fmt.Fprintln(to, err); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(to); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		}
	}
}

// drawable says whether there is a terminal whose cursor can be moved, and keys.
func drawable() bool {
	kind := os.Getenv("TERM")
	return term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stdout.Fd()) && kind != "" && kind != "dumb"
}

// columns is how wide pages are to be; 0 is as wide as they like. watch(1) tells by COLUMNS.
func columns() int {
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if width, _, err := term.GetSize(os.Stdout.Fd()); err == nil {
		return width
	}
	return 0
}

// wide says whether the locale has more characters than ASCII's.
func wide() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(os.Getenv(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return false
}

// paint is what the terminal shows beside letters (https://no-color.org).
func paint() top.Paint {
	if os.Getenv("NO_COLOR") != "" || strings.HasPrefix(os.Getenv("TERM"), "vt") {
		return top.Mono
	}
	return top.Colour
}
