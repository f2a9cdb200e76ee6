package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Webhook is a receiver.
type Webhook struct {
	Name string // unique, and what its events are kept under; of letters, digits, ".", "_" and "-"
	URL  string
	// Secret signs; Previous too, where it is not empty, so that receivers can change theirs
	// later.
	Secret, Previous string
	Insecure         bool          // the receiver's certificate is not looked at
	Timeout          time.Duration // of an attempt
	GiveUp           time.Duration // how old an event is when it is given up
}

// hook is a Webhook and its connections.
type hook struct {
	Webhook
	client *http.Client
}

func newHook(w Webhook, by http.RoundTripper) *hook {
	if by == nil {
		by = network(w)
	}
	// An event would go to who is not configured, without its body after a 302.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &hook{w, &http.Client{Timeout: w.Timeout, CheckRedirect: stay, Transport: by}}
}

func network(w Webhook) http.RoundTripper {
	dialer := &net.Dialer{Timeout: w.Timeout}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: w.Timeout,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: w.Insecure, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true, MaxConnsPerHost: atOnce, MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// close lets go of connections that nobody uses.
func (h *hook) close() { h.client.CloseIdleConnections() }

// answerMost is how much of an answer is read, in bytes: its beginning says why.
const answerMost = 2 << 10

// post sends an event. It has arrived where there is no refusal: the receiver has answered with
// 2xx. The headers are those of Standard Webhooks.
func (h *hook) post(ctx context.Context, one Record, attempt int, now time.Time) *refusal {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(one.Envelope))
	if err != nil {
		return &refusal{kind: "the URL is no good", words: withoutURL(err).Error()}
	}
	at := strconv.FormatInt(now.Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "ladderd")
	request.Header.Set("Webhook-Id", one.ID)
	request.Header.Set("Webhook-Timestamp", at)
	request.Header.Set("Webhook-Signature", h.signatures(one.ID, at, one.Envelope))
	request.Header.Set("Ladderd-Attempt", strconv.Itoa(attempt))
	answer, err := h.client.Do(request)
	if err != nil {
		return unreached(err)
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, answerMost))
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return nil
	}
	return &refusal{kind: answered(answer.StatusCode), words: firstLine(said), after: retryAfter(answer.Header.Get("Retry-After"), now)}
}

// answered is a status in the standard's words: a receiver's own may be others each time.
func answered(status int) string {
	return strings.TrimSpace(fmt.Sprintf("answered %d %s", status, http.StatusText(status)))
}

// unreached is why there was no answer.
func unreached(err error) *refusal {
	var of *url.Error
	if errors.As(err, &of) && of.Timeout() {
		return &refusal{kind: "no answer in time"}
	}
	return &refusal{kind: "not reached", words: withoutURL(err).Error()}
}

// withoutURL is an error without the URL, which may have a secret in it.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// signatures are those of each secret.
func (h *hook) signatures(id, at string, body []byte) string {
	list := make([]string, 0, 2)
	for _, secret := range []string{h.Secret, h.Previous} {
		if secret != "" {
			list = append(list, "v1,"+base64.StdEncoding.EncodeToString(signature(secret, id, at, body)))
		}
	}
	return strings.Join(list, " ")
}

// signature is Standard Webhooks': HMAC-SHA256 over id, time stamp and body.
func signature(secret, id, at string, body []byte) []byte {
	mac := hmac.New(sha256.New, secretKey(secret))
	_, _ = io.WriteString(mac, id+"."+at+".")
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

// secretKey is what a secret stands for: whsec_ and base64 for bytes, anything else for itself.
func secretKey(secret string) []byte {
	if text, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if key, err := base64.StdEncoding.DecodeString(text); err == nil {
			return key
		}
	}
	return []byte(secret)
}

// retryAfter is how long a receiver asks to be left alone: 0 where it does not.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), 86_400)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// firstLine is what an answer says, for a log and a terminal, which it tells nothing but text.
func firstLine(said []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
	if len(line) > 200 {
		line = line[:200] + "…"
	}
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, strings.ToValidUTF8(line, "?"))
}
