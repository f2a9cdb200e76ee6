package wire

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type getter interface {
	Get(t Target, keepBody bool, timeout time.Duration) (Reply, error)
	Close()
}

// clients are all ways to ask a server, each with a server of its own.
func clients(t *testing.T, h http.HandlerFunc, test func(t *testing.T, c getter, s *httptest.Server)) {
	insecure := &tls.Config{InsecureSkipVerify: true}
	for name, make := range map[string]func(s *httptest.Server) getter{
		"HTTP/1.1":     func(s *httptest.Server) getter { s.Start(); return NewConn(nil) },
		"HTTP/1.1 TLS": func(s *httptest.Server) getter { s.StartTLS(); return NewConn(insecure) },
		"HTTP/2":       func(s *httptest.Server) getter { s.EnableHTTP2 = true; s.StartTLS(); return NewShared(insecure) },
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(h)
			c := make(s)
			t.Cleanup(func() {
				c.Close()
				s.Close()
			})
			test(t, c, s)
		})
	}
}

func target(t *testing.T, s *httptest.Server, path string) Target {
	t.Helper()
	u, err := Parse(s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// answer is many kinds of answer, by path.
func answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		_, _ = w.Write([]byte(r.Proto + " " + r.URL.RawQuery + " " + r.Header.Get("Range")))
	case "/large":
		w.Header().Set("Content-Length", strconv.Itoa(20<<20))
		for range 20 {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	case "/chunks":
		for range 3 {
			_, _ = w.Write([]byte("chunk "))
			_ = http.NewResponseController(w).Flush()
		}
	case "/gzip":
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte("text"))
		_ = z.Close()
	case "/moved":
		http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
	case "/empty":
		w.WriteHeader(http.StatusNoContent)
	case "/hints":
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = w.Write([]byte("late"))
	default:
		http.Error(w, "no such page", http.StatusNotFound)
	}
}

func TestAnswers(t *testing.T) {
	clients(t, answer, func(t *testing.T, c getter, s *httptest.Server) {
		for range 2 { // on the same connection
			for _, q := range []struct {
				path   string
				status int
				body   string
			}{
				{"/chunks", 200, "chunk chunk chunk "}, {"/empty", 204, ""}, {"/hints", 200, "late"}, {"/nothing", 404, "no such page\n"},
			} {
				r, err := c.Get(target(t, s, q.path), true, time.Minute)
				if err != nil || r.Status != q.status || string(r.Body) != q.body || r.Size != int64(len(q.body)) {
					t.Errorf("%s: %d %q (%d bytes), %v", q.path, r.Status, r.Body, r.Size, err)
				}
				if r.First.IsZero() || r.Last.Before(r.First) {
					t.Errorf("%s: the first byte at %v, the last at %v", q.path, r.First, r.Last)
				}
			}
		}
	})
}

func TestRequestSaysWhatIsWanted(t *testing.T) {
	clients(t, answer, func(t *testing.T, c getter, s *httptest.Server) {
		at := target(t, s, "/echo?a=1").With("b=2")
		at.Range = "bytes=5-9"
		r, err := c.Get(at, true, time.Minute)
		if _, rest, _ := bytes.Cut(r.Body, []byte(" ")); err != nil || string(rest) != "a=1&b=2 bytes=5-9" {
			t.Errorf("%q, %v", r.Body, err)
		}
	})
}

func TestRedirectTellsWhereTo(t *testing.T) {
	clients(t, answer, func(t *testing.T, c getter, s *httptest.Server) {
		r, err := c.Get(target(t, s, "/moved"), true, time.Minute)
		if err != nil || r.Status != http.StatusTemporaryRedirect || r.Location != "/echo" {
			t.Errorf("%d to %q, %v", r.Status, r.Location, err)
		}
		if r, err = c.Get(target(t, s, "/echo"), true, time.Minute); err != nil || r.Location != "" {
			t.Errorf("no redirect: to %q, %v", r.Location, err)
		}
	})
}

func TestSharedAsksOriginsWithoutHTTP2(t *testing.T) {
	with := httptest.NewUnstartedServer(http.HandlerFunc(answer))
	with.EnableHTTP2 = true
	with.StartTLS()
	defer with.Close()
	without := httptest.NewTLSServer(http.HandlerFunc(answer))
	defer without.Close()
	plain := httptest.NewServer(http.HandlerFunc(answer))
	defer plain.Close()
	c := NewShared(&tls.Config{InsecureSkipVerify: true})
	defer c.Close()
	var asking sync.WaitGroup
	for range 8 {
		for s, want := range map[*httptest.Server]string{with: "HTTP/2.0", without: "HTTP/1.1", plain: "HTTP/1.1"} {
			asking.Go(func() {
				r, err := c.Get(target(t, s, "/echo"), true, time.Minute)
				if proto, _, _ := bytes.Cut(r.Body, []byte(" ")); err != nil || string(proto) != want {
					t.Errorf("%s where %s was expected: %v", proto, want, err)
				}
			})
		}
	}
	asking.Wait()
}

