// Package daemon runs the real ladderd binary for end-to-end tests and
// benchmarks: on free loopback ports, with a config file of its own, in a
// temporary folder.
//
//	Start ──► bin/ladderd serve --config FILE ──► /readyz says 200 ──► Daemon
//	Stop  ──► SIGTERM, and SIGKILL for what does not end by itself
package daemon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ladderd/testassets/await"
	"ladderd/testassets/pki"
	"ladderd/testassets/process"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	// startTries bounds how often other ports are tried: a port that was free a
	// moment ago may be somebody else's by the time the daemon listens.
	startTries = 3
)

// Daemon is a running ladderd.
type Daemon struct {
	*process.Process
	ports    ports
	dir      string
	settings Settings
}

// Start runs the daemon with these settings and returns when it is ready.
func Start(ctx context.Context, s Settings) (*Daemon, error) {
	bin, err := Binary()
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		d, err := start(ctx, bin, s)
		if err == nil {
			return d, nil
		}
		if try == startTries || !strings.Contains(err.Error(), "address already in use") {
			return nil, err
		}
	}
}

func start(ctx context.Context, bin string, s Settings) (*Daemon, error) {
	p, err := freePorts()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ladderd-daemon-")
	if err != nil {
		return nil, fmt.Errorf("folder for the daemon: %w", err)
	}
	if s.HTTPS || s.RTMPS {
		if _, _, err := pki.Write(dir); err != nil {
			return nil, err
		}
	}
	file := filepath.Join(dir, configFile)
	if err := os.WriteFile(file, s.toml(p, dir), 0o600); err != nil {
		return nil, fmt.Errorf("config for the daemon: %w", err)
	}
	cmd := serve(bin, file, s)
	switch {
	case len(s.Proofs) > 0:
		if err := os.WriteFile(filepath.Join(dir, proofs), s.Proofs, 0o600); err != nil {
			return nil, fmt.Errorf("proofs for the daemon: %w", err)
		}
	case !s.Measured:
		if err := vouch(bin, file, dir, s, cmd.Env); err != nil {
			return nil, err
		}
	}
	d := &Daemon{ports: p, dir: dir, settings: s}
	return d, d.run(ctx, cmd)
}

func serve(bin, file string, s Settings) *exec.Cmd {
	cmd := exec.Command(bin, "serve", "--config", file)
	cmd.Env = append(os.Environ(), s.Env...)
	if s.MemoryLimit != "" {
		cmd.Env = append(cmd.Env, "GOMEMLIMIT="+s.MemoryLimit)
	}
	return cmd
}

// run starts the process, and waits until it is ready.
func (d *Daemon) run(ctx context.Context, cmd *exec.Cmd) (err error) {
	if d.Process, err = process.Start(cmd); err != nil {
		return err
	}
	if err := d.awaitReady(ctx); err != nil {
		_ = d.Stop() // the first error says more
		return fmt.Errorf("%w\n%s", err, d.Output())
	}
	return nil
}

func (d *Daemon) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return await.Until(ctx, "ladderd to be ready", nil, func() (bool, error) {
		if !d.Running() {
			return false, d.Wait()
		}
		if d.settings.Unobserved {
			return d.listens(), nil
		}
		resp, err := http.Get("http://" + d.ports.metrics + "/readyz")
		if err != nil {
			return false, nil // not listening yet
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
}

// listens says whether publishers can connect: a daemon without metrics says no more.
func (d *Daemon) listens() bool {
	conn, err := net.Dial("tcp", d.ports.rtmp)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// Stop ends the daemon and waits until it has gone. Its error says that it did
// not end properly: by a signal, with a failure's exit code, or not in time.
func (d *Daemon) Stop() error {
	defer os.RemoveAll(d.dir)
	return d.Process.Stop(syscall.SIGTERM, stopTimeout)
}

// Folder is where the daemon keeps its files: its configuration, and its data_dir.
func (d *Daemon) Folder() string { return d.dir }

// proofs is the file in data_dir in which a daemon keeps what its devices do.
const proofs = "devices.json"

// Proofs is what the daemon knows of its devices, once they are all tried; for
// Settings.Proofs.
func (d *Daemon) Proofs() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(d.dir, proofs))
	if err != nil {
		return nil, fmt.Errorf("what the daemon knows of its devices: %w", err)
	}
	return text, nil
}

// RTMP is the URL at which to publish with a stream key.
func (d *Daemon) RTMP(key string) string { return "rtmp://" + d.ports.rtmp + "/app/" + key }

// RTMPS is RTMP's, encrypted, with Settings.RTMPS.
func (d *Daemon) RTMPS(key string) string { return "rtmps://" + d.ports.rtmps + "/app/" + key }

// RTMPSAddress is the host:port of that.
func (d *Daemon) RTMPSAddress() string { return d.ports.rtmps }

// Renew gives the daemon's listeners another certificate, and tells it so.
func (d *Daemon) Renew(p pki.Pair) error {
	for name, text := range map[string][]byte{"tls.crt": p.Cert, "tls.key": p.Key} {
		if err := os.WriteFile(filepath.Join(d.dir, name), text, 0o600); err != nil {
			return fmt.Errorf("renew the daemon's certificate: %w", err)
		}
	}
	return d.Signal(syscall.SIGHUP)
}

// SRTAddr is where SRT publishers connect to, host:port, with Settings.SRT.
func (d *Daemon) SRTAddr() string { return d.ports.srt }

// Ingest is where to publish with a stream key over RTMP or RTMPS.
func (d *Daemon) Ingest(protocol, key string) string {
	if protocol == "rtmps" {
		return d.RTMPS(key)
	}
	return d.RTMP(key)
}

// Playback is the URL of a channel's multivariant playlist.
func (d *Daemon) Playback(channel string) string {
	return "http://" + d.ports.playback + path(channel)
}

// SecurePlayback is Playback by HTTPS, with Settings.HTTPS.
func (d *Daemon) SecurePlayback(channel string) string {
	return "https://" + d.ports.https + path(channel)
}

func path(channel string) string {
	return fmt.Sprintf("/api/video/v1/%s.%s.channel.%s.m3u8", region, account, channel)
}

// Page is the URL of the page that plays a channel.
func (d *Daemon) Page(channel string) string {
	return fmt.Sprintf("http://%s/watch/%s/", d.ports.playback, channel)
}

// SecurePage is Page by HTTPS, with Settings.HTTPS.
func (d *Daemon) SecurePage(channel string) string {
	return fmt.Sprintf("https://%s/watch/%s/", d.ports.https, channel)
}

// ports are the daemon's listeners, each as host:port.
type ports struct{ rtmp, rtmps, srt, playback, https, metrics, api string }

// freePorts finds free loopback ports by listening on them all at once.
func freePorts() (ports, error) {
	var p ports
	var open []net.Listener
	defer func() {
		for _, l := range open {
			l.Close()
		}
	}()
	for _, to := range []*string{&p.rtmp, &p.rtmps, &p.playback, &p.https, &p.metrics, &p.api} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ports{}, fmt.Errorf("find a free port: %w", err)
		}
		open = append(open, l)
		*to = l.Addr().String()
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return ports{}, fmt.Errorf("find a free port: %w", err)
	}
	defer udp.Close()
	p.srt = udp.LocalAddr().String()
	return p, nil
}
