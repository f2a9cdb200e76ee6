package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ladderd/testassets/await"
	"ladderd/testassets/process"
)

// machine is a Debian that runs under systemd, in namespaces of its own.
type machine struct {
	*process.Process
	root   string // its file system, which is there beside us
	cgroup string
	client http.Client
}

// namespaces are what it has of its own; its cgroup's is boot.sh's.
const namespaces = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC

// boot copies a Debian to dir and runs its systemd.
func boot(ctx context.Context, tree, dir string) (*machine, error) {
	m := &machine{root: filepath.Join(dir, "root")}
	if out, err := exec.Command("cp", "-a", tree, m.root).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy the Debian: %w\n%s", err, out)
	}
	var err error
	if m.cgroup, err = newCgroup(dir); err != nil {
		return nil, err
	}
	cmd := exec.Command("testassets/systemd/boot.sh", m.root, m.cgroup)
	if m.Process, err = process.StartIn(cmd, namespaces); err != nil {
		return nil, err
	}
	m.client = http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: m.dial}}
	return m, m.until(ctx, "systemd to be up", func() bool {
		state, _ := m.run("systemctl", "is-system-running")
		return state == "running" || state == "degraded"
	})
}

// newCgroup makes one that systemd may take for the root of all, in the second version's tree.
func newCgroup(dir string) (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	tree := ""
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); f[2] == "cgroup2" {
			tree = f[1]
			break
		}
	}
	if tree == "" {
		return "", errors.New("no cgroup2 is mounted, without which systemd does not run")
	}
	cgroup := filepath.Join(tree, filepath.Base(dir))
	if err := os.Mkdir(cgroup, 0o755); err != nil {
		return "", fmt.Errorf("make a cgroup: %w", err)
	}
	return cgroup, nil
}

// stop ends all of it.
func (m *machine) stop() {
	_ = m.Signal(syscall.SIGKILL) // with the first process all of its namespace goes
	<-m.Ended()
	var folders []string
	_ = filepath.WalkDir(m.cgroup, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, path)
		}
		return nil
	})
	for i := len(folders) - 1; i >= 0; i-- {
		_ = os.Remove(folders[i])
	}
}

// enter is a command that is run in the machine.
func (m *machine) enter(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--target", strconv.Itoa(m.PID()), "--all", "--root", "--wd=/", "--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, args...)...)
}

// run runs a command in the machine, and gives what it says.
func (m *machine) run(args ...string) (string, error) {
	out, err := m.enter(args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, text)
	}
	return text, nil
}

// publisher is a command on this machine with the other one's network.
func (m *machine) beside(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", m.PID()), "--"}, args...)...)
}

// property is one of a unit's.
func (m *machine) property(unit, name string) string {
	value, _ := m.run("systemctl", "show", "--property="+name, "--value", unit)
	return value
}

// file is a file's content.
func (m *machine) file(path string) string {
	text, _ := os.ReadFile(filepath.Join(m.root, path))
	return string(text)
}

func (m *machine) has(path string) bool {
	_, err := os.Lstat(filepath.Join(m.root, path))
	return err == nil
}

// get asks the daemon; the status is 0 where nobody answers.
func (m *machine) get(path string) (status int, body string) {
	resp, err := m.client.Get("http://127.0.0.1:9090" + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b := make([]byte, 64<<10)
	n := 0
	for n < len(b) {
		k, err := resp.Body.Read(b[n:])
		n += k
		if err != nil {
			break
		}
	}
	return resp.StatusCode, string(b[:n])
}

// dial connects from within the machine's network: a thread goes there for as long as it takes.
func (m *machine) dial(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", m.PID()))
	if err != nil {
		return nil, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter the network: %w", err)
	}
	conn, err := dialHere(network, address)
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		return nil, fmt.Errorf("leave the network: %w", back) // and the thread ends with its goroutine
	}
	runtime.UnlockOSThread()
	return conn, err
}

// dialHere does not hand the work to another goroutine, which has a thread of its own.
func dialHere(_, address string) (net.Conn, error) {
	at, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return nil, err
	}
	return net.DialTCP("tcp4", nil, at)
}

// until waits for a condition.
func (m *machine) until(ctx context.Context, what string, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return await.Until(ctx, what, nil, func() (bool, error) {
		if !m.Running() {
			return false, fmt.Errorf("systemd has ended: %s", m.Output())
		}
		return is(), nil
	})
}
