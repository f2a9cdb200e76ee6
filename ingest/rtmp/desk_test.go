package rtmp

import (
	"bytes"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ladderd/ingest"
	"ladderd/media"
)

const testKey = "sk_local_studioA_change-me"

// patience is how long a test waits for what must come; it is no measurement.
const patience = 20 * time.Second

// desk is an Acceptor that knows one stream key and keeps all that it gets.
type desk struct {
	mu       sync.Mutex
	changed  *sync.Cond
	requests []ingest.Request
	sessions []*session
	refuse   error // for the right key
	write    func(media.Packet) error
	accept   func()
	announce func()
}

type session struct {
	desk     *desk
	request  ingest.Request
	metadata []ingest.Metadata
	packets  []media.Packet
	messages []ingest.Message
	closed   bool
	cause    error
}

func newDesk() *desk {
	d := &desk{}
	d.changed = sync.NewCond(&d.mu)
	return d
}

func (d *desk) Accept(r ingest.Request) (ingest.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed.Broadcast()
	d.requests = append(d.requests, r)
	if d.accept != nil {
		d.accept()
	}
	if r.Key != testKey {
		return nil, ingest.ErrUnknownKey
	}
	if d.refuse != nil {
		return nil, d.refuse
	}
	for _, s := range d.sessions {
		if !s.closed {
			return nil, ingest.ErrLive
		}
	}
	s := &session{desk: d, request: r}
	d.sessions = append(d.sessions, s)
	return s, nil
}

func (s *session) change(f func()) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	f()
	s.desk.changed.Broadcast()
}

func (s *session) Message(m ingest.Message) error {
	s.change(func() { s.messages = append(s.messages, m) })
	return nil
}

func (s *session) Announce(m ingest.Metadata) {
	s.change(func() { s.metadata = append(s.metadata, m) })
	if s.desk.announce != nil {
		s.desk.announce()
	}
}

func (s *session) Write(p media.Packet) error {
	s.change(func() { s.packets = append(s.packets, p) })
	if s.desk.write != nil {
		return s.desk.write(p)
	}
	return nil
}

func (s *session) Close(cause error) {
	s.change(func() { s.closed, s.cause = true, cause })
}

func (s *session) of(kind media.Kind) []media.Packet {
	var of []media.Packet
	for _, p := range s.packets {
		if p.Kind == kind {
			of = append(of, p)
		}
	}
	return of
}

// await waits until ready is true, which is called under the desk's lock.
func (d *desk) await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	late := time.AfterFunc(patience, d.changed.Broadcast)
	defer late.Stop()
	limit := time.Now().Add(patience)
	d.mu.Lock()
	defer d.mu.Unlock()
	for !ready() {
		if time.Now().After(limit) {
			t.Fatalf("%s did not come", what)
		}
		d.changed.Wait()
	}
}

// logBuffer is a log that tests read.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type testServer struct {
	*Server
	desk *desk
	log  *logBuffer
	addr string
}

// start runs a server until the test ends, and then checks that it left nothing
// running and no stream key in the log.
func start(t *testing.T, config Config) testServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, ln, config)
}

func startOn(t *testing.T, ln net.Listener, config Config) testServer {
	t.Helper()
	before := goleak.IgnoreCurrent()
	log := &logBuffer{}
	d := newDesk()
	s := New(ln, d, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), config)
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		goleak.VerifyNone(t, before)
		if strings.Contains(log.String(), testKey) {
			t.Errorf("the log has the stream key:\n%s", log)
		}
		if t.Failed() {
			t.Logf("server's log:\n%s", log)
		}
	})
	return testServer{s, d, log, ln.Addr().String()}
}

func (s testServer) urlOf(scheme, path string) string { return scheme + "://" + s.addr + path }

func (s testServer) url(path string) *url.URL {
	u, err := url.Parse("rtmp://" + s.addr + path)
	if err != nil {
		panic(err)
	}
	return u
}
