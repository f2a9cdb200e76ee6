package playback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ladderd/packager"
	"ladderd/testassets/await"
)

// All ways out count alike: lanes with and without TLS, HTTP/2, net/http, from memory and from
// disk.
func TestDeliveriesAreCounted(t *testing.T) {
	for from, b := range map[string]*broadcast{"memory": newBroadcast(t), "disk": spilled(t)} {
		if b.frames == 0 {
			b.send(75)
		}
		for way, open := range ways {
			t.Run(from+" "+way, func(t *testing.T) {
				h := newTestHandler(t, b)
				client, base := open(t, h)
				get := func(method, path, span string) int64 { return ask(t, client, method, base+path, span) }
				size := get("GET", mediaURL+"1.m4s", "")
				get("HEAD", mediaURL+"1.m4s", "")
				get("GET", mediaURL+"1.m4s", "bytes=0-999")
				get("GET", mediaURL+"1.m4s", "bytes=999999999-")
				init := get("GET", mediaURL+"init0.mp4", "")
				get("GET", mediaURL+"index.m3u8", "")
				get("GET", mediaURL+"77.m4s", "")
				bytes, media := size+1000+init, time.Second+time.Duration(1e9*1000/float64(size))
				counted(t, h, Delivered{"studioA", bytes, media})
				part := get("GET", mediaURL+"1.1.m4s", "")
				counted(t, h, Delivered{"studioA", bytes + part, media + time.Second/3})
			})
		}
	}
}

// counted waits for a count: the last answer's comes after its last byte.
func counted(t *testing.T, h *Handler, want Delivered) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []Delivered
	err := await.Until(ctx, "the count", nil, func() (bool, error) {
		got = h.Delivered()
		off := time.Duration(0)
		if len(got) == 1 {
			off = got[0].Media - want.Media
		}
		return len(got) == 1 && got[0].Channel == want.Channel && got[0].Bytes == want.Bytes && off.Abs() < 20*time.Microsecond, nil
	})
	if err != nil {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// ways are how viewers may ask: each is a server of the handler, its client, and what comes before a path.
var ways = map[string]func(*testing.T, *Handler) (*http.Client, string){
	"lane": func(t *testing.T, h *Handler) (*http.Client, string) {
		s := NewServer(h, Options{Log: slog.New(slog.DiscardHandler)})
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(ln) }()
		transport := &http.Transport{}
		t.Cleanup(func() {
			transport.CloseIdleConnections()
			if err := errors.Join(s.Shutdown(context.Background()), <-served); err != nil {
				t.Error(err)
			}
		})
		return &http.Client{Transport: transport}, "http://" + ln.Addr().String()
	},
	"lane by TLS": func(t *testing.T, h *Handler) (*http.Client, string) {
		s := startSecure(t, h)
		return s.client(t, func(tr *http.Transport) { tr.ForceAttemptHTTP2, tr.TLSNextProto = false, noHTTP2 }), "https://" + s.addr
	},
	"HTTP/2": func(t *testing.T, h *Handler) (*http.Client, string) {
		s := startSecure(t, h)
		return s.client(t, nil), "https://" + s.addr
	},
	"net/http": func(t *testing.T, h *Handler) (*http.Client, string) {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.Client(), s.URL
	},
}

// ask returns how many bytes came.
func ask(t *testing.T, c *http.Client, method, url, span string) int64 {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if span != "" {
		r.Header.Set("Range", span)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err != nil {
		t.Error(err)
	}
	return n
}

// fading is a Live whose stream goes away.
type fading struct {
	*broadcast
	gone bool
}

func (f *fading) Stream(id string) (*packager.Stream, error) {
	if f.gone {
		return nil, ErrNoStream
	}
	return f.broadcast.Stream(id)
}

// What a channel's streams were sent stays counted when they have gone; a channel that is
// quiet for long is forgotten, and begins anew.
func TestDeliveriesAreForgotten(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	live := &fading{broadcast: b}
	h := newTestHandler(t, live)
	size := int64(get(h, mediaURL+"0.m4s").Body.Len())
	streams := func() (n int) {
		h.sent.streams.Range(func(any, any) bool { n++; return true })
		return n
	}
	late := func(d time.Duration) []Delivered { return h.sent.all(live, time.Now().Add(d)) }
	if got := late(2 * forgetChannel); len(got) != 1 || got[0].Bytes != size || streams() != 1 {
		t.Errorf("while there is a stream: %+v of %d", got, streams())
	}
	live.gone = true
	if late(0); streams() != 1 {
		t.Error("forgotten while answers may be on their way")
	}
	if got := late(forgetStream + time.Second); len(got) != 1 || got[0].Bytes != size || streams() != 0 {
		t.Errorf("after the stream: %+v of %d", got, streams())
	}
	if got := late(forgetChannel + time.Second); len(got) != 0 {
		t.Errorf("after an hour: %+v", got)
	}
}

// An answer that breaks off counts by what has gone, and as no media.
func TestBrokenDeliveries(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	h.ServeHTTP(&brokenWriter{header: http.Header{}}, httptest.NewRequest("GET", mediaURL+"0.m4s", nil))
	if got := h.Delivered(); len(got) != 1 || got[0].Bytes == 0 || got[0].Media != 0 {
		t.Errorf("%+v", got)
	}
}

// brokenWriter takes one piece.
type brokenWriter struct {
	header http.Header
	wrote  bool
}

func (w *brokenWriter) Header() http.Header { return w.header }
func (w *brokenWriter) WriteHeader(int)     {}
func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.wrote {
		return 0, errors.New("broken")
	}
	w.wrote = true
	return len(p), nil
}

// BenchmarkDeliveries is what counting adds to each answer, while all cores do so.
func BenchmarkDeliveries(b *testing.B) {
	live := newBroadcast(b)
	d, res := newDeliveries(), packager.Resource{Size: 100_000, Duration: time.Second / 3}
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			d.of(streamID, live).add(res.Size, res.Size, res)
		}
	})
}
