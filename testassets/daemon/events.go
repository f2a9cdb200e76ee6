package daemon

import (
	"bytes"
	"fmt"
)

// Webhook is a receiver of events.
type Webhook struct {
	Name, URL        string
	Secret, Previous string // what events are signed with; Previous may be empty
	// GiveUp is give_up, as "1s"; empty leaves the default. Timeout likewise.
	GiveUp, Timeout string
}

// toml is the receiver's section.
func (w Webhook) toml(b *bytes.Buffer) {
	fmt.Fprintf(b, "[[events.webhook]]\nname = %q\nurl = %q\nsecret = %q\n", w.Name, w.URL, w.Secret)
	for _, k := range []struct{ key, value string }{{"previous_secret", w.Previous}, {"give_up", w.GiveUp}, {"timeout", w.Timeout}} {
		if k.value != "" {
			fmt.Fprintf(b, "%s = %q\n", k.key, k.value)
		}
	}
}

// Receiver is how a receiver of events does.
type Receiver struct {
	Name      string `json:"name"`
	Pending   int    `json:"pending"`
	Dead      int    `json:"dead"`
	Delivered int    `json:"delivered"` // since the start
	Failures  int    `json:"failures"`
	LastError string `json:"last_error"`
}

// Receiver is one of them.
func (h Health) Receiver(name string) (Receiver, bool) {
	for _, r := range h.Events.Receivers {
		if r.Name == name {
			return r, true
		}
	}
	return Receiver{}, false
}

// Metrics is the URL of the metrics listener.
func (d *Daemon) Metrics() string { return "http://" + d.ports.metrics }
