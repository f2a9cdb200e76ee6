package playback

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// dialOrigin is a connection to a server of the handler.
func dialOrigin(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", startOrigin(t, h))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// byLane says whether a request came by a lane or by net/http.
func byLane(w http.ResponseWriter) bool { _, ok := w.(*answerWriter); return ok }

// TestLanesAnswerAsNetHTTPDoes asks the same of both.
func TestLanesAnswerAsNetHTTPDoes(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	var express atomic.Bool
	c := dialOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		express.Store(byLane(w))
		h.ServeHTTP(w, r)
	}))
	answers := bufio.NewReader(c)
	for _, test := range []struct{ method, path, fields string }{
		{"GET", mediaURL + "index.m3u8", ""},
		{"GET", mediaURL + "index.m3u8?_HLS_msn=1", "Accept-Encoding: gzip, deflate\r\n"},
		{"GET", "/v/" + join(t, h) + mediaURL + "index.m3u8?_HLS_msn=1&x=y", "Origin: https://viewer.example\r\n"},
		{"GET", mediaURL + "0.m4s", "Connection: keep-alive\r\n"},
		{"HEAD", mediaURL + "0.m4s", ""},
		{"GET", mediaURL + "0.m4s", "Range: bytes=100-199\r\n"},
		{"GET", mediaURL + "0.m4s", "range: bytes=99999999-\r\n"},
		{"GET", mediaURL + "1.0.m4s", ""},
		{"GET", mediaURL + "77.m4s", ""},
		{"HEAD", mediaURL + "77.m4s", ""},
		{"GET", mediaURL + "index.m3u8?_HLS_msn=99", ""},
		{"GET", "/hls/", ""},
	} {
		head := test.method + " " + test.path + " HTTP/1.1\r\nHost: example.com\r\n" + test.fields + "\r\n"
		if _, err := io.WriteString(c, head); err != nil {
			t.Fatal(err)
		}
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.ReadResponse(answers, request)
		if err != nil {
			t.Fatalf("%s %s: %v", test.method, test.path, err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatalf("%s %s: %v", test.method, test.path, err)
		}
		want := do(h, test.method, test.path, pairs(request.Header)...)
		if !express.Load() {
			t.Errorf("%s %s was left to net/http", test.method, test.path)
		}
		if got.Header.Get("Date") == "" {
			t.Errorf("%s %s: no date", test.method, test.path)
		}
		got.Header.Del("Date")
		if got.StatusCode != want.Code || !reflect.DeepEqual(got.Header, want.Header()) || !bytes.Equal(body, want.Body.Bytes()) {
			t.Errorf("%s %s: %s %v, %d bytes; want %d %v, %d bytes", test.method, test.path,
				got.Status, got.Header, len(body), want.Code, want.Header(), want.Body.Len())
		}
	}
}

func pairs(h http.Header) (list []string) {
	for name, values := range h {
		list = append(list, name, values[0])
	}
	return list
}

// What is not plain is net/http's, with all that the lane has read of it.
func TestUnusualRequestsAreLeftToNetHTTP(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	const get = "GET " + mediaURL + "0.0.m4s HTTP/1.1\r\nHost: x\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"another path":        {line("/nothing"), 404},
		"an escaped path":     {line(mediaURL + "%30.0.m4s"), 200},
		"preflight":           {"OPTIONS " + mediaURL + "0.m4s HTTP/1.1\r\nHost: x\r\n\r\n", 204},
		"a body":              {get + "Content-Length: 1\r\n\r\nx", 200},
		"an old version":      {"GET " + mediaURL + "0.0.m4s HTTP/1.0\r\n\r\n", 200},
		"to be closed":        {get + "Connection: close\r\n\r\n", 200},
		"no host":             {"GET " + mediaURL + "0.0.m4s HTTP/1.1\r\n\r\n", 400},
		"no HTTP":             {"hello\r\n\r\n", 400},
		"too long":            {line(mediaURL + strings.Repeat("x", 64<<10)), 431},
		"an unusual field":    {get + "X_Y: z\r\n\r\n", 200},
		"two hosts":           {get + "Host: y\r\n\r\n", 400},
		"bare line feeds":     {"GET " + mediaURL + "0.0.m4s HTTP/1.1\nHost: x\n\n", 200},
		"a bare empty line":   {get + "\n", 200},
		"a bare field":        {get + "A: b\n\r\n", 200},
		"a field in two rows": {get + "A: b\r\n c\r\n\r\n", 200},
	} {
		t.Run(name, func(t *testing.T) {
			c1 := dialOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if first := r.Header.Get("X-First") != ""; first != byLane(w) {
					t.Errorf("%s %s: by a lane %v", r.Method, r.URL, byLane(w))
				}
				h.ServeHTTP(w, r)
			}))
			go func() { _, _ = io.WriteString(c1, get+"X-First: yes\r\n\r\n"+c.request) }()
			answers := bufio.NewReader(c1)
			for _, want := range []int{http.StatusOK, c.status} {
				r, err := http.ReadResponse(answers, nil)
				if err != nil {
					t.Fatal(err)
				}
				// The end of what is too long is never read, which resets the connection.
				if _, err := io.Copy(io.Discard, r.Body); err != nil && want != http.StatusRequestHeaderFieldsTooLarge {
					t.Error(err)
				}
				if r.StatusCode != want {
					t.Errorf("status %d, want %d", r.StatusCode, want)
				}
			}
		})
	}
}

