package playback

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// driver is a viewer who speaks HTTP/2 by hand: what it sends need not make sense.
type driver struct {
	t *testing.T
	*tls.Conn
	framer *http2.Framer
	block  bytes.Buffer
	pack   *hpack.Encoder
}

// drive connects and greets; settings are the viewer's.
func drive(t *testing.T, addr string, settings ...http2.Setting) *driver {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	d := &driver{t: t, Conn: c, framer: http2.NewFramer(c, c)}
	d.pack = hpack.NewEncoder(&d.block)
	d.framer.AllowIllegalWrites = true
	d.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	d.must(d.framer.WriteSettings(settings...))
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return d
}

func (d *driver) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// fields is a header block of pairs.
func (d *driver) fields(pairs ...string) []byte {
	d.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		d.must(d.pack.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
	}
	return bytes.Clone(d.block.Bytes())
}

// ask opens a stream; body says that one follows.
func (d *driver) ask(stream uint32, method, path string, body bool, more ...string) {
	d.t.Helper()
	pairs := append([]string{":method", method, ":scheme", "https", ":authority", "media.example", ":path", path}, more...)
	d.must(d.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: d.fields(pairs...), EndStream: !body, EndHeaders: true,
	}))
}

// next is the next frame that is neither of settings nor of the connection's window.
func (d *driver) next() http2.Frame {
	d.t.Helper()
	for {
		f, err := d.framer.ReadFrame()
		if err != nil {
			d.t.Fatal(err)
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				d.must(d.framer.WriteSettingsAck())
			}
		case *http2.WindowUpdateFrame:
		default:
			return f
		}
	}
}

// status reads an answer's header.
func (d *driver) status(stream uint32) string {
	d.t.Helper()
	f := d.next()
	h, ok := f.(*http2.MetaHeadersFrame)
	if !ok || h.StreamID != stream {
		d.t.Fatalf("%v instead of the header of stream %d", f, stream)
	}
	return h.PseudoValue("status")
}

// body reads the rest of an answer.
func (d *driver) body(stream uint32) (size int) {
	d.t.Helper()
	for {
		f := d.next()
		data, ok := f.(*http2.DataFrame)
		if !ok || data.StreamID != stream {
			d.t.Fatalf("%v instead of data of stream %d", f, stream)
		}
		size += len(data.Data())
		if data.StreamEnded() {
			return size
		}
	}
}

// reset reads the end of a stream.
func (d *driver) reset(stream uint32) http2.ErrCode {
	d.t.Helper()
	f := d.next()
	r, ok := f.(*http2.RSTStreamFrame)
	if !ok || r.StreamID != stream {
		d.t.Fatalf("%v instead of a reset of stream %d", f, stream)
	}
	return r.ErrCode
}

// greeted waits until the server has taken up the connection: one that it has only accepted is
// ended without a word.
func (d *driver) greeted() {
	d.t.Helper()
	d.must(d.framer.WritePing(false, [8]byte{}))
	d.next()
}

// ended reads until the connection's end, and says why the server has ended it.
func (d *driver) ended() (code http2.ErrCode, last uint32) {
	d.t.Helper()
	for {
		f, err := d.framer.ReadFrame()
		if err != nil {
			d.t.Fatalf("no GOAWAY: %v", err)
		}
		if f, ok := f.(*http2.GoAwayFrame); ok {
			return f.ErrCode, f.LastStreamID
		}
	}
}

// TestRoadsAnswerAsNetHTTPDoes asks by Go's client, whose answers are held to the
// handler's own.
func TestRoadsAnswerAsNetHTTPDoes(t *testing.T) {
	b := newBroadcast(t)
	b.send(75)
	h := newTestHandler(t, b)
	s := startSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(*exchange); !ok || r.TLS == nil || r.TLS.Version != tls.VersionTLS13 || r.Proto != "HTTP/2.0" {
			t.Errorf("%s by a %T, %v, %s", r.URL, w, r.TLS, r.Proto)
		}
		h.ServeHTTP(w, r)
	}))
	client := s.client(t, func(tr *http.Transport) { tr.DisableCompression = true })
	for _, test := range []struct {
		method, path string
		fields       []string
	}{
		{"GET", mediaURL + "index.m3u8", nil},
		{"GET", mediaURL + "index.m3u8?_HLS_msn=1", []string{"Accept-Encoding", "gzip, deflate"}},
		{"GET", mediaURL + "index.m3u8", []string{"Cookie", "a=b; c=d"}},
		{"GET", mediaURL + "0.m4s", nil},
		{"HEAD", mediaURL + "0.m4s", nil},
		{"GET", mediaURL + "0.m4s", []string{"Range", "bytes=100-199"}},
		{"GET", mediaURL + "0.m4s", []string{"Range", "bytes=99999999-"}},
		{"GET", mediaURL + "%30.0.m4s", nil},
		{"GET", mediaURL + "77.m4s", nil},
		{"HEAD", mediaURL + "77.m4s", nil},
		{"OPTIONS", mediaURL + "0.m4s", nil},
		{"DELETE", mediaURL + "0.m4s", nil},
		{"BREW", mediaURL + "0.m4s", nil},
		{"GET", "/", nil},
		{"GET", "//x", nil},
	} {
		r, err := http.NewRequest(test.method, "https://"+s.addr+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "example.com"
		for i := 0; i < len(test.fields); i += 2 {
			r.Header.Set(test.fields[i], test.fields[i+1])
		}
		got, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s %s: %v", test.method, test.path, err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatalf("%s %s: %v", test.method, test.path, err)
		}
		_ = got.Body.Close()
		want := do(h, test.method, test.path, test.fields...)
		if got.Header.Get("Date") == "" {
			t.Errorf("%s %s: no date", test.method, test.path)
		}
		got.Header.Del("Date")
		text := strings.Replace(want.Body.String(), `"http://`, `"https://`, 1) // in what tells of an error
		want.Header().Set("Content-Length", got.Header.Get("Content-Length"))
		if want.Header().Get("Content-Length") == "" {
			want.Header().Del("Content-Length")
		}
		if got.StatusCode != want.Code || !reflect.DeepEqual(got.Header, want.Header()) || test.method != "HEAD" && string(body) != text {
			t.Errorf("%s %s: %s %v, %d bytes; want %d %v, %d bytes", test.method, test.path,
				got.Status, got.Header, len(body), want.Code, want.Header(), len(text))
		}
	}
}

