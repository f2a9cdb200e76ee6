package config

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// parseEtcd reads a URL of etcd.
func parseEtcd(s string) (string, error) {
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && s == u.Scheme+"://"+u.Host {
		host, port, err := net.SplitHostPort(u.Host)
		if number, wrong := strconv.ParseUint(port, 10, 16); err == nil && wrong == nil && number > 0 && host != "" {
			return s, nil
		}
	}
	return "", fmt.Errorf(`not an endpoint of etcd; allowed: "http://host:port" or "https://host:port", such as "http://127.0.0.1:2379"`)
}

// maxPrefix is the longest prefix that leaves room for the rest in etcd's requests, in bytes.
const maxPrefix = 128

func parsePrefix(s string) (string, error) {
	if len(s) > maxPrefix || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("not a prefix; allowed: up to %d printable ASCII characters", maxPrefix)
	}
	return s, nil
}

// parsePassword has no password in its errors.
func parsePassword(s string) (Secret, error) {
	if len(s) > 256 || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("not a password; allowed: up to 256 bytes of printable characters")
	}
	return Secret(s), nil
}

// checkStore finds keys that are of no use without others.
func (d *decoder) checkStore(s Store) {
	for _, k := range []struct {
		name, needs string
		set, has    bool
	}{
		{"etcd_ca", "etcd", s.EtcdCA != "", len(s.Etcd) > 0},
		{"etcd_cert", "etcd", s.EtcdCert != "", len(s.Etcd) > 0},
		{"etcd_cert", "etcd_key", s.EtcdCert != "", s.EtcdKey != ""},
		{"etcd_key", "etcd_cert", s.EtcdKey != "", s.EtcdCert != ""},
		{"etcd_user", "etcd", s.EtcdUser != "", len(s.Etcd) > 0},
		{"etcd_user", "etcd_password", s.EtcdUser != "", s.EtcdPassword != ""},
		{"etcd_password", "etcd_user", s.EtcdPassword != "", s.EtcdUser != ""},
	} {
		path := join("store", k.name)
		if k.set && !k.has && !d.failed(join("store", k.needs)) && !d.failed(path) {
			d.fail(path, "", "is of no use without "+k.needs)
		}
	}
	for _, endpoint := range s.Etcd {
		if files := s.EtcdCA + s.EtcdCert; files != "" && strings.HasPrefix(endpoint, "http:") {
			d.fail("store.etcd", show(endpoint), "is not encrypted, and there are certificates; allowed with etcd_ca or etcd_cert: https://")
			return
		}
	}
}