// A head may come in pieces, and several at once.
func TestLanesTakeHeadsAsTheyCome(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	c := dialOrigin(t, newTestHandler(t, b))
	answers := bufio.NewReader(c)
	one := line(mediaURL + "0.0.m4s")
	expect := func(n int) {
		t.Helper()
		for range n {
			r, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != http.StatusOK || n == 0 {
				t.Fatalf("%s, %d bytes, %v", r.Status, n, err)
			}
		}
	}
	for i := range len(one) {
		if _, err := io.WriteString(c, one[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	expect(1)
	if _, err := io.WriteString(c, one+one+one+one[:20]); err != nil {
		t.Fatal(err)
	}
	expect(3)
	if _, err := io.WriteString(c, one[20:]); err != nil {
		t.Fatal(err)
	}
	expect(1)
	padded := strings.Replace(one, "\r\n\r\n", "\r\nX-Pad: "+strings.Repeat("x", 8<<10)+"\r\n\r\n", 1)
	if _, err := io.WriteString(c, padded+one); err != nil {
		t.Fatal(err)
	}
	expect(2)
}

// A handler that fails in the middle, or tells a wrong length, costs its own
// connection, so that no viewer takes one answer's bytes for another's.
func TestBrokenAnswersEndTheConnection(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"panic": func(http.ResponseWriter, *http.Request) { panic("for the test") },
		"too short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = w.Write([]byte("1234"))
		},
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3")
			_, _ = w.Write([]byte("1234"))
		},
		"no length": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("1234")) },
		"no answer": func(http.ResponseWriter, *http.Request) {},
		"abort":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"to be ended": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialOrigin(t, h)
			if _, err := io.WriteString(c, line(mediaURL+"0.0.m4s")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(c); err != nil { // up to the end of the connection
				t.Error(err)
			}
		})
	}
}

// TestFilesAreSentByLanes: segments that lie on disk come as files.
func TestFilesAreSentByLanes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "segment")
	text := bytes.Repeat([]byte("0123456789"), 50_000)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c := dialOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		w.WriteHeader(http.StatusOK)
		if n, err := io.CopyN(w, f, int64(len(text))); err != nil || n != int64(len(text)) {
			t.Errorf("sent %d bytes, %v", n, err)
		}
	}))
	answers := bufio.NewReader(c)
	for range 2 {
		if _, err := io.WriteString(c, line(mediaURL+"0.m4s")); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

// FuzzHead holds what a lane takes for a plain request to net/http's reading of it.
func FuzzHead(f *testing.F) {
	for _, seed := range []string{
		line(mediaURL + "0.0.m4s"), line("/v/abc" + mediaURL + "index.m3u8?_HLS_msn=1&_HLS_part=2"),
		"GET /hls/a/b/c HTTP/1.1\r\nHost: x:8080\r\nAccept-Encoding: gzip, deflate\r\nRange: bytes=1-2\r\nConnection: keep-alive\r\n\r\n",
		"HEAD /hls/a?b?c HTTP/1.1\r\nhost: [::1]:80\r\nA:\r\nA: b \r\n\r\n", "GET /hls/ HTTP/1.1\r\n\r\n\r\n",
		"GET /hls/a HTTP/1.1\r\nHost: x\r\nA: b\r\n\n", "GET /hls/a HTTP/1.1\nHost: x\n\n", "GET /hls/a HTTP/1.1\r\nHost: x\n\r\nA: b\r\n\r\n",
	} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		h := head{known: newKnownFields()} // the second may be told by the fields of the first
		for _, b := range [][]byte{first, second} {
			if end := headEnd(b); end == 0 || !h.parse(b[:end]) {
				continue
			}
			want, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
			if err != nil {
				t.Fatalf("%q: net/http refuses it: %v", b, err)
			}
			got := h.request(new(http.Request), "")
			if got.Method != want.Method || got.URL.Path != want.URL.Path || got.URL.RawQuery != want.URL.RawQuery ||
				got.RequestURI != want.RequestURI || got.Host != want.Host || !reflect.DeepEqual(got.Header, want.Header) ||
				want.ContentLength != 0 || want.Close || len(want.TransferEncoding) > 0 {
				t.Errorf("%q: %+v, net/http has %+v", b, got, want)
			}
		}
	})
}
