package config

import (
	"cmp"
	"fmt"
)

// Transcoding is what a channel has after inheriting.
type Transcoding struct {
	Backend, Policy, WhenFull string // as Pipeline's; none is empty
}

// Transcoding is what the channel says of itself, and else what [pipeline] says. Where
// neither has a policy it follows from the backend.
func (c *Config) Transcoding(channel Channel) Transcoding {
	t := Transcoding{
		Backend:  cmp.Or(channel.Backend, c.Pipeline.Backend),
		Policy:   cmp.Or(channel.Policy, c.Pipeline.Policy),
		WhenFull: cmp.Or(channel.WhenFull, c.Pipeline.WhenFull),
	}
	if t.Backend == "x264" || t.Policy == "" {
		t.Policy = policyOf(t.Backend)
	}
	return t
}

// policyOf is what asking for a backend alone means.
func policyOf(backend string) string {
	switch backend {
	case "x264":
		return "cpu"
	case "auto":
		return "gpu-then-cpu"
	}
	return "gpu"
}

// checkPolicies looks for policies that leave nothing of the backend that is asked for.
func (d *decoder) checkPolicies(c *Config) {
	d.checkPolicy("pipeline", Channel{Backend: c.Pipeline.Backend, Policy: c.Pipeline.Policy})
	for i, channel := range c.Channels {
		if channel.Backend == "" && channel.Policy == "" {
			continue // what it inherits was looked at
		}
		d.checkPolicy(element("channel", i), Channel{
			Backend: cmp.Or(channel.Backend, c.Pipeline.Backend), Policy: cmp.Or(channel.Policy, c.Pipeline.Policy),
		})
	}
}

// checkPolicy fails the policy of a table, or the backend where the policy is not its own.
func (d *decoder) checkPolicy(table string, has Channel) {
	backend, policy := has.Backend, has.Policy
	allowed := ""
	switch {
	case backend == "x264" && policy == "gpu":
		allowed = `policy "cpu", or a backend of GPUs`
	case (backend == "nvenc" || backend == "vaapi") && policy == "cpu":
		allowed = `policy "gpu" or "gpu-then-cpu", or backend "x264"`
	default:
		return
	}
	if at := join(table, "policy"); d.lines.names(at) {
		d.fail(at, show(policy), fmt.Sprintf("not with backend %q; allowed: %s", backend, allowed))
		return
	}
	d.fail(join(table, "backend"), show(backend), fmt.Sprintf("not with policy %q of [pipeline]; allowed here: %s", policy, allowed))
}
