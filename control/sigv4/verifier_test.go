package sigv4

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	testID     = "AKIDEXAMPLE0000000001"
	testSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	tempID     = "ASIDEXAMPLE0000000002"
	tempToken  = "FwoGZXIvYXdzEXAMPLE/+="
)

var testTime = time.Date(2026, 11, 23, 5, 16, 0, 0, time.UTC)

// testKeys are a permanent key and a temporary one.
func testKeys(id string) (Key, bool) {
	switch id {
	case testID:
		return Key{ID: testID, Secret: testSecret}, true
	case tempID:
		return Key{ID: tempID, Secret: testSecret, Token: tempToken, Expires: testTime.Add(time.Hour)}, true
	}
	return Key{}, false
}

func testVerifier(now *time.Time) *Verifier {
	return New(Options{Region: "local", Service: "ivs", Key: testKeys, Now: func() time.Time { return *now }})
}

// attempt is a request that goes wrong in one way or none.
type attempt struct {
	fuzzed            bool
	id, secret, token string
	region, service   string
	signedAt          time.Time
	method, target    string
	body              string
	header            http.Header // sent and signed
	before            func(*http.Request)
	after             func(*http.Request) // what becomes of it on the way
}

func goodAttempt() *attempt {
	return &attempt{
		id: testID, secret: testSecret, region: "local", service: "ivs", signedAt: testTime,
		method: http.MethodPost, target: "/CreateChannel", body: `{"name":"a"}`,
		header: http.Header{"Content-Type": {"application/json"}},
	}
}

// send signs the request with the SDK's signer and reads it as a server does.
func (a *attempt) send(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequest(a.method, "http://127.0.0.1:8070"+a.target, strings.NewReader(a.body))
	if err != nil {
		a.unfit(t, err)
	}
	r.Header = a.header.Clone()
	if a.before != nil {
		a.before(r)
	}
	sum := sha256.Sum256([]byte(a.body))
	err = v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: a.id, SecretAccessKey: a.secret, SessionToken: a.token},
		r, hex.EncodeToString(sum[:]), a.service, a.region, a.signedAt)
	if err != nil {
		t.Fatal(err)
	}
	if a.after != nil {
		a.after(r)
	}
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		a.unfit(t, err)
	}
	received, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		a.unfit(t, err)
	}
	return received
}

// unfit is for what net/http does not take for a request: nothing to be looked at where it was
// made up by fuzzing, and else a fault of the test.
func (a *attempt) unfit(t testing.TB, err error) {
	t.Helper()
	if a.fuzzed {
		t.Skip(err)
	}
	t.Fatal(err)
}

func replaced(header, old, by string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set(header, strings.ReplaceAll(r.Header.Get(header), old, by))
	}
}

