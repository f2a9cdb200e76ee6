// Package netns gives tests a network whose faults they choose: a network namespace
// that is joined to the machine's own by one cable. Programs that run in it reach
// the machine by that cable alone, and it can be cut. It takes root and the program
// ip; where Lay fails, a test says why and is skipped.
package netns

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strings"
)

// Cable joins the machine and a namespace.
type Cable struct {
	Here, There netip.Addr // the machine's address on the cable, and the namespace's
	name        string     // of the namespace, and of the machine's end of the cable
}

// Lay makes a namespace and a cable to it. Remove takes both away.
func Lay() (*Cable, error) {
	// A /30 of 198.18.0.0/15, which is for tests of networks (RFC 2544).
	n := rand.Uint32N(1 << 15)
	subnet := [4]byte{198, 18 + byte(n>>14), byte(n >> 6), byte(n << 2)}
	at := func(host byte) netip.Addr {
		return netip.AddrFrom4([4]byte{subnet[0], subnet[1], subnet[2], subnet[3] | host})
	}
	c := &Cable{Here: at(1), There: at(2), name: fmt.Sprintf("ladderd%x", n)}
	if err := ip("netns", "add", c.name); err != nil {
		return nil, err
	}
	const end = "cable" // the name in the namespace
	for _, command := range []string{
		"link add " + c.name + " type veth peer name " + end + " netns " + c.name,
		"addr add " + c.Here.String() + "/30 dev " + c.name,
		"link set " + c.name + " up",
		"-n " + c.name + " addr add " + c.There.String() + "/30 dev " + end,
		"-n " + c.name + " link set " + end + " up",
	} {
		if err := ip(strings.Fields(command)...); err != nil {
			return nil, errors.Join(err, c.Remove())
		}
	}
	return c, nil
}

// Command is one that runs in the namespace.
func (c *Cable) Command(program string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", c.name, program}, args...)...)
}

// Cut loses all packets from now on, both ways. Neither side is told.
func (c *Cable) Cut() error { return ip("link", "set", c.name, "down") }

// Remove takes namespace and cable away. What runs in there has to have ended. The
// cable would stay with the namespace, which the kernel keeps for as long as a
// connection in it tries to be heard.
func (c *Cable) Remove() error {
	return errors.Join(ip("netns", "del", c.name), ip("link", "del", c.name))
}

func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
