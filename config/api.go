package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// API is the listener of the control API, and who may call it.
type API struct {
	Listen Address
	// Cert and Key are the absolute paths of PEM files; empty where the API is plain HTTP.
	Cert, Key  string
	AccessKeys []AccessKey
	// IngestEndpoint and SRTEndpoint are the hosts that publishers are told, and
	// PlaybackURL is the beginning of the URLs that viewers are; empty where they follow
	// from the listeners.
	IngestEndpoint, SRTEndpoint, PlaybackURL string
	// CallRate multiplies the call rates of the guide: 1 to 100000.
	CallRate int
	// AuditSize is how long a file of the audit log gets, in bytes, and AuditFiles how many
	// of them there are.
	AuditSize  int64
	AuditFiles int
}

// AccessKey is who may call the API.
type AccessKey struct {
	ID     string
	Secret Secret
	// SecretFile is the absolute path of a file that has the secret; empty where Secret is
	// set.
	SecretFile string
	User       string // what policies and the audit log call whoever has it; the ID where the file has none
	// Policy is a policy that is built in, or the absolute path of a policy document.
	Policy string
	// SessionToken and Expires are set for temporary credentials.
	SessionToken Secret
	Expires      time.Time
}

// The names of the policies that are built in (guide, line 8693, and for reading metrics
// CloudWatch's own).
const (
	PolicyFull     = "IVSFullAccess"
	PolicyReadOnly = "IVSReadOnlyAccess"
	PolicyMetrics  = "CloudWatchReadOnlyAccess"
)

func (a *API) schema() schema {
	s := listener(&a.Listen, defaultAPI,
		key{name: "cert", set: text(&a.Cert, parseFile)},
		key{name: "key", set: text(&a.Key, parseFile)},
		key{name: "ingest_endpoint", set: text(&a.IngestEndpoint, parseEndpoint)},
		key{name: "srt_endpoint", set: text(&a.SRTEndpoint, parseEndpoint)},
		key{name: "playback_url", set: text(&a.PlaybackURL, parsePlaybackURL)},
		key{name: "call_rate", set: number(&a.CallRate, 1, 100_000)},
		key{name: "audit_size", set: text(&a.AuditSize, size(megabyte, 1024*megabyte))},
		key{name: "audit_files", set: number(&a.AuditFiles, 1, 1000)},
	)
	s.arrays = []subarray{{"access_key", func(read func(schema)) {
		k := AccessKey{}
		read(k.schema())
		if k.User == "" {
			k.User = k.ID
		}
		a.AccessKeys = append(a.AccessKeys, k)
	}}}
	return s
}

func (k *AccessKey) schema() schema {
	return schema{keys: []key{
		{name: "id", set: text(&k.ID, parseAccessKeyID), required: true},
		{name: "secret", set: text(&k.Secret, parseSecretKey), secret: true},
		{name: "secret_file", set: text(&k.SecretFile, parsePath("a file with the secret"))},
		{name: "user", set: text(&k.User, parseUser)},
		{name: "policy", set: text(&k.Policy, parsePolicyName), required: true},
		{name: "session_token", set: text(&k.SessionToken, parseSessionToken), secret: true},
		{name: "expires", set: moment(&k.Expires)},
	}}
}

var (
	parseAccessKeyID = matching(regexp.MustCompile(`^\w{16,128}$`), "16 to 128 letters, digits and underscores")
	// As IAM has it for its users.
	parseUser = matching(regexp.MustCompile(`^[\w+=,.@-]{1,64}$`), "1 to 64 letters, digits and _ + = , . @ -")
)

// parseSecretKey does not cite the key in its errors.
func parseSecretKey(s string) (Secret, error) {
	unfit := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(s) < 16 || len(s) > 256 || strings.ContainsFunc(s, unfit) {
		return "", fmt.Errorf("not a secret access key; allowed: 16 to 256 printable ASCII characters without spaces")
	}
	return Secret(s), nil
}

// ParseSecretKey reads a secret access key from the text of a file.
func ParseSecretKey(text string) (Secret, error) { return parseSecretKey(strings.TrimSpace(text)) }