func set(header, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(header, value) }
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*attempt)
		code   string // empty: let in
		reason string
	}{
		{"good", func(*attempt) {}, "", ""},
		{"a query", func(a *attempt) {
			a.method, a.target, a.body = "DELETE", "/tags/arn%3Aaws%3A%2F?tagKeys=b%20a&tagKeys=a%2B&x", ""
		}, "", ""},
		{"an escaped path", func(a *attempt) { a.target = "/tags/arn%3Aaws%3Aivs%3Al%C3%B6%2Fa~b" }, "", ""},
		{"spaces in a header", func(a *attempt) { a.header.Set("X-Amz-Meta", "  a   b ") }, "", ""},
		{"the body's hash", func(a *attempt) {
			sum := sha256.Sum256([]byte(a.body))
			a.header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		}, "", ""},
		{"a temporary key", func(a *attempt) { a.id, a.token = tempID, tempToken }, "", ""},
		{"15 minutes late", func(a *attempt) { a.signedAt = testTime.Add(-15 * time.Minute) }, "", ""},
		{"15 minutes early", func(a *attempt) { a.signedAt = testTime.Add(15 * time.Minute) }, "", ""},

		{"unsigned", func(a *attempt) { a.after = func(r *http.Request) { r.Header.Del("Authorization") } }, codeMissing, "no Authorization"},
		{"presigned", func(a *attempt) {
			a.target += "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
			a.after = func(r *http.Request) { r.Header.Del("Authorization") }
		}, codeMissing, "presigned"},
		{"two headers", func(a *attempt) {
			a.after = func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }
		}, codeIncomplete, "2 Authorization"},
		{"another scheme", func(a *attempt) { a.after = set("Authorization", "Bearer a") }, codeIncomplete, "does not begin"},
		{"another algorithm", func(a *attempt) { a.after = replaced("Authorization", "HMAC", "ECDSA-P256") }, codeIncomplete, "does not begin"},
		{"signed headers out of order", func(a *attempt) {
			a.after = replaced("Authorization", "content-length;content-type", "content-type;content-length")
		}, codeIncomplete, "in order"},
		{"a signed header twice", func(a *attempt) { a.after = replaced("Authorization", "host;", "host;host;") }, codeIncomplete, "in order"},
		{"a signed header that is not there", func(a *attempt) { a.after = replaced("Authorization", "host;", "host;range;") }, codeIncomplete, "range is signed"},
		{"the host unsigned", func(a *attempt) { a.after = replaced("Authorization", "host;", "") }, codeIncomplete, "host is not signed"},
		{"an unsigned x-amz header", func(a *attempt) { a.after = set("X-Amz-Target", "b") }, codeIncomplete, "x-amz-target is not signed"},
		{"two dates", func(a *attempt) {
			a.after = func(r *http.Request) { r.Header.Add("X-Amz-Date", "20261123T051600Z") }
		}, codeIncomplete, "2 x-amz-date"},
		{"no date", func(a *attempt) { a.after = func(r *http.Request) { r.Header.Del("X-Amz-Date") } }, codeIncomplete, "no X-Amz-Date"},
		{"a date of another kind", func(a *attempt) { a.after = set("X-Amz-Date", "2026-11-23T05:16:00Z") }, codeIncomplete, "not like"},

		{"late", func(a *attempt) { a.signedAt = testTime.Add(-15*time.Minute - time.Second) }, codeInvalid, "expired"},
		{"early", func(a *attempt) { a.signedAt = testTime.Add(15*time.Minute + time.Second) }, codeInvalid, "not yet current"},
		{"another day", func(a *attempt) { a.after = replaced("Authorization", "20261123", "20261122") }, codeInvalid, "another day"},
		{"another region", func(a *attempt) { a.region = "us-east-1" }, codeInvalid, "region"},
		{"another service", func(a *attempt) { a.service = "ivschat" }, codeInvalid, "service"},
		{"another terminator", func(a *attempt) { a.after = replaced("Authorization", "aws4_request", "aws5_request") }, codeIncomplete, "Credential"},

		{"an unknown key", func(a *attempt) { a.id = "AKIDEXAMPLE0000000009" }, codeUnknown, "not known"},
		{"an unknown key with the secret of the strangers", func(a *attempt) { a.id, a.secret = "AKIDEXAMPLE0000000009", strangersSecret }, codeUnknown, "not known"},
		{"a wrong secret", func(a *attempt) { a.secret += "x" }, codeInvalid, "signature"},
		{"no secret", func(a *attempt) { a.secret = "" }, codeInvalid, "signature"},
		{"an altered path", func(a *attempt) { a.after = func(r *http.Request) { r.URL.Path = "/DeleteChannel" } }, codeInvalid, "signature"},
		{"an altered method", func(a *attempt) { a.after = func(r *http.Request) { r.Method = "PUT" } }, codeInvalid, "signature"},
		{"an altered query", func(a *attempt) { a.after = func(r *http.Request) { r.URL.RawQuery = "a=b" } }, codeInvalid, "signature"},
		{"a query that cannot be read", func(a *attempt) { a.after = func(r *http.Request) { r.URL.RawQuery = "a=%zz" } }, codeInvalid, "query"},
		{"an altered host", func(a *attempt) { a.after = func(r *http.Request) { r.Host = "other.example" } }, codeInvalid, "signature"},
		{"an altered header", func(a *attempt) { a.after = set("Content-Type", "text/plain") }, codeInvalid, "signature"},
		{"an altered body", func(a *attempt) {
			a.after = func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"name":"b"}`)) }
		}, codeInvalid, "signature"},
		{"the hash of another body", func(a *attempt) { a.header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64)) }, codeInvalid, "body"},
		{"an unsigned body", func(a *attempt) { a.header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, codeInvalid, "as a whole"},
		{"a streamed body", func(a *attempt) { a.header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") }, codeInvalid, "as a whole"},

		{"a token with a permanent key", func(a *attempt) { a.token = tempToken }, codeUnknown, "token"},
		{"a temporary key without its token", func(a *attempt) { a.id = tempID }, codeUnknown, "token"},
		{"a wrong token", func(a *attempt) { a.id, a.token = tempID, tempToken+"x" }, codeUnknown, "token"},
		{"an unsigned token", func(a *attempt) { a.id, a.after = tempID, set("X-Amz-Security-Token", tempToken) }, codeIncomplete, "not signed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := testTime
			v, a := testVerifier(&now), goodAttempt()
			c.change(a)
			r := a.send(t)
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			key, err := v.Verify(r, body)
			if c.code == "" {
				if err != nil || key.ID != a.id {
					t.Fatalf("got %v, %v", key, err)
				}
				return
			}
			checkRefusal(t, err, c.code, c.reason)
			if key != (Key{}) {
				t.Errorf("a key with the refusal: %v", key)
			}
			if n := v.Refused()[c.code]; n != 1 {
				t.Errorf("counted %d times", n)
			}
		})
	}
}

func checkRefusal(t *testing.T, err error, code, reason string) {
	t.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != code || !strings.Contains(refusal.Reason, reason) {
		t.Errorf("got %v, want %s with %q", err, code, reason)
	}
	if s := refusal.Status(); s != 400 && s != 403 {
		t.Errorf("status %d", s)
	}
}

func TestTemporaryKeysExpire(t *testing.T) {
	now := testTime.Add(time.Hour)
	a := goodAttempt()
	a.id, a.token, a.signedAt = tempID, tempToken, now
	_, err := testVerifier(&now).Verify(a.send(t), []byte(a.body))
	checkRefusal(t, err, codeExpired, "expired")
	before := now.Add(-time.Second)
	if _, err := testVerifier(&before).Verify(a.send(t), []byte(a.body)); err != nil {
		t.Error(err)
	}
}

// Requests that the AWS CLI 1.45.11 and the SDK for JavaScript 3.1136.0 have sent.
func TestRecordedRequests(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) != 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			key := Key{ID: testID, Secret: testSecret, Token: r.Header.Get("X-Amz-Security-Token")}
			v := New(Options{Region: "local", Service: "ivs", Key: func(string) (Key, bool) { return key, true }, Now: func() time.Time { return testTime }})
			if _, err := v.Verify(r, body); err != nil {
				t.Error(err)
			}
			if _, err := v.Verify(r, append(body, ' ')); err == nil {
				t.Error("an altered body is let in")
			}
		})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	k := Key{ID: testID, Secret: testSecret, Token: tempToken}
	if text := fmt.Sprintf("%v %+v %#v %s %v", k, k, k, k, []Key{k}); strings.Contains(text, "wJal") || strings.Contains(text, "FwoG") {
		t.Error(text)
	}
}

// A server hands on what the SDK's client sent as the signature needs it.
func TestServedRequestsVerify(t *testing.T) {
	now := time.Now() // the SDK's
	v := New(Options{Region: "local", Service: "ivs", Now: func() time.Time { return now }, Key: func(id string) (Key, bool) {
		k, known := testKeys(id)
		if !k.Expires.IsZero() {
			k.Expires = now.Add(time.Hour)
		}
		return k, known
	}})
	results := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = v.Verify(r, body)
		}
		results <- err
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	for name, call := range sdkCalls(server.URL) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-results; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	now := testTime
	v, a := testVerifier(&now), goodAttempt()
	r := a.send(b)
	a.id = "AKIDEXAMPLE0000000009" // takes all the way, and is not remembered
	stranger := a.send(b)
	for name, r := range map[string]*http.Request{"replayed": r, "unknown": stranger} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = v.Verify(r, []byte(a.body))
			}
		})
	}
}
