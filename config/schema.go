package config

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// schema is what a table may hold, bound to the values that it is read into.
type schema struct {
	keys   []key
	tables []subtable
	arrays []subarray
	// open is called once where the file has the table.
	open func()
}

type subtable struct {
	name string
	schema
}

// subarray is an array of tables. each is given what reads one element.
type subarray struct {
	name string
	each func(read func(schema))
}

type key struct {
	name     string
	set      func(value any) error // reads a TOML value
	required bool
	secret   bool // the value is in no error
}

// text reads a string by its parser.
func text[T any](dst *T, parse func(string) (T, error)) func(any) error {
	return func(value any) error {
		s, ok := value.(string)
		if !ok {
			_, err := parse("")
			return notText(err)
		}
		parsed, err := parse(s)
		if err == nil {
			*dst = parsed
		}
		return err
	}
}

// notText refuses a value without quotes with what its parser, which gave err for
// the empty text, allows within them.
func notText(err error) error {
	if err != nil {
		if _, allowed, ok := strings.Cut(err.Error(), "allowed: "); ok {
			return errors.New("not text in quotes; allowed: " + allowed)
		}
	}
	return errors.New("not text; allowed: text in quotes")
}

// texts reads a list of strings, each by the parser.
func texts[T any](dst *[]T, parse func(string) (T, error)) func(any) error {
	return func(value any) error {
		values, ok := value.([]any)
		if !ok {
			return errors.New(`not a list; allowed: texts in quotes, as in ["a", "b"]`)
		}
		list := make([]T, len(values))
		for i, v := range values {
			if err := text(&list[i], parse)(v); err != nil {
				return fmt.Errorf("%s is %w", show(v), err)
			}
		}
		*dst = list
		return nil
	}
}

func boolean(dst *bool) func(any) error {
	return func(value any) error {
		b, ok := value.(bool)
		if !ok {
			return errors.New("not a boolean; allowed: true, false, without quotes")
		}
		*dst = b
		return nil
	}
}

// number reads a whole number from least to most.
func number(dst *int, least, most int64) func(any) error {
	return func(value any) error {
		n, ok := value.(int64)
		if !ok || n < least || n > most {
			return fmt.Errorf("not a whole number in range; allowed: %d to %d, without quotes", least, most)
		}
		*dst = int(n)
		return nil
	}
}

// schema is the whole file's.
func (c *Config) schema() schema {
	return schema{
		tables: []subtable{
			{"server", schema{keys: []key{
				{name: "region", set: text(&c.Server.Region, parseRegion)},
				{name: "account", set: text(&c.Server.Account, parseAccount)},
				{name: "data_dir", set: text(&c.Server.DataDir, parseDir)},
				{name: "drain", set: text(&c.Server.Drain, duration(0, 24*time.Hour))},
			}}},
			{"ingest", c.Ingest.schema()},
			{"playback", c.Playback.schema()},
			{"api", c.API.schema()},
			{"metrics", listener(&c.Metrics.Listen, defaultMetrics)},
			{"log", schema{keys: []key{
				{name: "level", set: text(&c.Log.Level, parseLevel)},
				{name: "format", set: text(&c.Log.Format, parseFormat)},
			}}},
			{"pipeline", schema{keys: []key{
				{name: "backend", set: text(&c.Pipeline.Backend, parseBackend)},
				{name: "policy", set: text(&c.Pipeline.Policy, parsePolicy)},
				{name: "when_full", set: text(&c.Pipeline.WhenFull, parseWhenFull)},
				{name: "placement", set: text(&c.Pipeline.Placement, parsePlacement)},
				{name: "interlaced", set: text(&c.Pipeline.Interlaced, parseInterlaced)},
				{name: "render_nodes", set: texts(&c.Pipeline.RenderNodes, parseNode)},
			}}},
			{"limits", schema{keys: []key{
				{name: "stream_duration", set: text(&c.Limits.StreamDuration, duration(time.Minute, 168*time.Hour))},
				{name: "concurrent_streams", set: number(&c.Limits.ConcurrentStreams, 1, 10_000)},
				{name: "concurrent_views", set: number(&c.Limits.ConcurrentViews, 1, 200_000)},
				{name: "takeovers", set: number(&c.Limits.Takeovers, 0, 1_000_000)},
				{name: "network", set: text(&c.Limits.Network, bandwidth("b/s"))},
				{name: "disk", set: text(&c.Limits.Disk, bandwidth("B/s"))},
				{name: "channels", set: number(&c.Limits.Channels, 1, 1_000_000)},
				{name: "recording_configurations", set: number(&c.Limits.RecordingConfigurations, 1, 1000)},
				{name: "playback_key_pairs", set: number(&c.Limits.PlaybackKeyPairs, 1, 1000)},
				{name: "playback_restriction_policies", set: number(&c.Limits.PlaybackRestrictionPolicies, 1, 1000)},
				{name: "policy_countries", set: number(&c.Limits.PolicyCountries, 1, 1000)},
				{name: "policy_origins", set: number(&c.Limits.PolicyOrigins, 1, 1000)},
			}}},
			{"store", c.Store.schema()},
			{"events", c.Events.schema()},
		},
		arrays: []subarray{{"channel", func(read func(schema)) {
			channel := defaultChannel()
			read(channel.schema())
			if channel.Name == "" {
				channel.Name = channel.ID
			}
			c.Channels = append(c.Channels, channel)
		}}},
	}
}