func parseSessionToken(s string) (Secret, error) {
	unfit := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(s) < 16 || len(s) > 4096 || strings.ContainsFunc(s, unfit) {
		return "", fmt.Errorf("not a session token; allowed: 16 to 4096 printable ASCII characters without spaces")
	}
	return Secret(s), nil
}

func parsePath(of string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !filepath.IsAbs(s) || strings.ContainsRune(s, 0) || strings.HasSuffix(s, "/") {
			return "", fmt.Errorf("not an absolute path; allowed: the path of %s, from /", of)
		}
		return filepath.Clean(s), nil
	}
}

func parsePolicyName(s string) (string, error) {
	if s == PolicyFull || s == PolicyReadOnly || s == PolicyMetrics {
		return s, nil
	}
	path, err := parsePath("a policy document")(s)
	if err != nil {
		return "", fmt.Errorf("not a policy; allowed: %q, %q, %q, or the path of a policy document, from /", PolicyFull, PolicyReadOnly, PolicyMetrics)
	}
	return path, nil
}

// parseEndpoint reads a host, with a port where it is not the usual one. It becomes a part of
// URLs: an address of IPv6 has brackets.
func parseEndpoint(s string) (string, error) {
	const allowed = `allowed: "host" or "host:port"`
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.Contains(s, "/") {
		if !isHost(s) {
			return "", fmt.Errorf("not a host; %s", allowed)
		}
		return s, nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q is not a port; %s", port, allowed)
	}
	if net.ParseIP(host) == nil && !hostName.MatchString(host) {
		return "", fmt.Errorf("not a host; %s", allowed)
	}
	return s, nil
}

// isHost says whether this is a host as URLs have it.
func isHost(s string) bool {
	bare, bracketed := strings.CutPrefix(s, "[")
	if !bracketed {
		return hostName.MatchString(s) // and IPv4 is one
	}
	ip, closed := strings.CutSuffix(bare, "]")
	return closed && strings.Contains(ip, ":") && net.ParseIP(ip) != nil
}

func parsePlaybackURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || s != u.Scheme+"://"+u.Host {
		return "", fmt.Errorf(`not the beginning of a URL; allowed: "https://host", "https://host:port", or with http, and nothing behind it`)
	}
	if _, err := parseEndpoint(u.Host); err != nil {
		return "", fmt.Errorf("its host is %w", err)
	}
	return s, nil
}

// moment reads a time, as TOML has it or as text. TOML's times without a zone are not moments.
func moment(dst *time.Time) func(any) error {
	return func(value any) (err error) {
		switch v := value.(type) {
		case time.Time:
			if strings.HasSuffix(v.Location().String(), "-local") { // the decoder's name for no zone
				err = strconv.ErrSyntax
				break
			}
			*dst = v.UTC()
		case string:
			*dst, err = time.Parse(time.RFC3339, v)
		default:
			err = strconv.ErrSyntax
		}
		if err != nil {
			return fmt.Errorf("not a time; allowed: as 2026-12-31T23:59:59Z")
		}
		return nil
	}
}

// checkAPI finds what is wrong between the API's keys.
func (d *decoder) checkAPI(a *API) {
	if (a.Cert == "") != (a.Key == "") && !d.failed("api.cert") && !d.failed("api.key") {
		d.fail("api.cert", "", "cert and key are set together, or neither is")
	}
	ids := map[string]string{}
	for i, k := range a.AccessKeys {
		path := element("api.access_key", i)
		if (k.Secret == "") == (k.SecretFile == "") && !d.failed(join(path, "secret")) && !d.failed(join(path, "secret_file")) {
			d.fail(join(path, "secret"), "", "is needed here or in a file of its own, and not in both")
		}
		if (k.SessionToken == "") != k.Expires.IsZero() && !d.failed(join(path, "session_token")) && !d.failed(join(path, "expires")) {
			d.fail(join(path, "session_token"), "", "temporary credentials have both session_token and expires, others neither")
		}
		if first, taken := ids[k.ID]; taken && k.ID != "" {
			d.fail(join(path, "id"), show(k.ID), fmt.Sprintf("the access key on line %d has the same; allowed: one that no other has", d.lines.line(first)))
		} else {
			ids[k.ID] = join(path, "id")
		}
	}
}
