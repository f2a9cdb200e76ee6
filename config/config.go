package config

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"ladderd/ladder"
)

// Config is what the daemon runs with.
type Config struct {
	Server   Server
	Ingest   Ingest
	Playback Playback
	API      API
	Metrics  Metrics
	Log      Log
	Pipeline Pipeline
	Limits   Limits
	Store    Store
	Events   Events
	Channels []Channel
}

// Server says who this daemon is.
type Server struct {
	Region  string // in ARNs and playback URLs
	Account string // 12 digits, likewise
	DataDir string // absolute path; the window's segments are below it
	// Drain is how long publishers may go on once the daemon is asked to stop: 0 to 24 h.
	Drain time.Duration
}

// Ingest has a listener for each protocol that publishers speak.
type Ingest struct {
	RTMP  RTMP
	RTMPS TLS
	SRT   SRT
	// ReconnectWindow is how long a stream whose publisher's connection broke waits for
	// it: 0 to 5 min.
	ReconnectWindow time.Duration
	// MaxConnectionsPerAddress is how many connections of publishers one address may
	// have open at once, FailedKeysPerMinute how many unknown stream keys it may try.
	MaxConnectionsPerAddress, FailedKeysPerMinute int
}

// Limits are quotas of the guide that operators may set otherwise (line 8900).
type Limits struct {
	StreamDuration    time.Duration // the longest stream: 1 min to 168 h
	ConcurrentStreams int           // live at once: 1 to 10000
	ConcurrentViews   int           // of all streams: 1 to 200000
	Takeovers         int           // of one stream: 0 to 1000000
	// Network is what streams may take of the network, in bits per second, and Disk of
	// the disk, in bytes per second; 0 is no limit.
	Network, Disk int64
	// These are how many the control API makes: 1 to 1000000 channels, and up to 1000 of
	// the others.
	Channels, RecordingConfigurations, PlaybackKeyPairs, PlaybackRestrictionPolicies int
	// PolicyCountries and PolicyOrigins are how many a playback restriction policy may have.
	PolicyCountries, PolicyOrigins int
}

// Store is where the control API's resources are kept: in etcd, or in a SQLite file below
// Server.DataDir.
type Store struct {
	Etcd       []string // endpoints' URLs; empty for SQLite
	EtcdPrefix string   // before all keys
	// EtcdCA is who signs the cluster's certificates, EtcdCert and EtcdKey are our own:
	// absolute paths of PEM files, empty for the system's and for none.
	EtcdCA, EtcdCert, EtcdKey string
	EtcdUser                  string // empty for none
	EtcdPassword              Secret
}

// RTMP is plain RTMP, open to channels with InsecureIngest only.
type RTMP struct {
	Listen Address
}

// SRT is open to channels with an SRTPassphrase or with InsecureIngest.
type SRT struct {
	Listen  Address       // UDP
	Latency time.Duration // 120 ms to 8 s
}

// Playback is what viewers see.
type Playback struct {
	Listen       Address       // HTTP
	TLS          TLS           // HTTPS
	PartDuration time.Duration // 200 ms to 1 s
	Window       time.Duration // how much media a playlist lists: 10 s to 12 h
	Linger       time.Duration // how long a stream is there after its end: 1 s to 1 h
	WindowMemory int64         // bytes of a rendition that may be in memory alone: 8 MB to 1 GB
	// MaxConnections is how many viewers' connections may be open at once, and
	// MaxConnectionsPerAddress how many of them from one address.
	MaxConnections, MaxConnectionsPerAddress int
}

// TLS is a listener with a certificate. Both paths are set where it is on.
type TLS struct {
	Listen    Address
	Cert, Key string // absolute paths of PEM files
}

// Metrics is the listener for the health checks. /metrics is not in this version.
type Metrics struct {
	Listen Address
}

// Log is for log/slog.
type Log struct {
	Level  slog.Level
	Format string // "text" or "json"
}

// Pipeline says how renditions are made.
type Pipeline struct {
	// Backend is "auto", "nvenc", "vaapi" or "x264".
	Backend string
	// Policy is where renditions may be made, "gpu", "gpu-then-cpu" or "cpu"; empty
	// where that follows from the backend.
	Policy string
	// WhenFull is what becomes of a stream that does not fit whole: "refuse" or "shed".
	WhenFull string
	// Placement is how streams are spread over equal devices: "best-fit" or "spread".
	Placement string
	// Interlaced is "deinterlace" or "refuse".
	Interlaced string
	// RenderNodes are the paths of the only ones that VAAPI may use; empty is all.
	RenderNodes []string
}

