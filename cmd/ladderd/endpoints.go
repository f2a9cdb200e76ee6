package main

import (
	"cmp"
	"net"
	"os"
	"strconv"

	"ladderd/config"
	"ladderd/control"
)

// endpoints is what publishers and viewers are told: what the configuration says, else where
// the listeners are. The usual ports, with which clients do without being told, are left out.
func (d *daemon) endpoints(cfg *config.Config) control.Endpoints {
	e := control.Endpoints{Ingest: cfg.API.IngestEndpoint, SRT: cfg.API.SRTEndpoint, Playback: cfg.API.PlaybackURL}
	if at := d.addresses["RTMPS"]; at != nil {
		e.Ingest = cmp.Or(e.Ingest, hostAndPort(at, 443))
	} else if at := d.addresses["RTMP"]; at != nil {
		e.Ingest = cmp.Or(e.Ingest, hostAndPort(at, 1935))
	}
	if at := d.addresses["SRT"]; at != nil {
		e.SRT = cmp.Or(e.SRT, hostAndPort(at, 9000))
	}
	if at := d.addresses["playback by HTTPS"]; at != nil {
		e.Playback = cmp.Or(e.Playback, "https://"+hostAndPort(at, 443))
	} else if at := d.addresses["playback"]; at != nil {
		e.Playback = cmp.Or(e.Playback, "http://"+hostAndPort(at, 80))
	}
	return e
}

// hostAndPort is where a listener is reached from this machine or, where it listens on all
// addresses, by the machine's name.
func hostAndPort(at net.Addr, usual int) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return at.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	if port != strconv.Itoa(usual) {
		return net.JoinHostPort(host, port)
	}
	if net.ParseIP(host) != nil && net.ParseIP(host).To4() == nil {
		return "[" + host + "]"
	}
	return host
}