// A handler may write as it likes.
func TestRoadsTakeAnyHandler(t *testing.T) {
	s := startSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pieces":
			for range 3 {
				_, _ = io.WriteString(w, "<p>piece")
				_ = http.NewResponseController(w).Flush()
			}
		case "/none":
		case "/connection":
			w.Header().Set("Connection", "close")
			w.Header().Set("X-Custom", "a\r\nb")
			w.WriteHeader(http.StatusTeapot)
		case "/short":
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "short")
		case "/panic":
			panic("as it is meant to")
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/large":
			http.ServeContent(w, r, "large.bin", time.Time{}, bytes.NewReader(make([]byte, 1<<20)))
		}
	}))
	client := s.client(t, nil)
	if r, text := fetch(t, client, "https://"+s.addr+"/pieces"); text != "<p>piece<p>piece<p>piece" || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("pieces: %v %q", r.Header, text)
	}
	if r, text := fetch(t, client, "https://"+s.addr+"/none"); r.StatusCode != http.StatusOK || text != "" {
		t.Errorf("none: %s %q", r.Status, text)
	}
	if r, _ := fetch(t, client, "https://"+s.addr+"/connection"); r.StatusCode != http.StatusTeapot || r.Header["Connection"] != nil || r.Header.Get("X-Custom") != "a  b" {
		t.Errorf("connection: %s %v", r.Status, r.Header)
	}
	if r, text := fetch(t, client, "https://"+s.addr+"/large"); len(text) != 1<<20 || r.ContentLength != 1<<20 {
		t.Errorf("large: %s, %d bytes", r.Status, len(text))
	}
	d := drive(t, s.addr)
	for i, path := range []string{"/panic", "/abort", "/short"} {
		stream := uint32(2*i + 1)
		d.ask(stream, "GET", path, false)
		f := d.next()
		for {
			if _, ok := f.(*http2.RSTStreamFrame); ok {
				break
			}
			f = d.next()
		}
		if r := f.(*http2.RSTStreamFrame); r.StreamID != stream || r.ErrCode != http2.ErrCodeInternal {
			t.Errorf("%s: %v", path, f)
		}
	}
	d.ask(7, "GET", "/none", false)
	if status := d.status(7); status != "200" {
		t.Errorf("afterwards: %s", status)
	}
}

// TestBodiesAreThrownAway: nobody reads one, and none is waited for.
func TestBodiesAreThrownAway(t *testing.T) {
	s := startSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method)
	}))
	client := s.client(t, nil)
	for range 3 { // the connection goes on
		for _, size := range []int{1, 5 << 10, 1 << 20} {
			r, err := client.Post("https://"+s.addr+"/", "text/plain", bytes.NewReader(make([]byte, size)))
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(r.Body); err != nil || string(text) != "POST" {
				t.Errorf("%d bytes: %q, %v", size, text, err)
			}
			_ = r.Body.Close()
		}
	}
	d := drive(t, s.addr)
	d.ask(1, "POST", "/", true)
	if status, size := d.status(1), d.body(1); status != "200" || size != 4 {
		t.Errorf("before its body: %s, %d bytes", status, size)
	}
	d.must(d.framer.WriteData(1, false, make([]byte, bodyWindow/2)))
	d.must(d.framer.WriteData(1, false, make([]byte, 1)))
	if code := d.reset(1); code != http2.ErrCodeNo {
		t.Errorf("a body that does not end: %v", code)
	}
	d.ask(3, "POST", "/", true)
	d.must(d.framer.WriteDataPadded(3, false, []byte("body"), make([]byte, 200)))
	d.must(d.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: d.fields("x-sum", "1"), EndStream: true, EndHeaders: true}))
	if status, size := d.status(3), d.body(3); status != "200" || size != 4 {
		t.Errorf("with trailers: %s, %d bytes", status, size)
	}
}

// The window decides how much is sent, whenever it changes.
func TestViewersWindowIsKept(t *testing.T) {
	s := startSecure(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, 100))
	}))
	d := drive(t, s.addr, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 30})
	expect := func(size int) {
		t.Helper()
		f, ok := d.next().(*http2.DataFrame)
		if !ok || len(f.Data()) != size {
			t.Errorf("%v, not %d bytes", f, size)
		}
	}
	d.ask(1, "GET", "/", false)
	d.status(1)
	expect(30)
	d.must(d.framer.WriteWindowUpdate(1, 10))
	expect(10)
	d.must(d.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10})) // 20 less than nothing
	d.must(d.framer.WriteWindowUpdate(1, 20))
	d.must(d.framer.WriteWindowUpdate(1, 1))
	expect(1)
	d.must(d.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000}))
	expect(59)
}