// Channel is a channel that is in the file.
type Channel struct {
	ID     string // last part of the ARN and of the playback URL
	Name   string // for people; the ID where the file has none
	Type   ladder.Type
	Preset ladder.Preset // empty on STANDARD and BASIC; may be empty on ADVANCED_*
	// StreamKey is what a publisher must know.
	StreamKey       Secret
	ContainerFormat string // "FRAGMENTED_MP4" or "TS"
	InsecureIngest  bool   // plain RTMP, and SRT without a passphrase, may publish
	// SRTPassphrase is what SRT is encrypted with; empty where the channel has none.
	SRTPassphrase Secret
	LatencyMode   string // "LOW" or "NORMAL"
	// Backend, Policy and WhenFull are as Pipeline's; empty where the channel has none of
	// its own (Config.Transcoding).
	Backend, Policy, WhenFull string
	// Reserved says that room for the channel's largest ladder is kept free.
	Reserved bool
}

const (
	defaultRTMP     Address = "127.0.0.1:1935"
	defaultRTMPS    Address = "127.0.0.1:443"
	defaultSRT      Address = "127.0.0.1:9000"
	defaultPlayback Address = "127.0.0.1:8080"
	defaultHTTPS    Address = "127.0.0.1:8443"
	defaultAPI      Address = "127.0.0.1:8070"
	defaultMetrics  Address = "127.0.0.1:9090"
)

// Default is what runs without a file: all listeners on loopback, no channel.
func Default() *Config {
	c := withoutListeners()
	c.Ingest.RTMP.Listen = defaultRTMP
	c.Playback.Listen = defaultPlayback
	c.Metrics.Listen = defaultMetrics
	return c
}

// withoutListeners is what a file begins with: its sections open the listeners.
func withoutListeners() *Config {
	return &Config{
		Server: Server{Region: "local", Account: "000000000000", DataDir: "/var/lib/ladderd"},
		Ingest: Ingest{
			SRT: SRT{Latency: 120 * time.Millisecond}, ReconnectWindow: 30 * time.Second,
			MaxConnectionsPerAddress: 50, FailedKeysPerMinute: 10,
		},
		Playback: Playback{
			PartDuration: 333 * time.Millisecond, Window: time.Minute, Linger: time.Minute, WindowMemory: 32 * megabyte,
			MaxConnections: 20_000, MaxConnectionsPerAddress: 4_000,
		},
		API: API{CallRate: 1, AuditSize: 64 * megabyte, AuditFiles: 10},
		Limits: Limits{
			StreamDuration: 48 * time.Hour, ConcurrentStreams: 100, ConcurrentViews: 15_000, Takeovers: 100,
			Channels: 5000, RecordingConfigurations: 20, PlaybackKeyPairs: 3, PlaybackRestrictionPolicies: 3,
			PolicyCountries: 200, PolicyOrigins: 5,
		},
		Store:    Store{EtcdPrefix: "/ladderd/"},
		Log:      Log{Level: slog.LevelInfo, Format: "text"},
		Pipeline: Pipeline{Backend: "auto", WhenFull: "refuse", Placement: "spread", Interlaced: "deinterlace"},
	}
}

// defaultChannel has no secrets and no id: those are the file's. Where the IVS API
// makes TS channels unless told otherwise, the default here is FRAGMENTED_MP4: a
// browser plays it as it is, where TS has to be repackaged in the page, and it is
// smaller: TS adds 100 kb/s and more to a rendition.
func defaultChannel() Channel {
	return Channel{Type: ladder.Standard, ContainerFormat: "FRAGMENTED_MP4", LatencyMode: "LOW"}
}

// maxFile bounds what is read of a configuration file, in bytes.
const maxFile = 4 << 20

// Load reads the file at path. A listener whose section the file does not have is
// off. The error is an Errors where the file could be read and is not right.
func Load(path string) (*Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("read the configuration: %s is not a regular file of at most %d bytes", path, maxFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return parse(path, string(text))
}

// parse reads the text of a file; path is for errors.
func parse(path, text string) (*Config, error) {
	tables, err := readTOML(path, text)
	if err != nil {
		return nil, err
	}
	c := withoutListeners()
	d := decoder{file: path, lines: indexLines(text)}
	d.table("", tables, c.schema())
	d.check(c)
	if len(d.errors) > 0 {
		return nil, d.sorted()
	}
	return c, nil
}
