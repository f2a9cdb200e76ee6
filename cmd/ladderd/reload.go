package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"ladderd/config"
)

// reloads is what came of the last one.
type reloads struct {
	mu  sync.Mutex
	at  time.Time // zero before the first
	err error     // why the file was not taken
}

func (r *reloads) tell(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at, r.err = time.Now(), err
}

// last is when there was one and whether it was taken; zero before the first.
func (r *reloads) last() (at time.Time, taken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at, r.err == nil
}

// report adds to what /healthz says.
func (r *reloads) report(to map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() {
		return
	}
	result := "taken"
	if r.err != nil {
		result = "refused"
		to["config_error"] = r.err.Error()
	}
	to["reloaded"] = map[string]any{"at": r.at.UTC(), "result": result}
}

// line is what came of the last reload, for people; empty before the first.
func (r *reloads) line() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.at.IsZero():
		return ""
	case r.err != nil:
		return fmt.Sprintf("CONFIGURATION REFUSED at %s: %v", clock(r.at), r.err)
	}
	return "configuration taken at " + clock(r.at)
}

// reload takes what can be taken without a restart: certificates, and what there is in the
// configuration file. What is no good is told, and what was in use stays. Streams that run
// are not touched.
func (d *daemon) reload() {
	d.reloadCertificates()
	if d.file == "" {
		if len(d.certificates) == 0 {
			d.log.Info("nothing to reload: there is no configuration file, and no listener has a certificate")
		}
		return
	}
	next, err := config.Load(d.file)
	if err == nil {
		err = d.take(next)
	}
	if err != nil {
		d.complain(err)
	}
	d.reloads.tell(err) // last: whoever sees in /healthz how it went finds the reasons in the log
}

func (d *daemon) reloadCertificates() {
	taken := 0
	for _, c := range d.certificates {
		if err := c.Reload(); err != nil {
			d.log.Error("the certificate is no good; the old one stays in use", "reason", err)
			continue
		}
		taken++
	}
	if taken > 0 {
		d.log.Info("reloaded", "certificates", taken)
	}
}

// complain tells each error of a file that is not taken.
func (d *daemon) complain(err error) {
	reasons := []error{err}
	var all config.Errors
	if errors.As(err, &all) {
		reasons = reasons[:0]
		for _, one := range all {
			reasons = append(reasons, one)
		}
	}
	for _, reason := range reasons {
		d.log.Error("the configuration is not taken; the old one stays in use", "reason", reason)
	}
}

// take goes on with what next has. After an error all is as before.
func (d *daemon) take(next *config.Config) error {
	was := d.config
	cfg, kept := was.Reload(next)
	settings, err := d.apiSettings(cfg)
	if err != nil {
		return err
	}
	hooks, err := webhooks(cfg)
	if err != nil {
		return err
	}
	if err := d.journal.configure(hooks); err != nil {
		return err
	}
	d.config = cfg
	d.level.Set(cfg.Log.Level)
	d.pages.Store(newPages(cfg, viewers{d.hub}.known))
	d.entrance.Limit(entranceLimits(cfg))
	d.viewers.Limit(cfg.Playback.MaxConnections, cfg.Playback.MaxConnectionsPerAddress)
	d.devices.heed(cfg) // before anybody can publish to a new channel
	if d.devices.hardware() {
		d.prove() // where no channel wanted them before
	}
	d.crowd.most.Store(int64(cfg.Limits.ConcurrentViews))
	d.hub.Reload(hubChannels(cfg), hubTerms(cfg))
	if d.api != nil {
		d.api.control.Configure(settings)
	}
	d.tellTaken(was, kept)
	return nil
}

// tellTaken logs what a reload has changed.
func (d *daemon) tellTaken(was *config.Config, kept []string) {
	for _, w := range d.config.Warnings() {
		d.log.Warn("configuration", "warning", w)
	}
	if d.config.Playback.MaxConnections != was.Playback.MaxConnections {
		warnOfFiles(d.config.Playback.MaxConnections, d.log)
	}
	if len(kept) > 0 {
		d.log.Warn("these keys have changed and take a restart; their old values stay in use", "keys", kept)
	}
	added := only(d.config.Channels, was.Channels)
	tellChannels(d.config.Server, added, d.log)
	d.log.Info("reloaded", "file", d.file, "changed", sections(was, d.config), "channels", len(d.config.Channels), "added", ids(added),
		"removed", ids(only(was.Channels, d.config.Channels)), "altered", altered(was.Channels, d.config.Channels))
}

// sections are those of the file that differ, channels apart.
func sections(a, b *config.Config) (names []string) {
	left, right := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range left.NumField() {
		name := strings.ToLower(left.Type().Field(i).Name)
		if name != "channels" && !reflect.DeepEqual(left.Field(i).Interface(), right.Field(i).Interface()) {
			names = append(names, name)
		}
	}
	return names
}

// only are the channels of a whose id none of b has.
func only(a, b []config.Channel) []config.Channel {
	return slices.DeleteFunc(slices.Clone(a), func(c config.Channel) bool {
		return slices.ContainsFunc(b, func(other config.Channel) bool { return other.ID == c.ID })
	})
}

// altered are the ids of the channels that are in both and are not the same.
func altered(a, b []config.Channel) []string {
	both := slices.DeleteFunc(slices.Clone(b), func(c config.Channel) bool { return slices.Contains(a, c) })
	return ids(slices.DeleteFunc(both, func(c config.Channel) bool {
		return !slices.ContainsFunc(a, func(other config.Channel) bool { return other.ID == c.ID })
	}))
}

func ids(channels []config.Channel) []string {
	list := make([]string, len(channels))
	for i, c := range channels {
		list[i] = c.ID
	}
	return list
}
