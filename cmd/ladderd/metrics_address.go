package main

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"ladderd/config"
)

// metricsAddress is where a command asks a daemon that runs.
type metricsAddress struct {
	URL    string `default:"http://127.0.0.1:9090" help:"Where the daemon's metrics listener is: ${default}, unless told otherwise."`
	Config string `type:"path" help:"The daemon's configuration file, for the address of that listener, in place of --url."`
}

// base is the URL of the metrics listener.
func (m metricsAddress) base() (string, error) {
	if m.Config == "" {
		return listenerURL(m.URL)
	}
	cfg, err := config.Load(m.Config)
	if err != nil {
		return "", err
	}
	if !cfg.Metrics.Listen.On() {
		return "", fmt.Errorf("%s has no [metrics] listener, which is what is asked", m.Config)
	}
	at, err := reachable(cfg.Metrics.Listen)
	if err != nil {
		return "", fmt.Errorf("the [metrics] listener of %s: %w", m.Config, err)
	}
	return listenerURL(at)
}

// reachable is the address of a listener for this machine.
func reachable(at config.Address) (string, error) {
	host, port, err := net.SplitHostPort(string(at))
	if err != nil {
		return "", err
	}
	if port == "0" {
		return "", fmt.Errorf("it is on any free port: --url says on which")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() { // it listens on all addresses
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// listenerURL takes an address without a scheme too.
func listenerURL(text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not where a daemon could be asked; a URL such as http://127.0.0.1:9090 is", text)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}
