package srt

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	gosrt "github.com/datarhei/gosrt"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"ladderd/ingest"
	"ladderd/media"
	"ladderd/testassets/await"
)

// patience is how long a test waits for what must come; it is no measurement.
const patience = 20 * time.Second

const (
	plainKey   = "sk_plain_change-me"
	lockedKey  = "sk_locked_change-me"
	closedKey  = "sk_closed_change-me"
	passphrase = "a passphrase of some length"
)

// desk is an Acceptor and a Keyring of three channels: one takes plain SRT, one is
// encrypted, one takes neither. It keeps all that it gets.
type desk struct {
	mu       sync.Mutex
	changed  *sync.Cond
	sessions []*session
	refuse   error
	barred   error // the Keyring's, for publishers without a priority
	drains   bool
}

type session struct {
	desk    *desk
	request ingest.Request
	about   []ingest.Metadata
	packets []media.Packet
	panics  bool // in Write
	closed  bool
	cause   error
}

func newDesk() *desk {
	d := &desk{}
	d.changed = sync.NewCond(&d.mu)
	return d
}

func (d *desk) Passphrase(r ingest.Request) (string, error) {
	key := r.Key
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.drains:
		return "", ingest.ErrDraining
	case d.barred != nil && r.Query.Get("priority") == "":
		return "", d.barred
	case key == plainKey:
		return "", nil
	case key == lockedKey:
		return passphrase, nil
	case key == closedKey:
		return "", ingest.ErrInsecure
	}
	return "", ingest.ErrUnknownKey
}

func (d *desk) Accept(r ingest.Request) (ingest.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.changed.Broadcast()
	if d.refuse != nil {
		return nil, d.refuse
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

func (s *session) Announce(m ingest.Metadata)   { s.change(func() { s.about = append(s.about, m) }) }
func (s *session) Message(ingest.Message) error { return nil }
func (s *session) Close(cause error)            { s.change(func() { s.closed, s.cause = true, cause }) }
func (s *session) Write(p media.Packet) error {
	s.change(func() {
		if s.panics {
			panic("a test's")
		}
		s.packets = append(s.packets, p)
	})
	return nil
}

// await waits until the desk is as ok wants it.
func (d *desk) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.AfterFunc(patience, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.changed.Broadcast()
	})
	defer late.Stop()
	deadline := time.Now().Add(patience)
	d.mu.Lock()
	defer d.mu.Unlock()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		d.changed.Wait()
	}
}

// session waits for the nth.
func (d *desk) session(t *testing.T, n int) *session {
	t.Helper()
	d.await(t, "a session", func() bool { return len(d.sessions) > n })
	return d.all()[n]
}

// all are the sessions so far.
func (d *desk) all() []*session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.sessions)
}

// awaitArrival waits until so many messages have reached libsrt, which is before they
// are read.
func (d *desk) awaitArrival(t *testing.T, s *session, messages int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := await.Until(ctx, "messages to arrive", nil, func() (bool, error) { return s.request.Link().Packets >= int64(messages), nil })
	if err != nil {
		t.Fatal(err)
	}
}

// end waits for a session's end and gives its cause.
func (s *session) end(t *testing.T) error {
	t.Helper()
	s.desk.await(t, "the session's end", func() bool { return s.closed })
	return s.cause
}

// journal is a log that tests read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// start runs a server for the test.
func start(t *testing.T, d *desk, c Config) (*Server, *journal) {
	t.Helper()
	return startAt(t, "127.0.0.1:0", d, c)
}

func startAt(t *testing.T, listen string, d *desk, c Config) (*Server, *journal) {
	t.Helper()
	j := &journal{}
	s, err := New(listen, d, d, slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})), c)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, j
}

// dial connects as datarhei/gosrt does.
func dial(at net.Addr, id, secret string) (gosrt.Conn, error) {
	c := gosrt.DefaultConfig()
	c.StreamId, c.Passphrase = id, secret
	c.PeerIdleTimeout = patience // a loaded machine is slow to answer
	return gosrt.Dial("srt", at.String(), c)
}

func mustDial(t *testing.T, at net.Addr, id, secret string) gosrt.Conn {
	t.Helper()
	c, err := dial(at, id, secret)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// messages are a transport stream of so many pictures, as SRT carries it.
func messages(t *testing.T, pictures int) [][]byte {
	t.Helper()
	var b bytes.Buffer
	video := &mpegts.Track{Codec: &codecs.H264{}}
	w := &mpegts.Writer{W: &b, Tracks: []*mpegts.Track{video}}
	if err := w.Initialize(); err != nil {
		t.Fatal(err)
	}
	sps := []byte("\x67\x42\xc0\x0d\xda\x05\x06\x7e\x7c\x04\x40\x00\x00\x03\x00\x04\x00\x00\x0f\x03\xc5\x0a\xa8") // 320×180, by x264
	for n := range pictures {
		at := int64(n) * 3000
		slice := bytes.Repeat([]byte{byte(1 + n%250)}, 2000)
		units := [][]byte{append([]byte{0x41}, slice...)}
		if n%10 == 0 {
			units = [][]byte{sps, []byte("\x68\xce\x0f\xc8"), append([]byte{0x65}, slice...)}
		}
		if err := w.WriteH264(video, at, at, units); err != nil {
			t.Fatal(err)
		}
	}
	return slices.Collect(slices.Chunk(b.Bytes(), 1316))
}

// send writes messages at about the rate of a camera.
func send(t *testing.T, c gosrt.Conn, all [][]byte) {
	t.Helper()
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for _, m := range all {
		<-pace.C
		if _, err := c.Write(m); err != nil {
			t.Fatal(err)
		}
	}
}
