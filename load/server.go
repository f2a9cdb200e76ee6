package load

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ladderd/load/proc"
)

// Server is the processes on this machine that listen on a port: one, or as many as
// nginx has workers.
type Server struct {
	Name string
	PIDs []int
}

var (
	errElsewhere = errors.New("the server is not on this machine")
	errNotSeen   = errors.New("no process that this user may look at listens there")
)

// FindServer finds who listens on a URL's host and port.
func FindServer(host, scheme string) (*Server, error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), map[string]string{"http": "80", "https": "443"}[scheme]
	}
	if !isHere(name) {
		return nil, errElsewhere
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", port, err)
	}
	sockets, err := listeners(uint16(number))
	if err != nil {
		return nil, err
	}
	s := &Server{}
	for _, pid := range pids() {
		if holds(pid, sockets) {
			s.PIDs = append(s.PIDs, pid)
		}
	}
	if len(s.PIDs) == 0 {
		return nil, errNotSeen
	}
	s.Name = commandOf(s.PIDs[0])
	return s, nil
}

// Process is a server that is known by its process id.
func Process(pid int) *Server { return &Server{Name: commandOf(pid), PIDs: []int{pid}} }

// isHere says whether a host name leads to one of this machine's addresses.
func isHere(name string) bool {
	theirs, err := net.LookupIP(name)
	if err != nil {
		return false
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(theirs, func(ip net.IP) bool {
		return ip.IsLoopback() || slices.ContainsFunc(own, func(a net.Addr) bool {
			n, ok := a.(*net.IPNet)
			return ok && n.IP.Equal(ip)
		})
	})
}

// listeners are the inodes of the sockets that listen on a port (proc(5): the second
// field is the local address, the fourth the state, the tenth the inode).
func listeners(port uint16) (map[string]bool, error) {
	const listening = "0A"
	inodes := map[string]bool{}
	want := fmt.Sprintf(":%04X", port)
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue // no IPv6
		}
		if err != nil {
			return nil, fmt.Errorf("list the listening sockets: %w", err)
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], want) {
				inodes["socket:["+f[9]+"]"] = true
			}
		}
	}
	return inodes, nil
}

func pids() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

func holds(pid int, sockets map[string]bool) bool {
	files, err := os.ReadDir(proc.File(pid, "fd"))
	if err != nil {
		return false // another user's, or gone
	}
	for _, f := range files {
		if target, err := os.Readlink(filepath.Join(proc.File(pid, "fd"), f.Name())); err == nil && sockets[target] {
			return true
		}
	}
	return false
}

func commandOf(pid int) string {
	b, err := os.ReadFile(proc.File(pid, "comm"))
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}

// Usage adds up the processes. That of a nil Server is nothing.
func (s *Server) Usage() (proc.Usage, error) {
	var sum proc.Usage
	if s == nil {
		return sum, errElsewhere
	}
	for _, pid := range s.PIDs {
		u, err := proc.Of(pid)
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.Memory += u.Memory
	}
	return sum, nil
}
