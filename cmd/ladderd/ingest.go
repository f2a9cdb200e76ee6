package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"ladderd/config"
	"ladderd/door"
	"ladderd/ingest/rtmp"
	"ladderd/ingest/srt"
)

// addIngest opens the publishers' listeners. They have one door, so that its limits
// hold for an address whatever it speaks.
func (d *daemon) addIngest(cfg *config.Config) error {
	limits := entranceLimits(cfg)
	limits.Who, limits.Log = "publishers", d.log
	entrance := door.New(limits)
	d.entrance = entrance
	return errors.Join(d.addRTMP(cfg.Ingest.RTMP, entrance), d.addRTMPS(cfg.Ingest.RTMPS, entrance), d.addSRT(cfg.Ingest.SRT, entrance))
}

// entranceLimits are those of the publishers' door.
func entranceLimits(cfg *config.Config) door.Options {
	return door.Options{PerAddress: cfg.Ingest.MaxConnectionsPerAddress, FailedKeys: cfg.Ingest.FailedKeysPerMinute}
}

func (d *daemon) addRTMP(c config.RTMP, entrance *door.Door) error {
	ln, err := d.listen("RTMP", c.Listen)
	if ln == nil {
		return err
	}
	d.serveRTMP("rtmp", entrance.Guard(ln), entrance)
	return nil
}

// addRTMPS puts TLS before the same server. The handshake is a part of RTMP's own,
// in the connection's goroutine and under the same deadline.
func (d *daemon) addRTMPS(c config.TLS, entrance *door.Door) error {
	if !c.Listen.On() {
		return nil
	}
	store, err := d.addCertificate(c)
	if err != nil {
		return fmt.Errorf("RTMPS: %w", err)
	}
	ln, err := d.listen("RTMPS", c.Listen)
	if err != nil {
		return err
	}
	secure := tls.NewListener(entrance.Guard(ln), &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: store.Certificate})
	d.serveRTMP("rtmps", secure, entrance)
	return nil
}

func (d *daemon) serveRTMP(name string, ln net.Listener, entrance *door.Door) {
	s := rtmp.New(ln, d.hub, d.log.With("protocol", name), rtmp.Config{Failed: entrance.Failed})
	d.servers = append(d.servers, server{name, s.Serve, s.Close})
}

// addSRT opens its own socket: SRT's listener is libsrt's.
func (d *daemon) addSRT(c config.SRT, entrance *door.Door) error {
	if !c.Listen.On() {
		return nil
	}
	s, err := srt.New(string(c.Listen), d.hub, d.hub, d.log.With("protocol", "srt"), srt.Config{Latency: c.Latency, Door: entrance})
	if err != nil {
		return fmt.Errorf("open the SRT listener: %w", err)
	}
	d.addresses["SRT"] = s.Addr()
	d.log.Info("listening", "for", "SRT", "address", s.Addr())
	d.servers = append(d.servers, server{"srt", s.Serve, s.Close})
	return nil
}
