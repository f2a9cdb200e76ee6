package service

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// The manager of this test wants a sign of life every 40 ms.
func TestManagerIsFedOnlyWhileAllIsWell(t *testing.T) {
	h := listen(t)
	m := Open()
	m.every = 40 * time.Millisecond
	var mu sync.Mutex
	var wrong error
	var log bytes.Buffer
	w := NewWatchdog(slog.New(slog.NewTextHandler(&log, nil)),
		Probe{"well", func() error { return nil }},
		Probe{"streams", func() error {
			mu.Lock()
			defer mu.Unlock()
			return wrong
		}})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx, m) })
	for range 3 {
		if got := h.next(); got != "WATCHDOG=1" {
			t.Errorf("told %q", got)
		}
	}
	mu.Lock()
	wrong = errors.New("stream 7 of channel a: it does not look at its inputs")
	mu.Unlock()
	for w.Stuck() == "" {
		time.Sleep(time.Millisecond)
	}
	fedNoMore(t, h, m.every)
	mu.Lock()
	wrong = nil
	mu.Unlock()
	if got := h.next(); got != "WATCHDOG=1" {
		t.Errorf("told %q", got)
	}
	stop()
	running.Wait()
	if text := log.String(); strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, "streams: stream 7 of channel a") || !strings.Contains(text, "goes on") {
		t.Errorf("the log says\n%s", text)
	}
}

// fedNoMore reads what was under way, and wants nothing for some intervals.
func fedNoMore(t *testing.T, h *heard, interval time.Duration) {
	t.Helper()
	for range 100 {
		_ = h.SetReadDeadline(time.Now().Add(5 * interval))
		if _, err := h.Read(make([]byte, 64)); err != nil {
			return
		}
	}
	t.Error("it is fed")
}

// A probe that hangs, as on a lock that is never given back, is told by its name, and the
// others are asked still.
func TestProbeThatHangsIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold, asked := make(chan struct{}), 0
		w := NewWatchdog(quiet(), Probe{"streams", func() error { <-hold; return nil }}, Probe{"others", func() error { asked++; return nil }})
		for range 3 {
			err := w.look(t.Context(), time.Second)
			if !errors.Is(err, errNoAnswer) || err.Error() != "streams: does not answer" {
				t.Errorf("%v", err)
			}
		}
		close(hold)
		synctest.Wait()
		if err := w.look(t.Context(), time.Second); err != nil {
			t.Errorf("once it answers: %v", err)
		}
		if asked != 4 {
			t.Errorf("the other one was asked %d times", asked)
		}
	})
}
