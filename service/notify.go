package service

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long the manager may take to take a message. Nobody waits for one that
// does not read.
const patience = time.Second

// Manager is who started the daemon and wants to know how it does. Its methods may be called
// from several goroutines; nil is nobody.
type Manager struct {
	address string        // empty where nobody wants to know
	every   time.Duration // how often it wants a sign of life; 0 for never

	mu     sync.Mutex
	status string // told last
}

// Open takes from the environment who wants to know how this process does.
func Open() *Manager {
	m := &Manager{address: os.Getenv("NOTIFY_SOCKET"), every: interval()}
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(name) // it cannot fail
	}
	return m
}

// interval is how often the manager wants a sign of life of this process (sd_watchdog_enabled(3)).
func interval() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || micros <= 0 {
		return 0
	}
	return time.Duration(micros) * time.Microsecond
}

// Present says whether anybody listens.
func (m *Manager) Present() bool { return m != nil && m.address != "" }

// Ready says that the daemon does what it is for, after its start or a reload.
func (m *Manager) Ready() error { return m.tell("READY=1") }

// Reloading says that the configuration is read; Ready follows on it. The time is what newer
// managers want, which tell by it whether a reload that they asked for has begun (systemd 253,
// Type=notify-reload).
func (m *Manager) Reloading() error {
	return m.tell("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", sinceBoot().Microseconds()))
}

// Stopping says that the daemon ends, and wants so much time until it is heard of again.
func (m *Manager) Stopping(within time.Duration) error {
	return m.tell("STOPPING=1", extension(within))
}

// Extend asks for so much time, from now on, for the stop that goes on.
func (m *Manager) Extend(by time.Duration) error { return m.tell(extension(by)) }

func extension(by time.Duration) string {
	return fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", by.Microseconds())
}

// Status is a line for people, where it is another one than before.
func (m *Manager) Status(line string) error {
	if !m.Present() {
		return nil
	}
	m.mu.Lock()
	same := m.status == line
	m.status = line
	m.mu.Unlock()
	if same {
		return nil
	}
	return m.tell("STATUS=" + strings.ReplaceAll(line, "\n", " "))
}

// watched is how often a sign of life is wanted; 0 for never.
func (m *Manager) watched() time.Duration {
	if !m.Present() {
		return 0
	}
	return m.every
}

// alive is a sign of life.
func (m *Manager) alive() error { return m.tell("WATCHDOG=1") }

// tell sends one datagram, as sd_notify(3) does.
func (m *Manager) tell(lines ...string) error {
	if !m.Present() {
		return nil
	}
	conn, err := net.DialTimeout("unixgram", m.address, patience)
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte(strings.Join(lines, "\n"))); err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	return nil
}

// sinceBoot is CLOCK_MONOTONIC.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
