package config

import (
	"fmt"
	"slices"

	"ladderd/ladder"
)

// check finds what is wrong between keys that are right each by itself.
func (d *decoder) check(c *Config) {
	d.checkListeners(c)
	d.checkPolicies(c)
	d.checkAPI(&c.API)
	d.checkStore(c.Store)
	d.checkEvents(c.Events)
	ids, keys := map[string]string{}, map[Secret]string{}
	for i, channel := range c.Channels {
		path := element("channel", i)
		if err := ladder.CheckPreset(channel.Type, channel.Preset); err != nil && !d.failed(join(path, "type")) {
			d.fail(join(path, "preset"), show(string(channel.Preset)), err.Error()+`; allowed: ""`)
		}
		if first, taken := ids[channel.ID]; taken && channel.ID != "" {
			d.fail(join(path, "id"), show(channel.ID), d.taken(first))
		} else {
			ids[channel.ID] = join(path, "id")
		}
		if first, taken := keys[channel.StreamKey]; taken && channel.StreamKey != "" {
			d.fail(join(path, "stream_key"), "", d.taken(first))
		} else {
			keys[channel.StreamKey] = join(path, "stream_key")
		}
	}
}

// failed says whether the key has been found wrong already, so that what it is
// compared with is the default and not what was meant.
func (d *decoder) failed(path string) bool {
	return slices.ContainsFunc(d.errors, func(e *Error) bool { return e.Key == shownKey(path) && e.Line == d.lines.line(path) })
}

func (d *decoder) taken(first string) string {
	return fmt.Sprintf("the channel on line %d has the same; allowed: one that no other channel has", d.lines.line(first))
}

func (d *decoder) checkListeners(c *Config) {
	listeners := []struct {
		path string
		at   Address
	}{
		{"ingest.rtmp.listen", c.Ingest.RTMP.Listen},
		{"ingest.rtmps.listen", c.Ingest.RTMPS.Listen},
		{"playback.listen", c.Playback.Listen},
		{"playback.tls.listen", c.Playback.TLS.Listen},
		{"api.listen", c.API.Listen},
		{"metrics.listen", c.Metrics.Listen},
	}
	for i, l := range listeners {
		for _, other := range listeners[:i] {
			if l.at.overlaps(other.at) {
				d.fail(l.path, show(string(l.at)), fmt.Sprintf("%s listens on %q already; allowed: another address or port", other.path, other.at))
			}
		}
	}
}

// Warnings are what is right by itself and will hardly do what was meant, one
// sentence each.
func (c *Config) Warnings() []string {
	var w []string
	if !c.Ingest.on() {
		w = append(w, "there is no [ingest.rtmp], [ingest.rtmps] or [ingest.srt] section: nobody can publish")
	}
	if !c.Playback.Listen.On() {
		w = append(w, "there is no [playback] section: nobody can watch")
	}
	if len(c.Channels) == 0 && !c.API.Listen.On() {
		w = append(w, "there is no [[channel]] and no [api] to make one: nobody can publish; add one, as configs/ladderd.toml shows at its end")
	}
	if c.API.Listen.On() && len(c.API.AccessKeys) == 0 {
		w = append(w, "there is no [[api.access_key]]: nobody can call the API")
	}
	if c.API.Listen.On() && c.Ingest.on() && !c.Ingest.RTMPS.Listen.On() && !c.Ingest.SRT.Listen.On() {
		w = append(w, "there is no [ingest.rtmps] or [ingest.srt] section: of the channels that the API makes, only those with insecureIngest can be published to")
	}
	for _, channel := range c.Channels {
		w = append(w, c.channelWarnings(channel)...)
	}
	return w
}

// channelWarnings looks for a way to publish to a channel, and for what it has no use for.
func (c *Config) channelWarnings(channel Channel) []string {
	var w []string
	if channel.Reserved && channel.Type == ladder.Basic {
		w = append(w, fmt.Sprintf("channel %q: reserved is true, and a BASIC channel needs no device: it is passed through", channel.ID))
	}
	srt := c.Ingest.SRT.Listen.On()
	switch {
	case channel.SRTPassphrase != "" && !srt:
		w = append(w, fmt.Sprintf("channel %q: srt_passphrase is set, and there is no [ingest.srt] section", channel.ID))
	case c.Ingest.on() && !channel.InsecureIngest && !c.Ingest.RTMPS.Listen.On() && channel.SRTPassphrase == "":
		w = append(w, fmt.Sprintf("channel %q: insecure_ingest is false, srt_passphrase is not set, and there is no [ingest.rtmps] section: nobody can publish to it", channel.ID))
	}
	return w
}

// on says whether publishers have any listener.
func (i Ingest) on() bool { return i.RTMP.Listen.On() || i.RTMPS.Listen.On() || i.SRT.Listen.On() }
