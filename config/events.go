package config

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Events is who is told of events.
type Events struct {
	Webhooks []Webhook
}

// Webhook is a receiver of events.
type Webhook struct {
	Name string // unique: what its events wait under; its URL's host where the file has none
	URL  Secret // may have a token in it
	// Secret is what events are signed with, SecretFile the absolute path of a file that has
	// it: one of them is empty. PreviousSecret signs too, where it is not.
	Secret         Secret
	SecretFile     string
	PreviousSecret Secret
	Insecure       bool          // its certificate is not looked at
	Timeout        time.Duration // of an attempt: 1 s to 1 min
	GiveUp         time.Duration // how old an event is when it is given up: 1 s to 720 h
}

// maxWebhooks is how many there may be: an event is written with a note for each of them at
// once (outbox.ReceiversMost).
const maxWebhooks = 32

func (e *Events) schema() schema {
	return schema{arrays: []subarray{{"webhook", func(read func(schema)) {
		w := Webhook{Timeout: 10 * time.Second, GiveUp: 24 * time.Hour}
		read(w.schema())
		if w.Name == "" {
			w.Name = w.host()
		}
		e.Webhooks = append(e.Webhooks, w)
	}}}}
}

func (w *Webhook) schema() schema {
	return schema{keys: []key{
		{name: "url", set: text(&w.URL, parseWebhookURL), required: true, secret: true},
		{name: "name", set: text(&w.Name, parseWebhookName)},
		{name: "secret", set: text(&w.Secret, parseSigningSecret), secret: true},
		{name: "secret_file", set: text(&w.SecretFile, parsePath("a file with the secret"))},
		{name: "previous_secret", set: text(&w.PreviousSecret, parseSigningSecret), secret: true},
		{name: "insecure", set: boolean(&w.Insecure)},
		{name: "timeout", set: text(&w.Timeout, duration(time.Second, time.Minute))},
		{name: "give_up", set: text(&w.GiveUp, duration(time.Second, 720*time.Hour))},
	}}
}

var parseWebhookName = matching(regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`), "1 to 64 letters, digits, dots, hyphens and underscores")

// unnameable is what a host may have that a name may not.
var unnameable = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

// host is the URL's host, and its port where it has one, as a name: "ops.example-8443".
func (w *Webhook) host() string {
	u, err := url.Parse(w.URL.Reveal())
	if err != nil {
		return ""
	}
	name := strings.Trim(unnameable.ReplaceAllString(u.Host, "-"), "-")
	return name[:min(len(name), 64)]
}

// parseWebhookURL does not cite the URL in its errors.
func parseWebhookURL(s string) (Secret, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "" || len(s) > 2048 {
		return "", fmt.Errorf(`not the URL of a webhook; allowed: "https://host/path", also with a port, a query, and a user; or with http`)
	}
	return Secret(s), nil
}

// parseSigningSecret does not cite the secret in its errors.
func parseSigningSecret(s string) (Secret, error) {
	unfit := func(r rune) bool { return r <= ' ' || r > '~' }
	const allowed = `allowed: 16 to 256 printable ASCII characters without spaces, or "whsec_" and 16 bytes or more in base64`
	if len(s) < 16 || len(s) > 256 || strings.ContainsFunc(s, unfit) {
		return "", fmt.Errorf("not a secret; %s", allowed)
	}
	if text, ok := strings.CutPrefix(s, "whsec_"); ok {
		if key, err := base64.StdEncoding.DecodeString(text); err != nil || len(key) < 16 {
			return "", fmt.Errorf("not base64 behind whsec_; %s", allowed)
		}
	}
	return Secret(s), nil
}

// ParseSigningSecret reads a webhook's secret from the text of a file.
func ParseSigningSecret(text string) (Secret, error) {
	return parseSigningSecret(strings.TrimSpace(text))
}

// checkEvents finds what is wrong between the webhooks' keys.
func (d *decoder) checkEvents(e Events) {
	if n := len(e.Webhooks); n > maxWebhooks {
		d.fail(element("events.webhook", maxWebhooks), "", fmt.Sprintf("is one too many; allowed: %d", maxWebhooks))
	}
	names := map[string]string{}
	for i, w := range e.Webhooks {
		path := element("events.webhook", i)
		if (w.Secret == "") == (w.SecretFile == "") && !d.failed(join(path, "secret")) && !d.failed(join(path, "secret_file")) {
			d.fail(join(path, "secret"), "", "is needed here or in a file of its own, and not in both")
		}
		if w.Insecure && strings.HasPrefix(w.URL.Reveal(), "http:") {
			d.fail(join(path, "insecure"), "true", "is of no use without https")
		}
		if first, taken := names[w.Name]; taken && w.Name != "" {
			d.fail(join(path, "name"), show(w.Name), fmt.Sprintf("the webhook on line %d has the same, which is its URL's host where it has none; allowed: one that no other has", d.lines.line(first)))
		} else {
			names[w.Name] = path
		}
	}
}
