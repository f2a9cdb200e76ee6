package playback

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ladderd/packager"
	"ladderd/testassets/await"
	"ladderd/testassets/nginx"
	"ladderd/testassets/pki"
)

// edge is a real nginx with configs/nginx-edge.conf before a server of ours.
type edge struct {
	url    string
	status string // URL of nginx's own figures
	client *http.Client

	mu    sync.Mutex
	asked []string // what reached our server, without sessions
}

func startEdge(t *testing.T, h http.Handler) *edge {
	t.Helper()
	e := new(edge)
	origin := startOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.asked = append(e.asked, withoutSession.ReplaceAllString(r.RequestURI, ""))
		e.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	dir := t.TempDir()
	cert, key, err := pki.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	front, status := freePort(t), freePort(t)
	e.url, e.status = "https://"+front, "http://"+status
	e.client = (&secure{cert: cert}).client(t, func(tr *http.Transport) {
		tr.ForceAttemptHTTP2, tr.TLSNextProto = false, noHTTP2 // nginx counts requests of HTTP/1.1 one by one
		tr.DisableCompression = true
	})
	conf := edgeConfig(t, map[string]string{
		"server 127.0.0.1:8080;": "server " + origin + ";", "listen 8443 ssl http2;": "listen " + front + " ssl http2;",
		"/etc/ladderd/tls.crt": cert, "/etc/ladderd/tls.key": key, "/var/cache/nginx/ladderd": dir + "/cache",
	})
	text := fmt.Sprintf("worker_processes 2;\nevents {}\nhttp {\n%s\tserver { listen %s; location / { stub_status; } }\n%s}\n",
		nginx.TempPaths(dir), status, conf)
	server, err := nginx.Start(t.Context(), dir, text, status)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("nginx:\n%s", server.Output())
		}
	})
	return e
}

var withoutSession = regexp.MustCompile(`^/v/[^/]+`)

// edgeConfig is the packaged file with other addresses and paths.
func edgeConfig(t *testing.T, changes map[string]string) string {
	t.Helper()
	text, err := os.ReadFile("../configs/nginx-edge.conf")
	if err != nil {
		t.Fatal(err)
	}
	conf := string(text)
	for old, changed := range changes {
		if !strings.Contains(conf, old) {
			t.Fatalf("configs/nginx-edge.conf has no %q", old)
		}
		conf = strings.ReplaceAll(conf, old, changed)
	}
	return conf
}

func startOrigin(t testing.TB, h http.Handler) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(h, Options{Log: slog.New(slog.DiscardHandler)})
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		_ = s.Shutdown(t.Context()) // which is over: nginx's idle connections are cut off
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

var writingNow = regexp.MustCompile(`Writing: (\d+)`)

// writing is how many requests nginx has taken and not answered, the one for this
// figure included.
func (e *edge) writing() int {
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(e.status)
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	found := writingNow.FindSubmatch(text)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(found[1]))
	return n
}

// requests are how often a URL reached our server.
func (e *edge) requests(url string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, asked := range e.asked {
		if asked == url {
			n++
		}
	}
	return n
}

// answer is what a viewer behind the edge was given.
type answer struct {
	status int
	cache  string
	header http.Header
	body   string
}

func (e *edge) get(t *testing.T, path string, header ...string) answer {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.url+path, nil)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := e.client.Do(r)
	if err != nil {
		t.Error(err)
		return answer{}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("X-Cache"), resp.Header, string(body)}
}

