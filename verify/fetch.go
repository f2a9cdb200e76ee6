package verify

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ladderd/m3u8"
)

// Limits against servers that send without end.
const (
	maxPlaylist = m3u8.MaxBytes
	maxMedia    = 32 << 20
	maxRedirect = 5
)

var errTooLarge = errors.New("the answer is larger than this client takes")

// reply is a whole answer.
type reply struct {
	url    string // as it was asked for
	base   string // where redirects led to: what URIs in it are relative to (RFC 3986, 5.1.3)
	status int
	header http.Header
	body   []byte // decompressed
	zipped bool
	major  int // version of HTTP
}

// reason is what the server says of a refusal, as far as it is short text.
func (r *reply) reason() string {
	const most = 200
	if len(r.body) == 0 || len(r.body) > most || !utf8.Valid(r.body) {
		return ""
	}
	return ": " + strings.Join(strings.Fields(string(r.body)), " ")
}

func (r *reply) ok() bool { return r != nil && r.status == http.StatusOK }

// client fetches. All methods may be called from any goroutine.
type client struct {
	http      *http.Client
	collector *collector
}

func newClient(insecure bool, c *collector) *client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, DisableCompression: true,
		MaxIdleConnsPerHost: 32, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12},
	}
	return &client{collector: c, http: &http.Client{
		Transport: transport,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirect {
				return fmt.Errorf("more than %d redirects", maxRedirect)
			}
			return nil
		},
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// pageOrigin is whose page asks.
const pageOrigin = "https://verify.invalid"

// do asks once. A reply of any status is no error. fields hold pairs.
func (c *client) do(ctx context.Context, method, url string, limit int64, fields ...string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "ladderd-verify")
	// As a page's request has it: servers may leave the CORS headers out without.
	req.Header.Set("Origin", pageOrigin)
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	r := &reply{url: url, base: resp.Request.URL.String(), status: resp.StatusCode, header: resp.Header, major: resp.ProtoMajor}
	if r.body, err = readAtMost(resp.Body, limit); err != nil {
		return nil, fmt.Errorf("read %s: %w", url, err)
	}
	c.collector.count(func(seen *Checked) { seen.Bytes += int64(len(r.body)) })
	if method != http.MethodHead && resp.Header.Get("Content-Encoding") == "gzip" {
		r.zipped = true
		zip, err := gzip.NewReader(bytes.NewReader(r.body))
		if err != nil {
			return nil, fmt.Errorf("decompress %s: %w", url, err)
		}
		if r.body, err = readAtMost(zip, limit); err != nil {
			return nil, fmt.Errorf("decompress %s: %w", url, err)
		}
	}
	return r, nil
}

func (c *client) playlist(ctx context.Context, url string) (*reply, error) {
	return c.do(ctx, http.MethodGet, url, maxPlaylist, "Accept-Encoding", "gzip")
}

// media gets a resource, or a range of it.
func (c *client) media(ctx context.Context, url string, r *m3u8.ByteRange) (*reply, error) {
	if r == nil {
		return c.do(ctx, http.MethodGet, url, maxMedia)
	}
	return c.do(ctx, http.MethodGet, url, maxMedia, "Range", fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1))
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = errTooLarge
	}
	return body, err
}

// resolve makes ref absolute. Only HTTP is followed.
func resolve(base, ref string) (string, error) {
	b, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	u, err := b.Parse(ref)
	if err != nil {
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%s is not HTTP", u)
	}
	return u.String(), nil
}

// with adds directives, pairs of names and values, to a playlist's URL. All parameters
// are then in the order of their bytes, as clients must have them (6.3.2).
func with(base string, pairs ...string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	var parameters []string
	if u.RawQuery != "" {
		parameters = strings.Split(u.RawQuery, "&")
	}
	for i := 0; i < len(pairs); i += 2 {
		parameters = append(parameters, pairs[i]+"="+url.QueryEscape(pairs[i+1]))
	}
	name := func(parameter string) string { name, _, _ := strings.Cut(parameter, "="); return name }
	slices.SortStableFunc(parameters, func(a, b string) int { return strings.Compare(name(a), name(b)) })
	u.RawQuery = strings.Join(parameters, "&")
	return u.String()
}
