//go:build !fuzz

package control

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"
)

// done has what the SDK has driven, by operation: "GetChannel good", "GetChannel bad".
var done sync.Map

// noting takes note of what the SDK gets for an answer.
func noting(a *API) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := route(r)
		noted := &notedAnswer{ResponseWriter: w, status: http.StatusOK}
		a.ServeHTTP(noted, r)
		if o == nil || r.Header.Get("amz-sdk-request") == "" {
			return
		}
		outcome := "good"
		if noted.status >= http.StatusBadRequest {
			outcome = "bad"
		}
		done.Store(o.name+" "+outcome, true)
	})
}

type notedAnswer struct {
	http.ResponseWriter
	status int
}

func (n *notedAnswer) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// TestMain wants the SDK to have driven every operation, to a good end and to a bad one. There
// is no good one for those of advertisements.
func TestMain(m *testing.M) {
	code := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	for _, o := range operations {
		for _, outcome := range []string{"good", "bad"} {
			if _, driven := done.Load(o.name + " " + outcome); whole && !driven && (o.kind != kindAds || outcome == "bad") {
				fmt.Fprintf(os.Stderr, "no test has driven %s to a %s end by the SDK\n", o.name, outcome)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}