// all asks for one path below the stream as many viewers at once, each with a
// session of its own. It returns once nginx has all of their requests.
func (e *edge) all(t *testing.T, sessions []string, url string) (answers []answer, wait func()) {
	t.Helper()
	answers = make([]answer, len(sessions))
	var viewers sync.WaitGroup
	for i, session := range sessions {
		viewers.Go(func() { answers[i] = e.get(t, "/v/"+session+url) })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := await.Until(ctx, "all requests", nil, func() (bool, error) {
		return e.writing() > len(sessions) && e.requests(url) > 0, nil
	}); err != nil {
		t.Error(err)
	}
	return answers, viewers.Wait
}

// late is a part that does not come in time.
const late = "/5.5.m4s"

func TestNginxBeforeUs(t *testing.T) {
	b := newBroadcast(t)
	b.send(45) // segment 1 has its first part
	h := newTestHandler(t, b)
	e := startEdge(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, late) {
			allowOrigins(w.Header())
			h.fail(w, r, packager.ErrUnmet)
			return
		}
		h.ServeHTTP(w, r)
	}))
	var sessions []string
	for range 20 {
		found := sessionInPath.FindStringSubmatch(e.get(t, channelURL).body)
		if found == nil {
			t.Fatal("no session by way of nginx")
		}
		sessions = append(sessions, found[1])
	}
	if sessions[0] == sessions[1] {
		t.Error("nginx has cached the multivariant playlist")
	}

	t.Run("many who wait are one request", func(t *testing.T) {
		for _, c := range []struct{ url, holds string }{
			{mediaURL + "index.m3u8?_HLS_msn=1&_HLS_part=1", "1.1.m4s"},
			{mediaURL + "1.2.m4s", "moof"}, // the hinted part
		} {
			answers, wait := e.all(t, sessions, c.url)
			b.send(10)
			wait()
			for _, a := range answers {
				if a.status != http.StatusOK || !strings.Contains(a.body, c.holds) || a.body != answers[0].body {
					t.Errorf("%s: status %d, %d bytes", c.url, a.status, len(a.body))
				}
			}
			if n := e.requests(c.url); n != 1 {
				t.Errorf("%s reached the server %d times", c.url, n)
			}
		}
	})
	t.Run("media is everyone's", func(t *testing.T) {
		whole := e.get(t, "/v/"+sessions[0]+mediaURL+"0.m4s")
		again := e.get(t, "/v/"+sessions[1]+mediaURL+"0.m4s?player=x")
		some := e.get(t, mediaURL+"0.m4s", "Range", "bytes=100-199")
		if whole.cache != "MISS" || again.cache != "HIT" || again.body != whole.body || some.cache != "HIT" {
			t.Errorf("first %s, then %s and %s", whole.cache, again.cache, some.cache)
		}
		if some.status != http.StatusPartialContent || some.body != whole.body[100:200] {
			t.Errorf("range: status %d, %d bytes", some.status, len(some.body))
		}
		for what, a := range map[string]answer{"first": whole, "cached": again, "range": some} {
			expectHeader(t, what, a.header, "Access-Control-Allow-Origin", "*")
			expectHeader(t, what, a.header, "Cache-Control", mediaCaching)
			expectHeader(t, what, a.header, "Content-Type", "video/mp4")
		}
	})
	t.Run("playlists stay compressed", func(t *testing.T) {
		url := mediaURL + "index.m3u8?_HLS_msn=0"
		plain := e.get(t, url)
		for _, want := range []string{"MISS", "HIT"} {
			a := e.get(t, url, "Accept-Encoding", "deflate, gzip, br")
			z, err := gzip.NewReader(strings.NewReader(a.body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil || string(text) != plain.body || a.cache != want {
				t.Errorf("%s, want %s: %d bytes, %v", a.cache, want, len(text), err)
			}
		}
	})
	t.Run("what changes or fails is not cached", func(t *testing.T) {
		for url, status := range map[string]int{
			mediaURL + "index.m3u8": 200, mediaURL + "77.m4s": 404, mediaURL + late[1:]: 503, mediaURL + "index.m3u8?_HLS_msn=99": 400,
			"/v/made-up" + mediaURL + "index.m3u8?_HLS_msn=1": 404, channelURL: 200,
		} {
			before := e.requests(withoutSession.ReplaceAllString(url, ""))
			for range 2 {
				a := e.get(t, url)
				if a.status != status || a.cache == "HIT" {
					t.Errorf("%s: status %d, want %d; cache %s", url, a.status, status, a.cache)
				}
				expectHeader(t, url, a.header, "Access-Control-Allow-Origin", "*")
			}
			if n := e.requests(withoutSession.ReplaceAllString(url, "")) - before; n != 2 {
				t.Errorf("%s reached the server %d times", url, n)
			}
		}
	})
	t.Run("no query is kept under another's key", func(t *testing.T) {
		expectNoPoison(t, e)
	})
	// The price of one entry for all: what is cached is not asked of ladderd, which
	// would turn this viewer away.
	t.Run("what is cached needs no genuine session", func(t *testing.T) {
		a := e.get(t, "/v/made-up"+mediaURL+"0.m4s")
		if a.status != http.StatusOK || a.cache != "HIT" {
			t.Errorf("status %d, cache %s", a.status, a.cache)
		}
		if a := e.get(t, "/v/made-up"+mediaURL+"0.0.m4s"); a.status != http.StatusNotFound {
			t.Errorf("not cached: status %d, cache %s", a.status, a.cache)
		}
	})
	t.Run("the end", func(t *testing.T) {
		b.stream.End()
		a := e.get(t, mediaURL+"index.m3u8?_HLS_msn=2")
		if a.status != http.StatusOK || !strings.Contains(a.body, "#EXT-X-ENDLIST") {
			t.Errorf("status %d:\n%s", a.status, a.body)
		}
	})
}

// expectNoPoison asks for playlists in ways that nginx and ladderd could read
// differently. What goes through is the key's, or is not cached; and who waits for
// segment 99 is never given what somebody had put there.
func expectNoPoison(t *testing.T, e *edge) {
	const playlist = mediaURL + "index.m3u8"
	for query, c := range map[string]struct {
		passed string // what ladderd is asked
		cached bool   // under that
	}{
		"_hls_msn=99&_HLS_msn=0":               {"_HLS_msn=0", true},
		"_HLS_msn=0&_HLS_msn=99":               {"_HLS_msn=0", true},
		"_HLS_msn=0&_hls_part=99":              {"_HLS_msn=0", true},
		"_HLS_skip=YES&x=%26&_HLS_msn=0":       {"_HLS_msn=0&_HLS_skip=YES", true},
		"CMCD=a%3D1&_HLS_part=0&_HLS_msn=0":    {"_HLS_msn=0&_HLS_part=0", true},
		"_HLS%5Fmsn=0&_HLS_msn=99":             {"_HLS%5Fmsn=0&_HLS_msn=99", false},
		"_HLS_msn=0&_HLS_%70art=0":             {"_HLS_msn=0&_HLS_%70art=0", false},
		"%5fHLS_msn=0&_HLS_msn=99":             {"%5fHLS_msn=0&_HLS_msn=99", false},
		"_HLS_msn=0&_HLS_skip=no&_HLS_msn=99":  {"_HLS_msn=0&_HLS_skip=no&_HLS_msn=99", false},
		"_HLS_msn=%30&_HLS_msn=99":             {"_HLS_msn=%30&_HLS_msn=99", false},
		"_hls_msn=99":                          {"_hls_msn=99", false},
		"x=_HLS_msn=99":                        {"x=_HLS_msn=99", false},
		"_HLS_msn=0;_HLS_msn=99&_HLS_msn=0":    {"_HLS_msn=0;_HLS_msn=99&_HLS_msn=0", false},
		"_HLS_msn=99&_HLS%5Fskip=v2&_HLS_ms=1": {"_HLS_msn=99&_HLS%5Fskip=v2&_HLS_ms=1", false},
	} {
		before := e.requests(playlist + "?" + c.passed)
		first, second := e.get(t, playlist+"?"+query), e.get(t, playlist+"?"+query)
		n := e.requests(playlist+"?"+c.passed) - before
		if c.cached && (second.cache != "HIT" || first.status != http.StatusOK) || !c.cached && (n != 2 || second.cache == "HIT") {
			t.Errorf("%s: %q reached the server %d times; status %d, cache %s", query, c.passed, n, first.status, second.cache)
		}
	}
	for _, path := range []string{playlist, mediaURL + "x/../index.m3u8", playlist + "%0A", mediaURL + "%69ndex.m3u8"} {
		if a := e.get(t, path+"?_HLS_msn=99"); a.status < 400 || a.cache == "HIT" {
			t.Errorf("%s for segment 99: status %d, cache %s", path, a.status, a.cache)
		}
	}
	// A path that only nginx makes plain is passed on as plain as the key has it.
	before := e.requests(mediaURL + "0.1.m4s")
	a := e.get(t, mediaURL+"1.m4s/../0%2e1.m4s?x=y")
	if b := e.get(t, mediaURL+"0.1.m4s"); a.status != http.StatusOK || b.cache != "HIT" || e.requests(mediaURL+"0.1.m4s")-before != 1 {
		t.Errorf("status %d, then cache %s", a.status, b.cache)
	}
}
