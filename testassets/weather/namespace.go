package weather

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
)

// Namespace is a network namespace whose only way out is a link with the kernel's own
// bad weather (tc netem).
type Namespace struct {
	Name string
	// Host is this machine's address at the link's end.
	Host net.IP
	link string
}

// NewNamespace makes one. It takes root and a kernel with namespaces and netem; the error
// says which step failed.
func NewNamespace(w Weather) (*Namespace, error) {
	id := os.Getpid()
	n := &Namespace{
		Name: fmt.Sprintf("ladderd-%d", id), link: fmt.Sprintf("ldr%d", id),
		// A network of two addresses in the block for benchmarks (RFC 2544).
		Host: net.IPv4(198, 18, byte(id>>6), byte(id<<2)|1),
	}
	inside := net.IPv4(198, 18, byte(id>>6), byte(id<<2)|2)
	weather := []string{"root", "netem", "limit", "10000", "loss", fmt.Sprintf("%g%%", 100*w.Loss),
		"delay", (w.Jitter / 2).String(), (w.Jitter / 2).String()}
	within := []string{"ip", "-n", n.Name}
	for _, step := range [][]string{
		{"ip", "netns", "add", n.Name},
		{"ip", "link", "add", n.link, "type", "veth", "peer", "name", "out", "netns", n.Name},
		{"ip", "addr", "add", n.Host.String() + "/30", "dev", n.link},
		{"ip", "link", "set", n.link, "up"},
		append(within, "addr", "add", inside.String()+"/30", "dev", "out"),
		append(within, "link", "set", "out", "up"),
		append([]string{"tc", "qdisc", "add", "dev", n.link}, weather...),
		append([]string{"tc", "-n", n.Name, "qdisc", "add", "dev", "out"}, weather...),
	} {
		if out, err := exec.Command(step[0], step[1:]...).CombinedOutput(); err != nil {
			n.Close()
			return nil, fmt.Errorf("%s: %w: %s", strings.Join(step, " "), err, strings.TrimSpace(string(out)))
		}
	}
	return n, nil
}

// Close removes the namespace, and with it the link.
func (n *Namespace) Close() {
	_ = exec.Command("ip", "link", "del", n.link).Run() // may not have come into being
	_ = exec.Command("ip", "netns", "del", n.Name).Run()
}
