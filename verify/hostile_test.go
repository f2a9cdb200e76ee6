package verify

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ladderd/m3u8"
)

// TestHostileServers wants an end, with an error or with findings, whatever a
// server sends.
func TestHostileServers(t *testing.T) {
	endless := func(w http.ResponseWriter, head string) {
		_, _ = fmt.Fprint(w, head)
		for line := strings.Repeat("#EXTINF:1,\nx\n", 1000); ; {
			if _, err := fmt.Fprint(w, line); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name  string
		serve func(w http.ResponseWriter, r *http.Request)
		want  string // in the error; "deadline" where nothing but that ends it
	}{
		{"a playlist without end", func(w http.ResponseWriter, _ *http.Request) { endless(w, "#EXTM3U\n") }, "larger than"},
		{"a bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb(m3u8.MaxBytes + 1))
		}, "larger than"},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>") }, "not #EXTM3U"},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, "redirects"},
		{"a file as variant", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:///etc/passwd\n")
		}, "not HTTP"},
		{"a thousand variants", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "#EXTM3U\n")
			for i := range 1000 {
				_, _ = fmt.Fprintf(w, "#EXT-X-STREAM-INF:BANDWIDTH=1\n%d.m3u8\n", i)
			}
		}, ErrTooMany.Error()},
		{"a variable that leads to a file", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"file:///etc\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{$a}/passwd\n")
		}, "not HTTP"},
		{"nothing", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(c.serve))
			t.Cleanup(server.Close)
			limit := time.Minute
			if c.want == "deadline" {
				limit = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			report, err := run(ctx, server.URL, Options{Duration: time.Second}, &fakeClock{})
			if err == nil || !strings.Contains(err.Error(), c.want) || report == nil {
				t.Errorf("%v, where %q was expected", err, c.want)
			}
		})
	}
}

// bomb is n bytes of a playlist, compressed.
func bomb(n int) []byte {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	_, _ = zip.Write([]byte("#EXTM3U\n"))
	_, _ = zip.Write(make([]byte, n))
	_ = zip.Close()
	return b.Bytes()
}
