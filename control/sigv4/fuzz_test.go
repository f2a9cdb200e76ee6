package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzAuthorization reads headers. What is taken is in order and can be written again.
func FuzzAuthorization(f *testing.F) {
	good := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE0000000001/20261123/local/ivs/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0a", 32)
	for _, header := range []string{good, strings.ReplaceAll(good, ", ", ","), good + "," + good, "AWS4-HMAC-SHA256", "", good[:80]} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		a, refusal := parseAuthorization(header)
		if refusal != nil {
			return
		}
		if a.id == "" || len(a.date) != 8 || !slices.IsSorted(a.signed) || !strings.Contains(header, a.id+"/"+a.scope()) || !strings.Contains(header, strings.Join(a.signed, ";")) {
			t.Errorf("%q is read as %+v", header, a)
		}
	})
}

// FuzzVerify sends what a client signs with the right secret, which is let in, and the same
// with a wrong one or altered on the way, which is not.
func FuzzVerify(f *testing.F) {
	f.Add("POST", "/CreateChannel", "", "Content-Type", "application/json", `{"name":"a"}`, "x")
	f.Add("DELETE", "/tags/arn%3Aaws%3Aivs", "tagKeys=b%20key&tagKeys=a%2Bb%2F&tagKeys=a", "X-Amz-Meta", "a   b", "", "wJalr")
	f.Add("GET", "/ü/%2f//.", "a&b=&=c&a=1+2", "Accept", "", "", "")
	f.Fuzz(func(t *testing.T, method, path, query, header, value, body, wrong string) {
		if len(path) > 0 && path[0] != '/' || strings.ContainsAny(path, "?#") || strings.ContainsAny(query, "#") || wrong == testSecret {
			return
		}
		if _, err := url.ParseQuery(query); err != nil {
			return
		}
		name := http.CanonicalHeaderKey(header)
		own := []string{"Host", "Authorization", "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Expect", "User-Agent", "X-Amzn-Trace-Id", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token"}
		if slices.Contains(own, name) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(value) == "" {
			return
		}
		for _, r := range header {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' {
				return
			}
		}
		a := goodAttempt()
		a.fuzzed = true
		a.method, a.target, a.body, a.header = method, path, body, http.Header{name: {value}}
		if query != "" {
			a.target += "?" + query
		}
		now := testTime
		v := testVerifier(&now)
		if _, err := v.Verify(a.send(t), []byte(body)); err != nil {
			t.Errorf("refused: %v", err)
		}
		if _, err := testVerifier(&now).Verify(a.send(t), []byte(body+" ")); err == nil {
			t.Error("another body is let in")
		}
		a.secret = wrong
		if _, err := testVerifier(&now).Verify(a.send(t), []byte(body)); err == nil {
			t.Error("let in with a wrong secret")
		}
	})
}
