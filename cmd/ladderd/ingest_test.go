package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ladderd/config"
)

// rtmpsConfig has RTMPS on a free port, with the certificate of secureConfig.
func rtmpsConfig(t *testing.T) *config.Config {
	t.Helper()
	cfg := secureConfig(t)
	cfg.Ingest.RTMPS, cfg.Playback.TLS = cfg.Playback.TLS, config.TLS{}
	return cfg
}

func TestRTMPSIsServedWithItsCertificate(t *testing.T) {
	cfg := rtmpsConfig(t)
	d, err := newDaemon(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	d.start()
	t.Cleanup(d.close)
	nc, err := tls.Dial("tcp", string(cfg.Ingest.RTMPS.Listen), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if name := nc.ConnectionState().PeerCertificates[0].Subject.CommonName; name != "localhost" {
		t.Errorf("certificate of %q", name)
	}
}

func TestDaemonDoesNotStartRTMPSWithABadCertificate(t *testing.T) {
	cfg := rtmpsConfig(t)
	cfg.Ingest.RTMPS.Key = cfg.Ingest.RTMPS.Cert
	if _, err := newDaemon(cfg, quiet()); err == nil || !strings.Contains(err.Error(), "RTMPS: certificate") {
		t.Error(err)
	}
}

func TestCheckConfigReadsTheCertificateOfRTMPS(t *testing.T) {
	cfg := rtmpsConfig(t)
	file := filepath.Join(t.TempDir(), "ladderd.toml")
	text := fmt.Sprintf("[ingest.rtmps]\ncert = %q\nkey = \"/nowhere/tls.key\"\n", cfg.Ingest.RTMPS.Cert)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err := (&checkConfigCommand{File: file}).Run()
	if err == nil || !strings.Contains(err.Error(), "ingest.rtmps: read the certificate's key") {
		t.Error(err)
	}
}
