package playback

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"ladderd/certificate"
	"ladderd/testassets/pki"
)

// TestFloodsEndTheConnection sends what costs us and is of no use, for as long as the
// server takes it.
func TestFloodsEndTheConnection(t *testing.T) {
	s := startSecure(t, http.NotFoundHandler())
	for name, c := range map[string]struct {
		send func(d *driver, i int) error
		want http2.ErrCode
	}{
		"pings":             {func(d *driver, _ int) error { return d.framer.WritePing(false, [8]byte{}) }, http2.ErrCodeEnhanceYourCalm},
		"settings":          {func(d *driver, _ int) error { return d.framer.WriteSettings() }, http2.ErrCodeEnhanceYourCalm},
		"answered settings": {func(d *driver, _ int) error { return d.framer.WriteSettingsAck() }, http2.ErrCodeEnhanceYourCalm},
		"priorities": {func(d *driver, i int) error {
			return d.framer.WritePriority(uint32(2*i+1), http2.PriorityParam{})
		}, http2.ErrCodeEnhanceYourCalm},
		"little windows": {func(d *driver, _ int) error { return d.framer.WriteWindowUpdate(0, 1) }, http2.ErrCodeEnhanceYourCalm},
		"empty data": {func(d *driver, i int) error {
			if i == 0 {
				d.ask(1, "POST", "/", true)
			}
			return d.framer.WriteData(1, false, nil)
		}, http2.ErrCodeEnhanceYourCalm},
		"resets": {func(d *driver, i int) error {
			if i == 0 {
				d.ask(1, "GET", "/", false)
			}
			return d.framer.WriteRSTStream(1, http2.ErrCodeCancel)
		}, http2.ErrCodeEnhanceYourCalm},
		"malformed requests": {func(d *driver, i int) error {
			return d.framer.WriteHeaders(http2.HeadersFrameParam{
				StreamID: uint32(2*i + 1), BlockFragment: d.fields(":method", "GET"), EndStream: true, EndHeaders: true,
			})
		}, http2.ErrCodeEnhanceYourCalm},
		"empty continuations": {func(d *driver, i int) error {
			if i == 0 {
				return d.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: d.fields(":method", "GET")})
			}
			return d.framer.WriteContinuation(1, false, nil)
		}, http2.ErrCodeEnhanceYourCalm},
		"continuations": {func(d *driver, i int) error {
			if i == 0 {
				return d.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: d.fields(":method", "GET")})
			}
			return d.framer.WriteContinuation(1, false, d.fields("x-long", strings.Repeat("x", 8<<10)))
		}, http2.ErrCodeProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			d := drive(t, s.addr)
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for i := range 100_000 {
					if c.send(d, i) != nil {
						return // the server has had enough
					}
				}
			}()
			if code, _ := d.ended(); code != c.want {
				t.Errorf("ended with %v", code)
			}
			_ = d.Close()
			<-sent
		})
	}
	if r, _ := fetch(t, s.client(t, nil), "https://"+s.addr+"/"); r.StatusCode != http.StatusNotFound {
		t.Errorf("another viewer: %s", r.Status)
	}
}

