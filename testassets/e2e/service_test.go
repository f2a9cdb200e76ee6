package e2e

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/publish"
)

// manager is a service manager that is told how the daemon does.
type manager struct {
	socket string
	mu     sync.Mutex
	told   []string // messages
}

func newManager(t *testing.T) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "ladderd-notify-") // t.TempDir's paths are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	m := &manager{socket: filepath.Join(dir, "s")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		b := make([]byte, 8192)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.told = append(m.told, string(b[:n]))
			m.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		conn.Close()
		reading.Wait()
	})
	return m
}

// env has a daemon tell it, and give a sign of life twice a second.
func (m *manager) env() []string {
	return []string{"NOTIFY_SOCKET=" + m.socket, "WATCHDOG_USEC=500000"}
}

// await waits for a message, after so many, in which all of the texts are; it gives how many there
// were until then.
func (m *manager) await(t *testing.T, after int, texts ...string) int {
	t.Helper()
	at := 0
	awaitOrFail(t, within(t, 20*time.Second), "the service manager to hear "+strings.Join(texts, ", "), func() (bool, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		for i, message := range m.told[after:] {
			if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(message, text) }) {
				at = after + i + 1
				return true, nil
			}
		}
		return false, nil
	}, func() string {
		m.mu.Lock()
		defer m.mu.Unlock()
		return strings.Join(m.told, " | ")
	})
	return at
}

// drainFor rewrites a configuration so that publishers may go on for that long.
func drainFor(t *testing.T, d *daemon.Daemon, time string) {
	t.Helper()
	health, err := d.Reload(t.Context(), func(text string) string {
		return strings.Replace(text, "[server]\n", "[server]\ndrain = \""+time+"\"\n", 1)
	})
	if err != nil || health.Reloaded.Result != "taken" {
		t.Fatalf("reload: %+v, %v", health, err)
	}
}

// TestServiceManagerIsTold goes through a service's life: start, reloads good and bad, a stream, and a
// stop that waits for it and lets nobody else in.
func TestServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, passing)
	m := newManager(t)
	c, other := channel(daemon.Channel{Type: ladder.Basic}), daemon.Channel{ID: "other", Type: ladder.Basic, Key: "sk_test_channel_0002"}
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c, other}, Env: m.env()})
	at := m.await(t, 0, "READY=1")
	m.await(t, 0, "STATUS=", "0 live")
	for range 3 {
		at = m.await(t, at, "WATCHDOG=1")
	}

	if _, err := d.Reload(t.Context(), func(text string) string { return text + nonsense }); err != nil {
		t.Fatal(err)
	}
	at = m.await(t, at, "RELOADING=1", "MONOTONIC_USEC=")
	at = m.await(t, at, "READY=1")
	at = m.await(t, at, "CONFIGURATION REFUSED", "channel.nonsense: unknown")
	if _, err := d.Reload(t.Context(), func(text string) string { return strings.Replace(text, nonsense, "", 1) }); err != nil {
		t.Fatal(err)
	}
	drainFor(t, d, "5m")
	at = m.await(t, at, "STATUS=", "configuration taken")

	p, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	p = stopAtEnd(t, p, err)
	at = m.await(t, at, "STATUS=1 live")
	if err := d.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	at = m.await(t, at, "STOPPING=1", "EXTEND_TIMEOUT_USEC=")
	m.await(t, at, "STATUS=draining: 1 live")
	m.await(t, at, "WATCHDOG=1")
	resp, err := http.Get(d.Metrics() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz while it drains: %s", resp.Status)
	}
	late, err := publish.FFmpeg(d.RTMP(other.Key), file)
	late = stopAtEnd(t, late, err)
	awaitEnd(t, late)
	if err := late.Wait(); err == nil || !strings.Contains(late.Output(), "shutting down") {
		t.Errorf("a publisher that comes while it drains: %v\n%s", err, late.Output())
	}
	if !d.Running() || !p.Running() {
		t.Error("it did not wait for its publisher")
	}
	_ = p.Stop()
	select {
	case <-d.Ended(): // at once, and not after five minutes
	case <-time.After(30 * time.Second):
		t.Error("it goes on without a stream")
	}
}

// TestSecondSignalEndsAtOnce ends a daemon that drains, and its workers with it.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	useCPU(t, transcoding)
	c := channel(daemon.Channel{Type: ladder.AdvancedSD})
	d, err := daemon.Start(t.Context(), daemon.Settings{Channels: []daemon.Channel{c}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Stop() }) // it ends by the signal
	drainFor(t, d, "1h")
	p, err := publish.FFmpegLoop(d.RTMP(c.Key), file)
	stopAtEnd(t, p, err)
	s, err := d.AwaitStream(t.Context(), c.ID, func(s daemon.Stream) bool { return s.Worker != nil && s.Worker.PID != 0 })
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{"publishers may go on", ""} {
		if err := d.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if said != "" {
			awaitOrFail(t, within(t, 20*time.Second), "the drain", func() (bool, error) { return strings.Contains(d.Output(), said), nil }, d.Output)
		}
	}
	select {
	case <-d.Ended():
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on after the second signal")
	}
	awaitOrFail(t, within(t, 10*time.Second), "the worker to go", func() (bool, error) { return syscall.Kill(s.Worker.PID, 0) != nil, nil }, nil)
}
