package control

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRequest reads any body as each operation's request: that it never panics, and that what
// it takes keeps the rules, also when it is written and read again.
func FuzzRequest(f *testing.F) {
	for i := range operations {
		o := &operations[i]
		whole, _ := json.Marshal(goodFields(reflect.TypeOf(o.do.request()).Elem()))
		f.Add(i, "arn:aws:ivs:local:000000000000:channel/x", "tagKeys=a", string(whole))
		f.Add(i, "", "", `{"arn":5,"tags":{"":""},"maxResults":-1,"arns":[null]}`)
	}
	f.Fuzz(func(t *testing.T, n int, arn, query, body string) {
		o := &operations[(n%len(operations)+len(operations))%len(operations)]
		r := httptest.NewRequest(o.method, "/", strings.NewReader(body))
		r.URL.Path, r.URL.RawQuery = o.url, query
		if o.url == tagsURL {
			r.URL.Path += arn
		}
		if found := route(r); found != o {
			t.Fatalf("%s is not found", o.name)
		}
		request, err := o.decode(r, []byte(body))
		if err != nil {
			if f := asFault(err); f.Status != http.StatusBadRequest || !utf8.ValidString(f.Message) {
				t.Fatalf("refused with %v", f)
			}
			return
		}
		if err := check(request); err != nil {
			t.Fatalf("taken, and %v", err)
		}
		o.about(arns{testRegion, testAccount}, request)
		if _, err := json.Marshal(withoutSecrets(reflect.ValueOf(request))); err != nil {
			t.Fatalf("cannot be written down: %v", err)
		}
	})
}
