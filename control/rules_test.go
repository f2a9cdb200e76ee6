//go:build !fuzz

package control

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// send sends a signed request as it is, good or bad.
func (b *box) send(t *testing.T, method, path string, body []byte) (status int, code, message string) {
	t.Helper()
	return exchange(t, b.signed(t, method, path, body))
}

func (b *box) signed(t *testing.T, method, path string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	// Two requests that are the same would be a replay.
	r.Header.Set("amz-sdk-invocation-id", newID())
	hash := sha256.Sum256(body)
	err = signer.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: testKey, SecretAccessKey: testSecret}, r,
		hex.EncodeToString(hash[:]), "ivs", testRegion, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// exchange sends a request, and reads what SDKs read of an error.
func exchange(t *testing.T, r *http.Request) (status int, code, message string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var words struct {
		Exception string `json:"exceptionMessage"`
	}
	_ = json.Unmarshal(text, &words)
	return answer.StatusCode, answer.Header.Get("X-Amzn-ErrorType"), words.Exception
}

// Each rule of the table is broken in each field of each operation that it holds for.
func TestEachRuleIsKept(t *testing.T) {
	b := newBox(t)
	tried := map[string]bool{}
	for i := range operations {
		o := &operations[i]
		shape := reflect.TypeOf(o.do.request()).Elem()
		cases := brokenFields(shape)
		for what, request := range cases {
			body, path := request.(map[string]any), o.url
			if o.url == tagsURL {
				if what == "tagKeys element no text" {
					continue // all is text in a URL
				}
				path, body = tagsPath(body)
			}
			text, _ := json.Marshal(body)
			status, code, message := b.send(t, o.method, path, text)
			if status != http.StatusBadRequest || code != codeValidation || message == "" {
				t.Errorf("%s, %s: %d %s %q for %s", o.name, what, status, code, message, text)
			}
		}
		note(tried, shape)
	}
	for of, r := range rules {
		if !tried[of.Name()] {
			t.Errorf("no operation has a %s", r.shape)
		}
	}
}

// note remembers which shapes there are in one.
func note(seen map[string]bool, t reflect.Type) {
	if seen[t.Name()] && t.Name() != "" {
		return
	}
	seen[t.Name()] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		note(seen, t.Elem())
	case reflect.Map:
		note(seen, t.Key())
		note(seen, t.Elem())
	case reflect.Struct:
		for f := range fieldsOf(t) {
			note(seen, f.of)
		}
	}
}

// tagsPath puts the fields that are in the URL there.
func tagsPath(request map[string]any) (path string, body map[string]any) {
	arn, _ := request["resourceArn"].(string)
	delete(request, "resourceArn")
	path = tagsURL + url.PathEscape(arn)
	list, _ := request["tagKeys"].([]any)
	query := url.Values{}
	for _, key := range list {
		query.Add("tagKeys", fmt.Sprint(key))
	}
	delete(request, "tagKeys")
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, request
}

func TestRequestsThatAreNoRequests(t *testing.T) {
	b := newBox(t)
	for what, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"no JSON":            {"POST", "/GetChannel", "{", 400, codeValidation},
		"a list":             {"POST", "/GetChannel", "[]", 400, codeValidation},
		"two values":         {"POST", "/GetChannel", `{} {}`, 400, codeValidation},
		"too long":           {"POST", "/GetChannel", `{"arn":"` + strings.Repeat("a", bodyMost) + `"}`, 400, codeValidation},
		"deep":               {"POST", "/GetChannel", strings.Repeat(`{"a":`, 11_000), 400, codeValidation},
		"unknown operation":  {"POST", "/MakeChannel", "{}", 404, codeUnknownOperation},
		"another method":     {"GET", "/GetChannel", "", 404, codeUnknownOperation},
		"the root":           {"GET", "/", "", 404, codeUnknownOperation},
		"another case":       {"POST", "/getchannel", "{}", 404, codeUnknownOperation},
		"unknown fields":     {"POST", "/ListChannels", `{"later":{"a":[1,2]}}`, 200, ""},
		"nulls":              {"POST", "/ListChannels", `{"maxResults":null,"filterByName":null}`, 200, ""},
		"no body":            {"POST", "/ListChannels", "", 200, ""},
		"another account":    {"POST", "/GetChannel", `{"arn":"arn:aws:ivs:local:111111111111:channel/a"}`, 404, codeNotFound},
		"another region":     {"POST", "/GetChannel", `{"arn":"arn:aws:ivs:us-west-2:000000000000:channel/a"}`, 404, codeNotFound},
		"tags of a stranger": {"GET", "/tags/" + url.PathEscape("arn:aws:ivs:local:000000000000:nonsense/a"), "", 404, codeNotFound},
	} {
		status, code, _ := b.send(t, c.method, c.path, []byte(c.body))
		if status != c.status || code != c.code {
			t.Errorf("%s: %d %s, want %d %s", what, status, code, c.status, c.code)
		}
	}
}