// TestMalformedStreamsEndAlone: what is wrong with a stream harms no other.
func TestMalformedStreamsEndAlone(t *testing.T) {
	s := startSecure(t, http.NotFoundHandler())
	d := drive(t, s.addr)
	stream := uint32(1)
	fine := []string{":method", "GET", ":scheme", "https", ":authority", "x", ":path", "/"}
	for name, pairs := range map[string][]string{
		"an upper-case name":     append(fine[:8:8], "X-Upper", "1"),
		"a name with a space":    append(fine[:8:8], "x y", "1"),
		"a line end in a value":  append(fine[:8:8], "x", "a\r\nb"),
		"a connection's field":   append(fine[:8:8], "connection", "close"),
		"te":                     append(fine[:8:8], "te", "gzip"),
		"a pseudo field behind":  append(append([]string{}, "x", "1"), fine...),
		"an unknown pseudo":      append(fine[:8:8], ":x", "1"),
		"a pseudo field twice":   append(fine[:8:8], ":path", "/"),
		"no path":                fine[:6],
		"no scheme":              {":method", "GET", ":path", "/"},
		"another scheme":         {":method", "GET", ":scheme", "ftp", ":path", "/"},
		"a path that is none":    {":method", "GET", ":scheme", "https", ":path", "x"},
		"a path with a bad sign": {":method", "GET", ":scheme", "https", ":path", "/%zz"},
		"a bad host":             {":method", "GET", ":scheme", "https", ":authority", "a b", ":path", "/"},
		"another host":           append(fine[:8:8], "host", "y"),
		"two hosts":              {":method", "GET", ":scheme", "https", ":path", "/", "host", "x", "host", "y"},
		"another host's port":    append(fine[:8:8], "host", "x:8443"),
		"an extended CONNECT":    {":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "x", ":path", "/"},
		"a bad method":           {":method", "G T", ":scheme", "https", ":path", "/"},
		"a status":               {":status", "200"},
		"a length without body":  append(fine[:8:8], "content-length", "1"),
		"a bad length":           append(fine[:8:8], "content-length", "-1"),
		"two lengths":            append(fine[:8:8], "content-length", "0", "content-length", "0"),
	} {
		d.must(d.framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: stream, BlockFragment: d.fields(pairs...), EndStream: true, EndHeaders: true,
		}))
		if code := d.reset(stream); code != http2.ErrCodeProtocol {
			t.Errorf("%s: %v", name, code)
		}
		stream += 2
	}
	d.ask(stream, "GET", "/", false, "x-long", strings.Repeat("x", headerLimit))
	if status := d.status(stream); status != "431" {
		t.Errorf("a long header: %s", status)
	}
	if code := d.reset(stream); code != http2.ErrCodeNo {
		t.Errorf("a long header: %v", code)
	}
	d.ask(stream+2, "GET", "/", false, "host", "MEDIA.example:443")
	if status := d.status(stream + 2); status != "404" {
		t.Errorf("afterwards: %s", status)
	}
	d.body(stream + 2)
	d.ask(stream+4, "POST", "/", true, "content-length", "3")
	d.must(d.framer.WriteData(stream+4, true, []byte("four")))
	for {
		if r, ok := d.next().(*http2.RSTStreamFrame); ok {
			if r.ErrCode != http2.ErrCodeProtocol {
				t.Errorf("another length than announced: %v", r)
			}
			break
		}
	}
}

// TestWindowsDoNotOverflow (RFC 9113, 6.9.1).
func TestWindowsDoNotOverflow(t *testing.T) {
	release := make(chan struct{})
	s := startSecure(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	d := drive(t, s.addr)
	d.ask(1, "GET", "/", false)
	d.must(d.framer.WriteWindowUpdate(1, math.MaxInt32))
	if code := d.reset(1); code != http2.ErrCodeFlowControl {
		t.Errorf("a stream's: %v", code)
	}
	d.must(d.framer.WriteWindowUpdate(0, math.MaxInt32))
	if code, _ := d.ended(); code != http2.ErrCodeFlowControl {
		t.Errorf("the connection's: %v", code)
	}
	d = drive(t, s.addr)
	d.ask(1, "GET", "/", false)
	d.must(d.framer.WriteWindowUpdate(1, math.MaxInt32-1<<16))
	d.must(d.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}))
	if code, _ := d.ended(); code != http2.ErrCodeFlowControl {
		t.Errorf("by settings: %v", code)
	}
	d = drive(t, s.addr)
	d.ask(1, "POST", "/", true)
	d.must(d.framer.WriteData(1, false, make([]byte, bodyWindow)))
	d.must(d.framer.WriteData(1, false, []byte("more")))
	if code := d.reset(1); code != http2.ErrCodeFlowControl {
		t.Errorf("ours: %v", code)
	}
}

