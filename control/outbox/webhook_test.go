package outbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ladderd/event"
	"ladderd/testassets/happened"
)

// The sample of the specification of Standard Webhooks.
func TestSignatureIsStandardWebhooks(t *testing.T) {
	const secret, id, at, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`
	if got := base64.StdEncoding.EncodeToString(signature(secret, id, at, []byte(body))); got != "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("the signature is %s", got)
	}
}

// heard is a request as a receiver sees it.
type heard struct {
	header http.Header
	body   []byte
}

// receiverOf is a real server that answers so.
func receiverOf(t *testing.T, tls bool, answer http.HandlerFunc) (url string, requests chan heard) {
	t.Helper()
	requests = make(chan heard, 10)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- heard{r.Header, body}
		answer(w, r)
	}))
	s.Config.ErrorLog = nil
	if tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.URL, requests
}

func TestEventIsPosted(t *testing.T) {
	url, requests := receiverOf(t, true, func(http.ResponseWriter, *http.Request) {})
	h := newHook(Webhook{URL: url, Secret: "new", Previous: "old", Insecure: true, Timeout: time.Minute}, nil)
	defer h.close()
	now := time.Unix(1_700_000_000, 0)
	one := record(happened.Event(event.NameStreamStart, "c", "st-1", now), account)
	if refused := h.post(t.Context(), one, 3, now); refused != nil {
		t.Fatal(refused)
	}
	got := <-requests
	if string(got.body) != string(one.Envelope) || got.header.Get("Content-Type") != "application/json" || got.header.Get("Ladderd-Attempt") != "3" {
		t.Errorf("%s %v", got.body, got.header)
	}
	id, at, signed := got.header.Get("Webhook-Id"), got.header.Get("Webhook-Timestamp"), strings.Fields(got.header.Get("Webhook-Signature"))
	if id != one.ID || at != "1700000000" || len(signed) != 2 {
		t.Fatalf("%v", got.header)
	}
	for i, secret := range []string{"new", "old"} {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s.%s.%s", id, at, got.body)
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); signed[i] != want {
			t.Errorf("signed %s, want %s", signed[i], want)
		}
	}
}

func TestRefusalsAreTold(t *testing.T) {
	cases := map[string]struct {
		answer http.HandlerFunc
		tls    bool
		want   string
		after  time.Duration
	}{
		"an error":   {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such hook\nmore", http.StatusNotFound) }, false, "answered 404 Not Found: no such hook", 0},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, false, "answered 302 Found", 0},
		"not now": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(http.StatusTooManyRequests)
		}, false, "answered 429 Too Many Requests", 90 * time.Second},
		"a terminal's orders": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("\x1b[2Jgone \u009b1m\a"))
		}, false, "answered 418 I'm a teapot: ?[2Jgone ?1m?", 0},
		"cut off":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, "not reached: EOF", 0},
		"a stranger": {func(http.ResponseWriter, *http.Request) {}, true, "not reached: tls: failed to verify certificate", 0},
		"out of words": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			_, _ = w.Write([]byte(strings.Repeat("x", 1<<20)))
		}, false, "answered 500 Internal Server Error: xxx", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			url, requests := receiverOf(t, c.tls, c.answer)
			h := newHook(Webhook{URL: url + "/?token=hidden", Timeout: time.Minute}, nil)
			defer h.close()
			refused := h.post(t.Context(), Record{ID: "1", Envelope: []byte("{}")}, 1, time.Now())
			if refused == nil || !strings.HasPrefix(refused.Error(), c.want) || refused.after != c.after {
				t.Fatalf("%v, after %v; want %s", refused, refused.after, c.want)
			}
			if words := refused.Error(); len(words) > 300 || strings.Contains(words, "hidden") || strings.Contains(words, "\n") {
				t.Errorf("told: %s", words)
			}
			if len(requests) > 1 {
				t.Errorf("%d requests", len(requests))
			}
		})
	}
}

// A receiver that hangs is given up in time, one that is not there at once.
func TestReceiversThatDoNotAnswer(t *testing.T) {
	held := make(chan struct{})
	url, _ := receiverOf(t, false, func(_ http.ResponseWriter, r *http.Request) { <-held })
	defer close(held)
	h := newHook(Webhook{URL: url, Timeout: 50 * time.Millisecond}, nil)
	if refused := h.post(t.Context(), Record{Envelope: []byte("{}")}, 1, time.Now()); refused == nil || refused.kind != "no answer in time" {
		t.Errorf("a hanging one: %v", refused)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h = newHook(Webhook{URL: "http://127.0.0.1:1/?token=hidden", Timeout: time.Minute}, nil)
	if refused := h.post(t.Context(), Record{}, 1, time.Now()); refused == nil || refused.kind != "not reached" || strings.Contains(refused.Error(), "hidden") {
		t.Errorf("one that is not there: %v", refused)
	}
	if refused := h.post(ctx, Record{}, 1, time.Now()); refused == nil {
		t.Error("what was cut short has arrived")
	}
	h = newHook(Webhook{URL: "http://127.0.0.1:x/?token=hidden"}, nil)
	if refused := h.post(t.Context(), Record{}, 1, time.Now()); refused == nil || strings.Contains(refused.Error(), "hidden") {
		t.Errorf("a URL that is none: %v", refused)
	}
}
