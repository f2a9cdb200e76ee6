package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ladderd/testassets/process"
)

func workerHangs(t *trial) error {
	p, err := t.publish("studio", "sk_local_studio_0001")
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop(syscall.SIGKILL, time.Second) }()
	pid := t.mainPID()
	s, _ := t.stream("studio")
	if _, err := t.run("sh", "-c", fmt.Sprintf("kill -STOP %d", s.Worker.PID)); err != nil {
		return err
	}
	err = t.until(t.ctx, "another worker", func() bool {
		now, _ := t.stream("studio")
		return now.ID == s.ID && now.Worker.PID != 0 && now.Worker.PID != s.Worker.PID
	})
	return errors.Join(err, want(t.mainPID() == pid && t.property(unit, "NRestarts") == "0", "systemd has restarted the daemon"))
}

func daemonHangs(t *trial) error {
	return t.killed(func(string) (*process.Process, error) {
		_, err := t.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", unit)
		return nil, err
	})
}

// killed has something happen to the daemon that keeps it from giving a sign of life.
func (t *trial) killed(happen func(pid string) (*process.Process, error)) error {
	if err := t.dropIn("[Service]\nWatchdogSec=4\n"); err != nil {
		return err
	}
	defer func() { _ = t.dropIn("") }()
	if _, err := t.run("systemctl", "restart", unit); err != nil {
		return err
	}
	before, restarts := t.mainPID(), t.property(unit, "NRestarts")
	p, err := happen(before)
	if p != nil {
		defer func() { _ = p.Stop(syscall.SIGKILL, time.Second) }()
	}
	if err != nil {
		return err
	}
	if err := t.active(before); err != nil {
		return err
	}
	log, _ := t.run("journalctl", "--no-pager", "--unit="+unit, "--output=cat", "--lines=3000")
	left, _ := t.run("systemctl", "show", "--property=TasksCurrent", "--value", unit)
	_, gone := t.run("test", "-d", "/proc/"+before)
	return errors.Join(
		want(gone != nil, "the old daemon is there"), want(left != "", "no tasks"),
		want(t.property(unit, "NRestarts") != restarts, "it was not systemd's doing"),
		want(strings.Contains(log, "Watchdog timeout"), "the journal does not tell of it"),
		want(strings.Contains(log, "SIGABRT: abort") && strings.Contains(log, "goroutine "), "the journal has no goroutines"))
}

// pipelineHangs runs the daemon with a fault in it (fault.go) in the place of the real one.
func pipelineHangs(t *trial) error {
	const real, kept = "/usr/bin/ladderd", "/root/ladderd"
	if _, err := t.run("cp", "-a", real, kept); err != nil {
		return err
	}
	text, err := os.ReadFile(t.faulty)
	if err != nil {
		return err
	}
	if _, err := t.run("systemctl", "stop", unit); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(t.root, real), text, 0o755); err != nil {
		return err
	}
	err = t.killed(func(string) (*process.Process, error) {
		p, err := t.publish("stuck", "sk_local_stuck_00001")
		if err != nil {
			return nil, err
		}
		s, _ := t.stream("stuck")
		return p, t.until(t.ctx, "the stream to be found standing still, by a daemon that lives", func() bool {
			_, health := t.get("/healthz")
			return strings.Contains(health, fmt.Sprintf(`"stuck":"streams: stream %s of channel stuck: it does not look at its inputs"`, s.ID))
		})
	})
	_, stop := t.run("systemctl", "stop", unit)
	_, back := t.run("mv", kept, real)
	_, start := t.run("systemctl", "start", unit)
	return errors.Join(err, stop, back, start)
}

func badStart(t *trial) error {
	if err := t.configure(configuration + "nonsense = 1\n"); err != nil {
		return err
	}
	_, err := t.run("systemctl", "restart", unit)
	status := t.status()
	_ = os.WriteFile(filepath.Join(t.root, configFile), []byte(configuration), 0o640)
	_, _ = t.run("systemctl", "reset-failed", unit)
	_, start := t.run("systemctl", "restart", unit)
	return errors.Join(want(err != nil, "it starts"), want(strings.Contains(status, "channel.nonsense: unknown"), "the status is %q", status), start)
}