// TestAttackersWindowsWakeNobody: a stream's window that grows while the connection's
// is shut, or the other way round, or that was open, is no reason to look again.
func TestAttackersWindowsWakeNobody(t *testing.T) {
	m := &road{window: roadWindow, first: 0, newest: 3}
	x, y := &exchange{road: m, id: 1}, &exchange{road: m, id: 3, window: 5}
	m.exchanges = []*exchange{x, y}
	frame := func(stream, more uint32) *http2.WindowUpdateFrame {
		return &http2.WindowUpdateFrame{FrameHeader: http2.FrameHeader{StreamID: stream}, Increment: more}
	}
	for _, test := range []struct {
		name string
		do   func() error
		woke bool
	}{
		{"the connection's, which was open", func() error { return m.takeWindow(frame(0, 4096)) }, false},
		{"an open one", func() error { return m.takeWindow(frame(3, 4096)) }, false},
		{"one that was shut", func() error { return m.takeWindow(frame(1, 4096)) }, true},
		{"settings that shut", func() error {
			m.first = 8192
			return m.set(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		}, false},
		{"one that stays below zero", func() error { return m.takeWindow(frame(1, 1024)) }, false},
		{"settings that open", func() error { return m.set(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 8192}) }, true},
		{"what is given back to an open one", func() error { m.giveBack(10); return nil }, false},
		{"what is given back to a shut one", func() error { m.window = 0; m.giveBack(10); return nil }, true},
	} {
		wake := make(chan struct{})
		m.wake = wake
		if err := test.do(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		select {
		case <-wake:
			if !test.woke {
				t.Errorf("%s: woken", test.name)
			}
		default:
			if test.woke {
				t.Errorf("%s: not woken", test.name)
			}
		}
	}
}

// TestViewersTableMayBeSmall: decoders that have made the table of fields smaller end
// the connection if the first header does not say that it has been (RFC 9113, 4.3.1).
func TestViewersTableMayBeSmall(t *testing.T) {
	s := startSecure(t, http.NotFoundHandler())
	d := drive(t, s.addr, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
	d.framer.ReadMetaHeaders = nil
	for i, want := range []bool{true, false} {
		stream := uint32(2*i + 1)
		d.ask(stream, "GET", "/", false)
		h, ok := d.next().(*http2.HeadersFrame)
		if !ok || h.StreamID != stream || (h.HeaderBlockFragment()[0] == noTable) != want {
			t.Errorf("%v: %x", h, h.HeaderBlockFragment())
		}
		d.body(stream)
	}
}

// TestTooManyRequestsAreRefused, and can be asked again.
func TestTooManyRequestsAreRefused(t *testing.T) {
	release := make(chan struct{})
	s := startSecure(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	d := drive(t, s.addr)
	for i := range roadMost + 1 {
		d.ask(uint32(2*i+1), "GET", "/", false)
	}
	if code := d.reset(2*roadMost + 1); code != http2.ErrCodeRefusedStream {
		t.Errorf("one too many: %v", code)
	}
	close(release)
	for range roadMost {
		if h, ok := d.next().(*http2.MetaHeadersFrame); !ok || h.PseudoValue("status") != "200" {
			t.Errorf("%v", h)
		}
	}
	d.ask(2*roadMost+3, "GET", "/", false)
	if status := d.status(2*roadMost + 3); status != "200" {
		t.Errorf("afterwards: %s", status)
	}
}

// bubble is a server by HTTPS in a synctest bubble, and a viewer of it.
func bubble(t *testing.T, cert, key string, h http.Handler) (*running, frames, *buffered) {
	log := slog.New(slog.DiscardHandler)
	store, err := certificate.Load(cert, key, log)
	if err != nil {
		t.Fatal(err)
	}
	s := &running{
		t: t, served: make(chan error, 1), server: NewServer(h, Options{Certificate: store.Certificate, Log: log}),
		listener: &pipes{conns: make(chan net.Conn), closed: make(chan struct{})},
	}
	go func() { s.served <- s.server.ServeTLS(s.listener) }()
	near, far := net.Pipe()
	s.listener.conns <- far
	viewer := newBuffered(near)
	return s, frames{tls.Client(viewer, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})}, viewer
}

// TestSilentRoadsAreCutOff: a viewer who has vanished is asked, and one who does not
// ask for anything is sent away.
func TestSilentRoadsAreCutOff(t *testing.T) {
	cert, key, err := pki.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const framePing = 6
	for name, c := range map[string]struct {
		greets, answers bool
		stood           time.Duration
	}{
		"greets not":       {false, false, headerTimeout},
		"answers no ping":  {true, false, pingAfter + pingTimeout},
		"asks for nothing": {true, true, idleTimeout},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, f, viewer := bubble(t, cert, key, http.NotFoundHandler())
			if err := f.Conn.(*tls.Conn).Handshake(); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if c.greets {
				if err := f.greet(1 << 16); err != nil {
					t.Fatal(err)
				}
			}
			for {
				_, data, err := f.next(framePing)
				if err != nil {
					break
				}
				if c.answers {
					if err := f.write(framePing, ack, 0, data); err != nil {
						t.Fatal(err)
					}
				}
			}
			if stood := time.Since(began); stood < c.stood || stood > c.stood+time.Second {
				t.Errorf("who %s was cut off after %v", name, stood)
			}
			_ = viewer.Close()
			s.stop()
		})
	}
}

