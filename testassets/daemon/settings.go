package daemon

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"ladderd/ladder"
)

// What the daemon is told about itself; both appear in playback URLs.
const (
	region  = "test"
	account = "000000000001"
)

// Settings is what a test chooses; all else is the daemon's default.
type Settings struct {
	Channels []Channel
	// Part is the part duration; zero leaves the default.
	Part time.Duration
	// Window is how much media a playlist lists; zero takes long enough that a
	// test's whole broadcast can still be read after its end.
	Window time.Duration
	// Linger is how long a stream is there after its end; zero leaves the default.
	Linger time.Duration
	// Reconnect is reconnect_window; zero ends a stream with its publisher's connection,
	// whatever that ends by.
	Reconnect time.Duration
	// MemoryLimit is Go's GOMEMLIMIT, such as "64MiB": memory that is not needed goes
	// back at once and not within minutes. Empty leaves Go's default.
	MemoryLimit string
	// RTMPS has publishers come by RTMPS too, with a certificate that nobody signed.
	RTMPS bool
	// SRT is the latency of SRT's listener; zero leaves it off.
	SRT time.Duration
	// HTTPS has viewers served by HTTPS too, with a certificate that nobody signed.
	HTTPS bool
	// Backend is [pipeline] backend; empty is "x264", so that tests see the same on every
	// machine.
	Backend string
	// WhenFull is when_full; empty leaves the default.
	WhenFull string
	// Interlaced is [pipeline] interlaced; empty leaves the default.
	Interlaced string
	// API has the daemon serve the control API, to AccessKey, at a hundred thousand times the guide's
	// call rates.
	API bool
	// Quota is how many channels the API makes at most; zero leaves the default.
	Quota int
	// Measured has the daemon find out by itself what its devices do, and how fast they are.
	// Otherwise that is known when it starts, and they are fast (vouch).
	Measured bool
	// CPURate is how many pixels a second each core is said to decode, scale or encode where
	// it is not Measured; zero is plenty.
	CPURate float64
	// RenderNodes is render_nodes; empty leaves the default.
	RenderNodes []string
	// Env is added to the daemon's environment, each "KEY=value".
	Env []string
	// Proofs is what an earlier daemon knew of the devices (Daemon.Proofs), so that they are
	// not tried again; empty has them tried.
	Proofs []byte
	// LogLevel is [log] level; empty leaves the default.
	LogLevel string
	// Unobserved has the daemon without a [metrics] listener, and so without Health and all
	// that it answers.
	Unobserved bool
	// Webhooks are told of events.
	Webhooks []Webhook
}

// Channel is a channel of the config file.
type Channel struct {
	ID     string
	Type   ladder.Type
	Preset ladder.Preset
	Key    string // the stream key
	// Container and Latency are container_format and latency_mode; empty leaves the
	// defaults.
	Container, Latency string
	// Secure has the channel take encrypted ingest only.
	Secure bool
	// Passphrase encrypts SRT. With one the channel takes nothing unencrypted.
	Passphrase string
	// Backend is the channel's own; empty leaves the daemon's.
	Backend string
}

// window is what Settings.Window defaults to.
const window = 3 * time.Minute

// streams is how many channels may be live: benchmarks have more than the default.
const streams = 1000

func (s Settings) toml(p ports, dir string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "[server]\nregion = %q\naccount = %q\ndata_dir = %q\n", region, account, dir)
	fmt.Fprintf(&b, "[ingest]\nreconnect_window = %q\n[ingest.rtmp]\nlisten = %q\n", s.Reconnect, p.rtmp)
	if s.RTMPS {
		fmt.Fprintf(&b, "[ingest.rtmps]\n%s", encrypted(p.rtmps, dir))
	}
	if s.SRT > 0 {
		fmt.Fprintf(&b, "[ingest.srt]\nlisten = %q\nlatency = %q\n", p.srt, s.SRT)
	}
	fmt.Fprintf(&b, "[pipeline]\nbackend = %q\n", cmp.Or(s.Backend, "x264"))
	if s.WhenFull != "" {
		fmt.Fprintf(&b, "when_full = %q\n", s.WhenFull)
	}
	if s.Interlaced != "" {
		fmt.Fprintf(&b, "interlaced = %q\n", s.Interlaced)
	}
	if len(s.RenderNodes) > 0 {
		fmt.Fprintf(&b, "render_nodes = [\"%s\"]\n", strings.Join(s.RenderNodes, `", "`))
	}
	fmt.Fprintf(&b, "[limits]\nconcurrent_streams = %d\n", streams)
	if s.Quota > 0 {
		fmt.Fprintf(&b, "channels = %d\n", s.Quota)
	}
	fmt.Fprintf(&b, "[playback]\nlisten = %q\n", p.playback)
	if s.Part > 0 {
		fmt.Fprintf(&b, "part_duration = %q\n", s.Part)
	}
	w := s.Window
	if w == 0 {
		w = window
	}
	fmt.Fprintf(&b, "window = %q\n", w)
	if s.Linger > 0 {
		fmt.Fprintf(&b, "linger = %q\n", s.Linger)
	}
	if s.HTTPS {
		fmt.Fprintf(&b, "[playback.tls]\n%s", encrypted(p.https, dir))
	}
	if !s.Unobserved {
		fmt.Fprintf(&b, "[metrics]\nlisten = %q\n", p.metrics)
	}
	if s.API {
		fmt.Fprintf(&b, "[api]\nlisten = %q\ncall_rate = 100000\n[[api.access_key]]\nid = %q\nsecret = %q\npolicy = \"IVSFullAccess\"\n",
			p.api, AccessKey, SecretKey)
	}
	if s.LogLevel != "" {
		fmt.Fprintf(&b, "[log]\nlevel = %q\n", s.LogLevel)
	}
	for _, w := range s.Webhooks {
		w.toml(&b)
	}
	for _, c := range s.Channels {
		fmt.Fprintf(&b, "[[channel]]\nid = %q\nname = %q\ntype = %q\nstream_key = %q\ninsecure_ingest = %t\n",
			c.ID, c.ID, c.Type, c.Key, !c.Secure && c.Passphrase == "")
		for key, value := range map[string]string{
			"preset": string(c.Preset), "container_format": c.Container, "latency_mode": c.Latency,
			"srt_passphrase": c.Passphrase, "backend": c.Backend,
		} {
			if value != "" {
				fmt.Fprintf(&b, "%s = %q\n", key, value)
			}
		}
	}
	return b.Bytes()
}

// encrypted is a listener with the daemon's certificate.
func encrypted(at, dir string) string {
	return fmt.Sprintf("listen = %q\ncert = \"%[2]s/tls.crt\"\nkey = \"%[2]s/tls.key\"\n", at, dir)
}