func TestLargeBodyIsThrownAway(t *testing.T) {
	clients(t, answer, func(t *testing.T, c getter, s *httptest.Server) {
		for range 2 {
			r, err := c.Get(target(t, s, "/large"), false, time.Minute)
			if err != nil || r.Size != 20<<20 || r.Body != nil {
				t.Errorf("%d bytes, %d of them kept, %v", r.Size, len(r.Body), err)
			}
		}
		if _, err := c.Get(target(t, s, "/large"), true, time.Minute); !errors.Is(err, errLarge) {
			t.Errorf("20 MiB were kept: %v", err)
		}
	})
}

func TestGzipIsLeftAsItIs(t *testing.T) {
	clients(t, answer, func(t *testing.T, c getter, s *httptest.Server) {
		r, err := c.Get(target(t, s, "/gzip"), true, time.Minute)
		if err != nil || !r.Gzip || !bytes.HasPrefix(r.Body, []byte{0x1f, 0x8b}) {
			t.Errorf("gzip %v, body %q, %v", r.Gzip, r.Body, err)
		}
	})
}

// hold answers when its channel is closed or the request is given up.
func hold(until chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/at-once" {
			return
		}
		select {
		case <-until:
		case <-r.Context().Done():
		}
	}
}

func TestTimeout(t *testing.T) {
	never := make(chan struct{})
	clients(t, hold(never), func(t *testing.T, c getter, s *httptest.Server) {
		_, err := c.Get(target(t, s, "/"), true, 10*time.Millisecond)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		if r, err := c.Get(target(t, s, "/at-once"), true, time.Minute); err != nil || r.Status != 200 {
			t.Errorf("the next request: %d, %v", r.Status, err)
		}
	})
}

func TestCloseEndsARequest(t *testing.T) {
	never := make(chan struct{})
	asked := make(chan struct{}, 1)
	clients(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		hold(never)(w, r)
	}, func(t *testing.T, c getter, s *httptest.Server) {
		var ended sync.WaitGroup
		ended.Go(func() {
			if _, err := c.Get(target(t, s, "/"), true, time.Minute); !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		})
		<-asked
		c.Close()
		ended.Wait()
		if _, err := c.Get(target(t, s, "/"), true, time.Minute); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestConnectionIsOpenedAgain(t *testing.T) {
	clients(t, answer, func(t *testing.T, c getter, s *httptest.Server) {
		for range 3 {
			if r, err := c.Get(target(t, s, "/echo"), true, time.Minute); err != nil || r.Status != 200 {
				t.Errorf("%d, %v", r.Status, err)
			}
			s.CloseClientConnections()
		}
	})
}

func TestSharedConnectionAnswersOutOfTurn(t *testing.T) {
	until := make(chan struct{})
	s := httptest.NewUnstartedServer(hold(until))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := NewShared(&tls.Config{InsecureSkipVerify: true})
	defer c.Close()
	var held sync.WaitGroup
	for range 20 {
		held.Go(func() {
			if r, err := c.Get(target(t, s, "/"), true, time.Minute); err != nil || r.Status != 200 {
				t.Errorf("held: %d, %v", r.Status, err)
			}
		})
	}
	if r, err := c.Get(target(t, s, "/at-once"), true, time.Minute); err != nil || r.Status != 200 {
		t.Errorf("at once: %d, %v", r.Status, err)
	}
	close(until)
	held.Wait()
}

func TestProtocolIsFoundOut(t *testing.T) {
	for _, want := range []bool{false, true} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(answer))
		s.EnableHTTP2 = want
		s.StartTLS()
		got, err := HasHTTP2(context.Background(), target(t, s, "/").Origin, &tls.Config{InsecureSkipVerify: true})
		if err != nil || got != want {
			t.Errorf("%v, %v where the server has HTTP/2: %v", got, err, want)
		}
		if _, err := HasHTTP2(context.Background(), target(t, s, "/").Origin, nil); err == nil {
			t.Error("a certificate that nobody signed was taken")
		}
		s.Close()
	}
}
