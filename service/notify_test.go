package service

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// heard is the manager's end: what it is told, message by message.
type heard struct {
	*net.UnixConn
	t *testing.T
}

// listen has a manager listen, and names it in the environment.
func listen(t *testing.T) *heard {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return &heard{conn, t}
}

func (h *heard) next() string {
	h.t.Helper()
	_ = h.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 4096)
	n, err := h.Read(b)
	if err != nil {
		h.t.Fatal("nothing was told:", err)
	}
	return string(b[:n])
}

func TestManagerIsTold(t *testing.T) {
	h := listen(t)
	m := Open()
	for _, test := range []struct {
		tell func() error
		want string
	}{
		{m.Ready, "READY=1"},
		{func() error { return m.Status("2 live;\ncpu") }, "STATUS=2 live; cpu"},
		{func() error { return m.Status("2 live;\ncpu") }, ""},
		{func() error { return m.Status("3 live") }, "STATUS=3 live"},
		{func() error { return m.Stopping(3 * time.Second) }, "STOPPING=1\nEXTEND_TIMEOUT_USEC=3000000"},
		{func() error { return m.Extend(time.Minute) }, "EXTEND_TIMEOUT_USEC=60000000"},
		{m.alive, "WATCHDOG=1"},
	} {
		if err := test.tell(); err != nil {
			t.Fatal(err)
		}
		if test.want == "" {
			continue // the next one's is what is heard next
		}
		if got := h.next(); got != test.want {
			t.Errorf("told %q, want %q", got, test.want)
		}
	}
}

// The time of a reload is the kernel's, by which newer managers tell whether it came after
// they asked.
func TestReloadHasItsTime(t *testing.T) {
	h := listen(t)
	m := Open()
	before := sinceBoot()
	if err := m.Reloading(); err != nil {
		t.Fatal(err)
	}
	got, found := strings.CutPrefix(h.next(), "RELOADING=1\nMONOTONIC_USEC=")
	micros, err := strconv.ParseInt(got, 10, 64)
	if at := time.Duration(micros) * time.Microsecond; !found || err != nil || at < before.Truncate(time.Microsecond) || at > sinceBoot() {
		t.Errorf("%q, between %v and %v", got, before, sinceBoot())
	}
}

// No child takes for its own what the manager wants of this process.
func TestEnvironmentIsTaken(t *testing.T) {
	listen(t)
	for name, value := range map[string]string{
		"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": strconv.Itoa(os.Getpid()), "LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "rtmp",
	} {
		t.Setenv(name, value)
	}
	m := Open()
	if s, err := OpenSockets(); err != nil || len(s.Left()) != 0 {
		t.Errorf("another process's sockets: %v, %v", s, err)
	}
	if m.watched() != 2*time.Second || !m.Present() {
		t.Errorf("watched every %v", m.watched())
	}
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "NOTIFY_") || strings.HasPrefix(kv, "WATCHDOG_") || strings.HasPrefix(kv, "LISTEN_") {
			t.Errorf("%s is left", kv)
		}
	}
}

func TestWatchdogIntervals(t *testing.T) {
	for _, test := range []struct {
		micros, pid string
		want        time.Duration
	}{
		{"", "", 0},
		{"30000000", "", 30 * time.Second},
		{"30000000", "1", 0}, // another process's
		{"-1", "", 0},
		{"soon", "", 0},
	} {
		t.Run(fmt.Sprintf("%s of %s", test.micros, test.pid), func(t *testing.T) {
			listen(t)
			t.Setenv("WATCHDOG_USEC", test.micros)
			t.Setenv("WATCHDOG_PID", test.pid)
			if got := Open().watched(); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestNobodyIsTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	for name, m := range map[string]*Manager{"without a socket": Open(), "nil": nil} {
		if m.Present() || m.watched() != 0 || m.Ready() != nil || m.Status("x") != nil || m.Stopping(1) != nil {
			t.Errorf("%s: somebody is told", name)
		}
	}
}

func TestManagerThatHasGoneIsAnError(t *testing.T) {
	listen(t).Close()
	if err := Open().Ready(); err == nil {
		t.Error("no error")
	}
}
