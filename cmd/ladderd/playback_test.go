package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ladderd/certificate"
	"ladderd/config"
	"ladderd/playback"
	"ladderd/testassets/pki"
)

// secureConfig has playback by HTTPS on a free port.
func secureConfig(t *testing.T) *config.Config {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cfg := config.Default()
	cfg.Ingest.RTMP.Listen, cfg.Playback.Listen, cfg.Metrics.Listen = "", "127.0.0.1:0", ""
	cfg.Playback.TLS.Listen = config.Address(ln.Addr().String())
	if cfg.Playback.TLS.Cert, cfg.Playback.TLS.Key, err = pki.Write(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestHTTPSTakesANewCertificate(t *testing.T) {
	cfg := secureConfig(t)
	d, err := newDaemon(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	d.start()
	t.Cleanup(d.close)
	// subject is of a new connection's certificate.
	subject := func() string {
		t.Helper()
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, ForceAttemptHTTP2: true}
		client := http.Client{Transport: transport, Timeout: 10 * time.Second}
		r, err := client.Get(fmt.Sprintf("https://%s%s", cfg.Playback.TLS.Listen, playback.PlaybackPath("local", "000000000000", "nobody")))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusNotFound || r.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("status %s", r.Status)
		}
		return r.TLS.PeerCertificates[0].Subject.CommonName
	}
	if got := subject(); got != "localhost" {
		t.Errorf("certificate of %q", got)
	}
	if err := os.WriteFile(cfg.Playback.TLS.Cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.reload()
	if got := subject(); got != "localhost" {
		t.Errorf("after a bad one: certificate of %q", got)
	}
	renewed, err := pki.New("renewed", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{cfg.Playback.TLS.Cert: renewed.Cert, cfg.Playback.TLS.Key: renewed.Key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.reload()
	if got := subject(); got != "renewed" {
		t.Errorf("after a good one: certificate of %q", got)
	}
}

// Only what was taken is said to be.
func TestReloadTellsWhatItTook(t *testing.T) {
	reload := func(d *daemon) string {
		var log bytes.Buffer
		d.log = slog.New(slog.NewTextHandler(&log, nil))
		d.reload()
		return log.String()
	}
	if text := reload(&daemon{}); !strings.Contains(text, "nothing to reload") || strings.Contains(text, "reloaded") {
		t.Errorf("without HTTPS: %s", text)
	}
	cert, key, err := pki.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := certificate.Load(cert, key, quiet())
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{certificates: []*certificate.Store{store}}
	if text := reload(d); !strings.Contains(text, "msg=reloaded certificates=1") {
		t.Errorf("a good one: %s", text)
	}
	if err := os.WriteFile(cert, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text := reload(d); !strings.Contains(text, "no good") || strings.Contains(text, "msg=reloaded") {
		t.Errorf("a bad one: %s", text)
	}
}

// restless has a player that never stops asking.
type restless struct{ left time.Duration }

func (*restless) Settle(ctx context.Context) { <-ctx.Done() }

func (r *restless) Shutdown(ctx context.Context) error {
	end, _ := ctx.Deadline()
	r.left = time.Until(end)
	return ctx.Err()
}

func TestAnswersAreFinishedWhoeverGoesOnAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r restless
		if err := drain(&r); err != nil || r.left != lastAnswers {
			t.Errorf("%v left to shut down, %v", r.left, err)
		}
	})
}

func TestDaemonDoesNotStartWithABadCertificate(t *testing.T) {
	cfg := secureConfig(t)
	cfg.Playback.TLS.Key = cfg.Playback.TLS.Cert
	if _, err := newDaemon(cfg, quiet()); err == nil || !strings.Contains(err.Error(), "playback by HTTPS: certificate") {
		t.Error(err)
	}
}

func TestCheckConfigReadsTheCertificate(t *testing.T) {
	cfg := secureConfig(t)
	file := filepath.Join(t.TempDir(), "ladderd.toml")
	check := func(cert, key string) error {
		t.Helper()
		text := fmt.Sprintf("[playback.tls]\ncert = %q\nkey = %q\n", cert, key)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return (&checkConfigCommand{File: file}).Run()
	}
	if err := check(cfg.Playback.TLS.Cert, cfg.Playback.TLS.Key); err != nil {
		t.Error(err)
	}
	err := check("/nowhere/tls.crt", cfg.Playback.TLS.Key)
	if err == nil || !strings.Contains(err.Error(), "playback.tls: read the certificate") || !strings.Contains(err.Error(), "/nowhere/tls.crt") {
		t.Error(err)
	}
}