func (i *Ingest) schema() schema {
	return schema{
		keys: []key{
			{name: "reconnect_window", set: text(&i.ReconnectWindow, duration(0, 5*time.Minute))},
			{name: "max_connections_per_address", set: number(&i.MaxConnectionsPerAddress, 1, maxConnections)},
			{name: "failed_keys_per_minute", set: number(&i.FailedKeysPerMinute, 1, maxFailedKeys)},
		},
		tables: []subtable{
			{"rtmp", listener(&i.RTMP.Listen, defaultRTMP)},
			{"rtmps", encrypted(&i.RTMPS, defaultRTMPS)},
			{"srt", listener(&i.SRT.Listen, defaultSRT,
				key{name: "latency", set: text(&i.SRT.Latency, duration(120*time.Millisecond, 8*time.Second))},
			)},
		},
	}
}

func (s *Store) schema() schema {
	return schema{keys: []key{
		{name: "etcd", set: texts(&s.Etcd, parseEtcd)},
		{name: "etcd_prefix", set: text(&s.EtcdPrefix, parsePrefix)},
		{name: "etcd_ca", set: text(&s.EtcdCA, parseFile)},
		{name: "etcd_cert", set: text(&s.EtcdCert, parseFile)},
		{name: "etcd_key", set: text(&s.EtcdKey, parseFile)},
		{name: "etcd_user", set: text(&s.EtcdUser, parseName)},
		{name: "etcd_password", set: text(&s.EtcdPassword, parsePassword), secret: true},
	}}
}

func (p *Playback) schema() schema {
	s := listener(&p.Listen, defaultPlayback,
		key{name: "part_duration", set: text(&p.PartDuration, duration(200*time.Millisecond, time.Second))},
		key{name: "window", set: text(&p.Window, duration(10*time.Second, 12*time.Hour))},
		key{name: "linger", set: text(&p.Linger, duration(time.Second, time.Hour))},
		key{name: "window_memory", set: text(&p.WindowMemory, size(8*megabyte, 1024*megabyte))},
		key{name: "max_connections", set: number(&p.MaxConnections, 1, maxConnections)},
		key{name: "max_connections_per_address", set: number(&p.MaxConnectionsPerAddress, 1, maxConnections)},
	)
	s.tables = []subtable{{"tls", encrypted(&p.TLS, defaultHTTPS)}}
	return s
}

// listener is a table with an address, which opens it by being there.
func listener(listen *Address, at Address, more ...key) schema {
	return schema{
		open: func() { *listen = at },
		keys: append([]key{{name: "listen", set: text(listen, parseAddress)}}, more...),
	}
}

// encrypted is a listener with a certificate.
func encrypted(t *TLS, at Address) schema {
	return listener(&t.Listen, at,
		key{name: "cert", set: text(&t.Cert, parseFile), required: true},
		key{name: "key", set: text(&t.Key, parseFile), required: true},
	)
}

func (c *Channel) schema() schema {
	return schema{
		keys: []key{
			{name: "id", set: text(&c.ID, parseID), required: true},
			{name: "name", set: text(&c.Name, parseName)},
			{name: "type", set: text(&c.Type, parseType)},
			{name: "preset", set: text(&c.Preset, parsePreset)},
			{name: "stream_key", set: text(&c.StreamKey, parseStreamKey), required: true, secret: true},
			{name: "container_format", set: text(&c.ContainerFormat, parseContainer)},
			{name: "insecure_ingest", set: boolean(&c.InsecureIngest)},
			{name: "latency_mode", set: text(&c.LatencyMode, parseLatency)},
			{name: "backend", set: text(&c.Backend, parseBackend)},
			{name: "policy", set: text(&c.Policy, parsePolicy)},
			{name: "when_full", set: text(&c.WhenFull, parseWhenFull)},
			{name: "reserved", set: boolean(&c.Reserved)},
			{name: "srt_passphrase", set: text(&c.SRTPassphrase, parsePassphrase), secret: true},
		},
	}
}
