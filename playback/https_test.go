package playback

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ladderd/certificate"
	"ladderd/testassets/pki"
)

// secure is a server by HTTPS on a port of its own.
type secure struct {
	server *Server
	store  *certificate.Store
	cert   string // path
	key    string
	addr   string
}

func startSecure(t *testing.T, h http.Handler) *secure {
	t.Helper()
	s := new(secure)
	var err error
	if s.cert, s.key, err = pki.Write(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if s.store, err = certificate.Load(s.cert, s.key, log); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	s.server = NewServer(h, Options{Certificate: s.store.Certificate, Log: log})
	served := make(chan error, 1)
	go func() { served <- s.server.ServeTLS(ln) }()
	t.Cleanup(func() {
		_ = s.server.Shutdown(t.Context()) // which is over: what is still open is cut off
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s
}

// client trusts the server's certificate of now.
func (s *secure) client(t *testing.T, change func(*http.Transport)) *http.Client {
	t.Helper()
	text, err := os.ReadFile(s.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	if change != nil {
		change(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

func fetch(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(text)
}

func TestHTTPSByBothVersions(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	s := startSecure(t, h)
	for _, c := range []struct {
		proto  string
		change func(*http.Transport)
	}{
		{"HTTP/2.0", nil},
		{"HTTP/1.1", func(tr *http.Transport) { tr.ForceAttemptHTTP2 = false; tr.TLSNextProto = noHTTP2 }},
	} {
		client := s.client(t, c.change)
		r, text := fetch(t, client, "https://"+s.addr+channelURL)
		session := sessionInPath.FindStringSubmatch(text)
		if r.Proto != c.proto || r.StatusCode != http.StatusOK || session == nil {
			t.Errorf("%s: %s %s %s", c.proto, r.Proto, r.Status, text)
			continue
		}
		r, text = fetch(t, client, "https://"+s.addr+"/v/"+session[1]+mediaURL+"0.m4s")
		if want := get(h, mediaURL+"0.m4s").Body.String(); r.StatusCode != http.StatusOK || text != want {
			t.Errorf("%s: %s, %d bytes", c.proto, r.Status, len(text))
		}
		expectHeader(t, c.proto, r.Header, "Access-Control-Allow-Origin", "*")
		if _, text := fetch(t, client, "https://"+s.addr+mediaURL+"77.m4s"); !strings.Contains(text, `"https://`+s.addr) {
			t.Errorf("%s: the error's URL is not HTTPS: %s", c.proto, text)
		}
	}
}

// Both listeners are one server's.
func TestHTTP2BesidePlainHTTP(t *testing.T) {
	cert, key, err := pki.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	store, err := certificate.Load(cert, key, log)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(newTestHandler(t, (*broadcast)(nil)), Options{Certificate: store.Certificate, Log: log})
	served := make(chan error, 2)
	open := func(serve func(net.Listener) error) string {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { served <- serve(ln) }()
		return ln.Addr().String()
	}
	t.Cleanup(func() {
		_ = s.Shutdown(t.Context()) // which is over: what is still open is cut off
		for range 2 {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	})
	client := (&secure{cert: cert}).client(t, nil)
	fetch(t, client, "http://"+open(s.Serve)+"/") // so it runs
	if r, _ := fetch(t, client, "https://"+open(s.ServeTLS)+"/"); r.ProtoMajor != 2 {
		t.Errorf("%s by HTTPS", r.Proto)
	}
}

// By HTTP/1.1 a lane answers players behind TLS too, and hands over what is unusual;
// all of them know that they are behind it.
func TestLanesBehindTLS(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	var by atomic.Value
	s := startSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by.Store(fmt.Sprintf("%T", w))
		if r.TLS == nil || r.TLS.Version != tls.VersionTLS13 {
			t.Errorf("%s %s: %v", r.Method, r.URL, r.TLS)
		}
		h.ServeHTTP(w, r)
	}))
	c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	for _, test := range []struct{ method, path, by string }{
		{"GET", mediaURL + "0.m4s", "*playback.answerWriter"},
		{"GET", mediaURL + "index.m3u8", "*playback.answerWriter"},
		{"OPTIONS", mediaURL + "0.m4s", "*http.response"},
		{"GET", mediaURL + "0.m4s", "*http.response"},
	} {
		if _, err := io.WriteString(c, test.method+" "+test.path+" HTTP/1.1\r\nHost: example.com\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		got, err := http.ReadResponse(answers, &http.Request{Method: test.method})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		if want := do(h, test.method, test.path); got.StatusCode != want.Code || string(body) != want.Body.String() || by.Load() != test.by {
			t.Errorf("%s %s: %s, %d bytes by a %v", test.method, test.path, got.Status, len(body), by.Load())
		}
	}
}

// Who takes the port for the plain one is told.
func TestPlainRequestsToTLS(t *testing.T) {
	s := startSecure(t, http.NotFoundHandler())
	client := s.client(t, func(tr *http.Transport) { tr.DisableKeepAlives = true })
	if r, _ := fetch(t, client, "http://"+s.addr+"/"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("told %s", r.Status)
	}
}

// A viewer by HTTP/1.1 who leaves frees what waits for it, behind TLS too.
func TestViewerWhoLeavesTLSFreesItsWaiter(t *testing.T) {
	waits, freed := make(chan struct{}), make(chan error, 1)
	s := startSecure(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(waits)
		select {
		case <-r.Context().Done():
			freed <- nil
		case <-time.After(20 * time.Second):
			freed <- errors.New("not freed")
		}
	}))
	c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, line(mediaURL+"index.m3u8")); err != nil {
		t.Fatal(err)
	}
	<-waits
	_ = c.Close()
	if err := <-freed; err != nil {
		t.Error(err)
	}
}

var noHTTP2 = map[string]func(string, *tls.Conn) http.RoundTripper{}

func TestOldTLSIsRefused(t *testing.T) {
	s := startSecure(t, http.NotFoundHandler())
	for version, ok := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if (err == nil) != ok {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
}

// An open connection goes on with the certificate that it began with.
func TestNewCertificateDropsNobody(t *testing.T) {
	b := newBroadcast(t)
	b.send(45)
	s := startSecure(t, newTestHandler(t, b))
	client := s.client(t, nil)
	before, _ := fetch(t, client, "https://"+s.addr+mediaURL+"0.m4s")
	p, err := pki.New("renewed", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{s.cert: p.Cert, s.key: p.Key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.store.Reload(); err != nil {
		t.Fatal(err)
	}
	after, _ := fetch(t, client, "https://"+s.addr+mediaURL+"0.m4s")
	if a, b := before.TLS.PeerCertificates[0], after.TLS.PeerCertificates[0]; !a.Equal(b) {
		t.Error("the open connection was dropped")
	}
	renewed, _ := fetch(t, s.client(t, nil), "https://"+s.addr+mediaURL+"0.m4s")
	if name := renewed.TLS.PeerCertificates[0].Subject.CommonName; name != "renewed" {
		t.Errorf("a new connection was given the certificate of %q", name)
	}
}
