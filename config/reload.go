package config

import "reflect"

// atStart are the keys that a running daemon does not take: what it has opened, and what
// its streams have told players for good. All others it takes.
var atStart = []struct {
	key string
	of  func(*Config) any // where the value is
}{
	{"server.region", func(c *Config) any { return &c.Server.Region }},
	{"server.account", func(c *Config) any { return &c.Server.Account }},
	{"server.data_dir", func(c *Config) any { return &c.Server.DataDir }},
	{"ingest.rtmp.listen", func(c *Config) any { return &c.Ingest.RTMP.Listen }},
	{"ingest.rtmps.listen", func(c *Config) any { return &c.Ingest.RTMPS.Listen }},
	{"ingest.rtmps.cert", func(c *Config) any { return &c.Ingest.RTMPS.Cert }},
	{"ingest.rtmps.key", func(c *Config) any { return &c.Ingest.RTMPS.Key }},
	{"ingest.srt.listen", func(c *Config) any { return &c.Ingest.SRT.Listen }},
	{"ingest.srt.latency", func(c *Config) any { return &c.Ingest.SRT.Latency }},
	{"playback.listen", func(c *Config) any { return &c.Playback.Listen }},
	{"playback.part_duration", func(c *Config) any { return &c.Playback.PartDuration }},
	{"playback.window", func(c *Config) any { return &c.Playback.Window }},
	{"playback.linger", func(c *Config) any { return &c.Playback.Linger }},
	{"playback.window_memory", func(c *Config) any { return &c.Playback.WindowMemory }},
	{"playback.tls.listen", func(c *Config) any { return &c.Playback.TLS.Listen }},
	{"playback.tls.cert", func(c *Config) any { return &c.Playback.TLS.Cert }},
	{"playback.tls.key", func(c *Config) any { return &c.Playback.TLS.Key }},
	{"api.listen", func(c *Config) any { return &c.API.Listen }},
	{"api.cert", func(c *Config) any { return &c.API.Cert }},
	{"api.key", func(c *Config) any { return &c.API.Key }},
	{"api.audit_size", func(c *Config) any { return &c.API.AuditSize }},
	{"api.audit_files", func(c *Config) any { return &c.API.AuditFiles }},
	{"metrics.listen", func(c *Config) any { return &c.Metrics.Listen }},
	{"log.format", func(c *Config) any { return &c.Log.Format }},
	{"pipeline.render_nodes", func(c *Config) any { return &c.Pipeline.RenderNodes }},
	{"limits.network", func(c *Config) any { return &c.Limits.Network }},
	{"limits.disk", func(c *Config) any { return &c.Limits.Disk }},
	{"store.etcd", func(c *Config) any { return &c.Store.Etcd }},
	{"store.etcd_prefix", func(c *Config) any { return &c.Store.EtcdPrefix }},
	{"store.etcd_ca", func(c *Config) any { return &c.Store.EtcdCA }},
	{"store.etcd_cert", func(c *Config) any { return &c.Store.EtcdCert }},
	{"store.etcd_key", func(c *Config) any { return &c.Store.EtcdKey }},
	{"store.etcd_user", func(c *Config) any { return &c.Store.EtcdUser }},
	{"store.etcd_password", func(c *Config) any { return &c.Store.EtcdPassword }},
}

// Reload is what a daemon that runs with c goes on with when its file has become next: all
// of next but the keys that are read at the start alone. Those of them that are others in
// next are kept, in the order of the file.
func (c *Config) Reload(next *Config) (taken *Config, kept []string) {
	merged := *next
	for _, k := range atStart {
		now, then := reflect.ValueOf(k.of(c)).Elem(), reflect.ValueOf(k.of(&merged)).Elem()
		if !reflect.DeepEqual(now.Interface(), then.Interface()) {
			kept = append(kept, k.key)
			then.Set(now)
		}
	}
	return &merged, kept
}
