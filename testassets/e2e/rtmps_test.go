package e2e

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"ladderd/ladder"
	"ladderd/testassets/daemon"
	"ladderd/testassets/pki"
	"ladderd/testassets/publish"
)

// A channel that takes encrypted ingest only is published to by RTMPS, and goes on
// while the certificate is renewed, which the next connection gets.
func TestRTMPSOutlivesItsCertificate(t *testing.T) {
	t.Parallel()
	file := clip(t, small)
	c := channel(daemon.Channel{Type: ladder.Basic, Secure: true})
	d := startDaemonWith(t, daemon.Settings{Channels: []daemon.Channel{c}, RTMPS: true})

	plain, err := publish.FFmpeg(d.RTMP(c.Key), file)
	plain = stopAtEnd(t, plain, err)
	awaitEnd(t, plain)
	if err := plain.Wait(); err == nil || !strings.Contains(plain.Output(), "encrypted ingest only") {
		t.Errorf("plain RTMP: %v\n%s", err, plain.Output())
	}

	secure, err := publish.FFmpegLoop(d.RTMPS(c.Key), file)
	secure = stopAtEnd(t, secure, err)
	before, err := d.AwaitStream(t.Context(), c.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := subject(t, d); got != "localhost" {
		t.Errorf("the certificate is of %q", got)
	}
	renewed, err := pki.New("renewed", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Renew(renewed); err != nil {
		t.Fatal(err)
	}
	awaitOrFail(t, within(t, 20*time.Second), "the renewed certificate", func() (bool, error) {
		return subject(t, d) == "renewed", nil
	}, nil)
	after, err := d.AwaitStream(t.Context(), c.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !secure.Running() || after.ID != before.ID || after.Remote != before.Remote {
		t.Errorf("the stream was %s from %s and is %s from %s", before.ID, before.Remote, after.ID, after.Remote)
	}
}

// subject is of the certificate that a new connection gets. It takes no TLS older
// than 1.2 for an answer.
func subject(t *testing.T, d *daemon.Daemon) string {
	t.Helper()
	if _, err := tls.Dial("tcp", d.RTMPSAddress(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is taken")
	}
	nc, err := tls.Dial("tcp", d.RTMPSAddress(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	return nc.ConnectionState().PeerCertificates[0].Subject.CommonName
}