// TestShutWindowsAreNotWaitedFor by handlers that set no deadline.
func TestShutWindowsAreNotWaitedFor(t *testing.T) {
	cert, key, err := pki.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s, f, viewer := bubble(t, cert, key, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "a page")
		}))
		if err := f.greet(0); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Conn.Write(getFrame(1, "/")); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if stream, _, err := f.next(frameReset); err != nil || stream != 1 {
			t.Errorf("stream %d: %v", stream, err)
		}
		if stood := time.Since(began); stood != stallTimeout {
			t.Errorf("reset after %v", stood)
		}
		_ = viewer.Close()
		s.stop()
	})
}

// TestResetFreesItsWaiter: a request that a viewer gives up ends at once.
func TestResetFreesItsWaiter(t *testing.T) {
	waits, freed := make(chan struct{}), make(chan error)
	s := startSecure(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
		defer cancel()
		close(waits)
		<-ctx.Done()
		freed <- context.Cause(ctx)
	}))
	d := drive(t, s.addr)
	d.ask(1, "GET", "/", false)
	<-waits
	d.must(d.framer.WriteRSTStream(1, http2.ErrCodeCancel))
	if err := <-freed; err != context.Canceled {
		t.Errorf("freed by %v", err)
	}
}

// FuzzRoad reads what it is given as a viewer's frames: whatever they are, what comes
// back are frames, and all ends.
func FuzzRoad(f *testing.F) {
	var b bytes.Buffer
	framer := http2.NewFramer(&b, nil)
	_ = framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 100})
	b.Write(getFrame(1, "/"))
	_ = framer.WriteWindowUpdate(1, 1000)
	_ = framer.WritePing(false, [8]byte{1})
	_ = framer.WriteData(1, true, []byte("x"))
	_ = framer.WriteRSTStream(1, http2.ErrCodeCancel)
	f.Add(b.Bytes())
	f.Add(append(frame(frameSettings, 0, 0, nil), getFrame(3, "/a?b")...))
	e := newExpress(context.Background(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL == nil || r.Header == nil || r.Method == "" {
			panic("half a request")
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		_, _ = io.WriteString(w, strings.Repeat(r.URL.Path, 10))
	}), slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, sent []byte) {
		near, far := net.Pipe()
		defer near.Close()
		c := &recorded{in: io.MultiReader(strings.NewReader(http2.ClientPreface), bytes.NewReader(sent))}
		e.serveRoad(c, far, &tls.ConnectionState{})
		framer := http2.NewFramer(nil, &c.out)
		for {
			if _, err := framer.ReadFrame(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("what came back: %v", err)
			}
		}
	})
}

// recorded is a viewer whose words are known.
type recorded struct {
	in  io.Reader
	out bytes.Buffer
}

func (r *recorded) Read(p []byte) (int, error)  { return r.in.Read(p) }
func (r *recorded) Write(p []byte) (int, error) { return r.out.Write(p) }
func (r *recorded) CloseWrite() error           { return nil }
