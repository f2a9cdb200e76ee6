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

// good is a value that a shape takes.
func good(t reflect.Type) any {
	switch t.Kind() {
	case reflect.Pointer:
		return good(t.Elem())
	case reflect.Struct:
		return goodFields(t)
	case reflect.Slice:
		return []any{good(t.Elem())}
	case reflect.Map:
		return map[string]any{good(t.Key()).(string): good(t.Elem())}
	case reflect.Bool:
		return true
	case reflect.String:
		return goodText(t)
	}
	return max(rules[t].least, 1)
}

// goodFields has what is required alone.
func goodFields(t reflect.Type) map[string]any {
	m := map[string]any{}
	for f := range fieldsOf(t) {
		if f.required {
			m[f.name] = good(f.of)
		}
	}
	return m
}

func goodText(t reflect.Type) string {
	r := rules[t]
	for _, text := range append([]string{"a", "aaa", "aa", "st-" + strings.Repeat("a", 23)}, append(r.words, arnsOfAll...)...) {
		if r.checkText(text) == nil {
			return text
		}
	}
	panic("no good text for " + r.shape)
}

var arnsOfAll = func() (all []string) {
	for _, k := range []kind{kindChannel, kindStreamKey, kindPlaybackKey, kindPolicy, kindRecording, kindAds} {
		all = append(all, arns{testRegion, testAccount}.of(k, "x"))
	}
	return all
}()

// bad are values that a shape does not take, each for another one of its rules.
func bad(t reflect.Type) map[string]any {
	switch r := rules[t]; t.Kind() {
	case reflect.String:
		return badTexts(r)
	case reflect.Slice:
		return map[string]any{"too few": []any{}, "too many": repeat(good(t.Elem()), r.most+1), "no list": "a"}
	case reflect.Map:
		entries := map[string]any{}
		for i := range r.most + 1 {
			entries[fmt.Sprint("k", i)] = "v"
		}
		return map[string]any{"too many": entries, "no map": "a"}
	case reflect.Int, reflect.Int64:
		cases := map[string]any{"too small": r.least - 1, "no number": "a", "a fraction": 1.5}
		if r.most > 0 {
			cases["too large"] = r.most + 1
		}
		return cases
	}
	return nil
}

func badTexts(r rule) map[string]any {
	cases := map[string]any{"no text": 5}
	if r.words != nil {
		cases["no such word"], cases["another case"], cases["empty"] = "NONSENSE", strings.ToLower(r.words[0]), ""
		return cases
	}
	if r.least > 0 {
		cases["empty"] = ""
	}
	if r.least > 1 {
		cases["too short"] = strings.Repeat("a", r.least-1)
	}
	if r.most > 0 {
		long := strings.Repeat("a", r.most+1)
		for _, start := range arnsOfAll { // that only the length is wrong
			if r.checkText(start) == nil {
				long = start + strings.Repeat("x", r.most+1-len(start))
			}
		}
		cases["too long"] = long
	}
	if r.never != "" {
		cases["reserved"] = strings.ToUpper(r.never) + "a"
	}
	if r.form != nil {
		cases["another form"] = "$?"
		if r.least == r.most {
			cases["another form"] = strings.Repeat("$", r.least)
		}
	}
	return cases
}

func repeat(v any, n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = v
	}
	return list
}

type requestField struct {
	name     string
	of       reflect.Type
	required bool
}

// fieldsOf are a request's fields, those of embedded structs included.
func fieldsOf(t reflect.Type) func(func(requestField) bool) {
	return func(yield func(requestField) bool) {
		for _, f := range reflect.VisibleFields(t) {
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !yield(requestField{name, f.Type, f.Tag.Get("required") == "true"}) {
				return
			}
		}
	}
}

// broken are requests of a shape that are right but for one thing, by what that is.
func broken(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return broken(t.Elem())
	case reflect.Slice:
		cases := bad(t)
		for what, v := range broken(t.Elem()) {
			cases["element "+what] = []any{v}
		}
		if rules[t].shape == "" { // a list without bounds
			delete(cases, "too few")
			delete(cases, "too many")
		}
		return cases
	case reflect.Map:
		cases := bad(t)
		for what, v := range broken(t.Key()) {
			if text, ok := v.(string); ok {
				cases["key "+what] = map[string]any{text: "v"}
			}
		}
		for what, v := range broken(t.Elem()) {
			cases["value "+what] = map[string]any{"k": v}
		}
		return cases
	case reflect.Struct:
		return brokenFields(t)
	}
	return bad(t)
}

func brokenFields(t reflect.Type) map[string]any {
	cases := map[string]any{}
	for f := range fieldsOf(t) {
		whole := goodFields(t)
		if f.required {
			delete(whole, f.name)
			cases[f.name+" missing"] = whole
		}
		for what, v := range broken(f.of) {
			with := goodFields(t)
			with[f.name] = v
			cases[f.name+" "+what] = with
		}
	}
	return cases
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
