// Command systemd installs ladderd's .deb in a Debian of its own and runs it there under a real
// systemd: what the unit, the daemon and the package promise each other. It is `make test-systemd`.
//
//	scripts/deb.sh ──► two .debs, an older and a newer one
//	scripts/systemd-root.sh ──► a Debian, made once (debootstrap)
//	boot.sh ──► systemd as the first process of namespaces and of a cgroup of its own
//	the steps, in their order, each of which leaves the service running
//
// It needs root and a kernel that gives namespaces and cgroup2, and says so where it cannot run:
// exit status 2. No virtual machine and no container manager is needed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// most is how long all of it may take.
const most = 10 * time.Minute

// trial is what the steps have in common.
type trial struct {
	*machine
	ctx          context.Context
	older, newer string // .deb files
	faulty       string // a daemon with a fault in it (fault.go)
}

// steps in their order.
var steps = []struct {
	name string
	run  func(*trial) error
}{
	{"the .deb installs, and the service says that it is ready", installs},
	{"a reload is taken, and the status says so", reloads},
	{"a stream runs in the sandbox, and its lines in the journal have its fields", streams},
	{"a worker that hangs is replaced, and no matter of systemd's", workerHangs},
	{"a file that is no good is told, and changes nothing", refuses},
	{"a stop drains for longer than the unit's timeout, and ends with the last stream", drains},
	{"systemd's sockets are used, and nobody is refused while the service restarts", sockets},
	{"a daemon that stands still is killed and started anew", daemonHangs},
	{"a daemon that lives, with a pipeline that stands still, is killed and started anew", pipelineHangs},
	{"a daemon that cannot start says why in its status", badStart},
	{"an upgrade restarts the service, and keeps configuration and state", upgrades},
	{"a removal leaves configuration and state, a purge nothing", removes},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if err := try(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "ladderd: failed:", err)
		os.Exit(1)
	}
}

func try(ctx context.Context) error {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "ladderd: cannot run: only root can run a systemd of its own; as root: make test-systemd")
		os.Exit(2)
	}
	t := &trial{ctx: ctx}
	dir, err := os.MkdirTemp("", "ladderd-systemd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if t.older, err = script(ctx, "VERSION=1.0.0", "scripts/deb.sh"); err != nil {
		return err
	}
	if t.newer, err = script(ctx, "VERSION=1.0.1", "scripts/deb.sh"); err != nil {
		return err
	}
	defer os.Remove(t.older)
	defer os.Remove(t.newer)
	tree, err := script(ctx, "", "scripts/systemd-root.sh", t.older)
	if err != nil {
		return err
	}
	building := make(chan error, 1)
	go func() {
		var err error
		t.faulty, err = buildFaulty(ctx, dir)
		building <- err
	}()
	if t.machine, err = boot(ctx, tree, dir); err != nil {
		fmt.Fprintln(os.Stderr, "ladderd: cannot run: systemd does not start here; that takes namespaces and a cgroup2 tree:", err)
		os.Exit(2)
	}
	defer t.stop()
	if err := <-building; err != nil {
		return err
	}
	return t.all()
}

// all goes through the steps.
func (t *trial) all() error {
	for _, s := range steps {
		began := time.Now()
		err := s.run(t)
		if err != nil {
			log, _ := t.run("journalctl", "--no-pager", "--lines=60", "--output=short-precise")
			status, _ := t.run("systemctl", "--no-pager", "--full", "status", "ladderd.service")
			return fmt.Errorf("%s: %w\n%s\n%s", s.name, err, status, log)
		}
		fmt.Printf("ok  %5.1f s  %s\n", time.Since(began).Seconds(), s.name)
	}
	return nil
}

// script runs one of the project's, and gives the last line that it prints.
func script(ctx context.Context, env string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return last, nil
	}
	return "", errors.New(args[0] + " printed nothing")
}
