package srt

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"ladderd/ingest"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id, secret, key, priority string
		secure                          bool
	}{
		{"plain", plainKey, "", plainKey, "", false},
		{"encrypted", lockedKey, passphrase, lockedKey, "", true},
		{"key with parameters", lockedKey + "?priority=7", passphrase, lockedKey, "7", true},
		{"access control", "#!::u=" + lockedKey + ",priority=7,m=publish", passphrase, lockedKey, "7", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			server, journal := start(t, d, Config{})
			conn := mustDial(t, server.Addr(), c.id, c.secret)
			s := d.session(t, 0)
			r := s.request
			if r.Protocol != "srt" || r.Secure != c.secure || r.Key != c.key || r.Query.Get("priority") != c.priority || r.Remote != conn.LocalAddr().String() {
				t.Errorf("protocol %s, secure %t, query %v, remote %s", r.Protocol, r.Secure, r.Query, r.Remote)
			}
			all := messages(t, 30)
			send(t, conn, all)
			d.awaitArrival(t, s, len(all))
			conn.Close()
			if cause := s.end(t); cause != nil {
				t.Errorf("a goodbye is taken for %v", cause)
			}
			if n := len(s.packets); n != 30 { // the last one ends with the broadcast
				t.Errorf("%d pictures of 30", n)
			}
			p := s.packets[0]
			if !p.Key || p.Video == nil || p.Video.Width != 320 || p.Arrived.IsZero() {
				t.Errorf("first packet %+v", p)
			}
			if len(s.about) != 1 || s.about[0].HasAudio {
				t.Errorf("announced %+v", s.about)
			}
			if l := r.Link(); l.Delay != 120*time.Millisecond || l.Damaged != 0 {
				t.Errorf("link %+v", l)
			}
			wantNoSecrets(t, journal.String())
		})
	}
}

func wantNoSecrets(t *testing.T, log string) {
	t.Helper()
	for _, secret := range []string{plainKey, lockedKey, closedKey, passphrase, "sk_nobody", "another passphrase"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
}

func TestRefusedInTheHandshake(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, journal := start(t, d, Config{})
	for _, c := range []struct {
		name, id, secret string
		code             int // of access_control.h and srt.h
	}{
		{"unknown key", "sk_nobody_knows", "", 1401},
		{"unknown key with a passphrase", "sk_nobody_knows", passphrase, 1401},
		{"wrong passphrase", lockedKey, "another passphrase", 10},
		{"no passphrase", lockedKey, "", 11},
		{"a passphrase for a channel without", plainKey, passphrase, 11},
		{"a channel that takes neither", closedKey, "", 1403},
		{"a viewer", "#!::u=" + plainKey + ",m=request", "", 1405},
		{"a file", "#!::u=" + plainKey + ",t=file", "", 1415},
		{"no key", "#!::m=publish", "", 1400},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := dial(server.Addr(), c.id, c.secret)
			if err == nil {
				conn.Close()
				t.Fatal("was let in")
			}
			if got := rejected(t, err); got != c.code {
				t.Errorf("refused with %d, want %d", got, c.code)
			}
		})
	}
	if n := len(d.all()); n > 0 {
		t.Errorf("%d sessions", n)
	}
	// libsrt tells the log nothing of passphrases.
	d.await(t, "the log of the passphrases", func() bool {
		log := journal.String()
		return strings.Count(log, "its passphrase is missing") == 2 && strings.Count(log, "it encrypts") == 1
	})
	wantNoSecrets(t, journal.String())
}

// TestRefusedForWhatRunsInTheHandshake has the Keyring refuse whom the Acceptor would.
func TestRefusedForWhatRunsInTheHandshake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		barred error
		code   int
	}{
		{ingest.ErrLive, 1409}, {ingest.ErrStopped, 1409}, {ingest.ErrTakeovers, 1409}, {ingest.ErrFull, 1402}, {ingest.ErrDraining, 1503},
		{fmt.Errorf("%w: it is 3, the running stream's 5", ingest.ErrPriority), 1409},
	} {
		d := newDesk()
		d.barred = c.barred
		server, journal := start(t, d, Config{})
		conn, err := dial(server.Addr(), plainKey, "")
		if err == nil {
			conn.Close()
			t.Fatalf("%v: was let in", c.barred)
		}
		if got := rejected(t, err); got != c.code {
			t.Errorf("%v: refused with %d, want %d", c.barred, got, c.code)
		}
		if strings.Contains(journal.String(), c.barred.Error()) {
			t.Errorf("%v, which the keyring logs, is in the log again:\n%s", c.barred, journal)
		}
		mustDial(t, server.Addr(), plainKey+"?priority=6", "")
		d.session(t, 0)
	}
}

var rejectText = regexp.MustCompile(`REJECT \(([0-9a-v]+)\)`)

// rejected is the reject reason in an error of gosrt, which writes it to the base of 32
// and, as it is on the wire, with 1000 added.
func rejected(t *testing.T, err error) int {
	t.Helper()
	m := rejectText.FindStringSubmatch(err.Error())
	if m == nil {
		t.Fatalf("no reject reason in %q", err)
	}
	n, err := strconv.ParseInt(m[1], 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int(n) - 1000
}

func TestRefusedAfterTheHandshake(t *testing.T) {
	t.Parallel()
	d := newDesk()
	d.refuse = ingest.ErrLive
	server, journal := start(t, d, Config{})
	conn := mustDial(t, server.Addr(), plainKey, "")
	if n, err := conn.Read(make([]byte, 1500)); err == nil {
		t.Errorf("the connection goes on, with %d bytes", n)
	}
	if !strings.Contains(journal.String(), ingest.ErrLive.Error()) {
		t.Errorf("the reason is not in the log:\n%s", journal.String())
	}
}

func TestCodecEndsTheConnection(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := start(t, d, Config{})
	conn := mustDial(t, server.Addr(), plainKey, "")
	s := d.session(t, 0)
	var tables bytes.Buffer
	w := &mpegts.Writer{W: &tables, Tracks: []*mpegts.Track{{Codec: &codecs.H265{}}}}
	if err := w.Initialize(); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the first packets show where packets begin
		if _, err := w.WriteTables(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Write(tables.Bytes()); err != nil {
		t.Fatal(err)
	}
	if cause := s.end(t); !errors.Is(cause, ingest.ErrCodec) || !errors.As(cause, new(ingest.Refusal)) || !strings.Contains(cause.Error(), "HEVC over SRT") {
		t.Errorf("ended by %v", cause)
	}
}

func TestSilentPublisherIsEnded(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := start(t, d, Config{IdleTimeout: time.Millisecond})
	mustDial(t, server.Addr(), plainKey, "")
	if cause := d.session(t, 0).end(t); cause == nil || !strings.Contains(cause.Error(), "nothing for 1ms") {
		t.Errorf("ended by %v", cause)
	}
}

func TestStreamEndsItsPublisher(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := start(t, d, Config{})
	conn := mustDial(t, server.Addr(), plainKey, "")
	s := d.session(t, 0)
	for range 2 {
		s.request.Close(ingest.ErrTakenOver)
	}
	if cause := s.end(t); !errors.Is(cause, ingest.ErrTakenOver) {
		t.Errorf("ended by %v", cause)
	}
	if _, err := conn.Read(make([]byte, 1500)); err == nil {
		t.Error("the connection goes on")
	}
}

func TestPanicCostsOneConnection(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, journal := start(t, d, Config{})
	conn := mustDial(t, server.Addr(), plainKey, "")
	s := d.session(t, 0)
	s.change(func() { s.panics = true })
	send(t, conn, messages(t, 3))
	if cause := s.end(t); cause == nil || !strings.Contains(journal.String(), "a test's") {
		t.Errorf("ended by %v:\n%s", cause, journal)
	}
	mustDial(t, server.Addr(), plainKey, "")
	d.session(t, 1)
}

func TestCloseEndsPublishers(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := start(t, d, Config{})
	for n := range 3 {
		mustDial(t, server.Addr(), plainKey, "")
		d.session(t, n)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range d.all() {
		if cause := s.end(t); !errors.Is(cause, ingest.ErrDraining) {
			t.Errorf("ended by %v", cause)
		}
	}
}

func TestServerThatNeverServedCloses(t *testing.T) {
	t.Parallel()
	d := newDesk()
	s, err := New("127.0.0.1:0", d, d, nil, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Serve(); err != nil {
		t.Error(err)
	}
}

// TestAllAddresses takes IPv4 on a listener without a host, which is IPv6's where the
// machine has that.
func TestAllAddresses(t *testing.T) {
	t.Parallel()
	d := newDesk()
	server, _ := startAt(t, ":0", d, Config{})
	at := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: server.Addr().(*net.UDPAddr).Port}
	mustDial(t, at, plainKey, "")
	if remote := d.session(t, 0).request.Remote; !strings.HasPrefix(remote, "127.0.0.1:") {
		t.Errorf("publisher at %s", remote)
	}
}

func TestPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	d := newDesk()
	if _, err := New(taken.LocalAddr().String(), d, d, nil, Config{}); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
}

// counter is a Door that counts, and shuts after so many.
type counter struct {
	desk                  *desk
	most                  int
	entered, left, failed int
}

func (c *counter) Enter(net.Addr) (func(), bool) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	if c.entered-c.left >= c.most {
		return nil, false
	}
	c.entered++
	return func() {
		c.desk.mu.Lock()
		defer c.desk.mu.Unlock()
		c.left++
		c.desk.changed.Broadcast()
	}, true
}

func (c *counter) Failed(net.Addr) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	c.failed++
}

func TestDoor(t *testing.T) {
	t.Parallel()
	d := newDesk()
	door := &counter{desk: d, most: 1}
	server, _ := start(t, d, Config{Door: door})
	if _, err := dial(server.Addr(), "sk_nobody_knows", ""); err == nil {
		t.Error("an unknown key was let in")
	}
	conn := mustDial(t, server.Addr(), plainKey, "")
	s := d.session(t, 0)
	if _, err := dial(server.Addr(), plainKey, ""); err == nil || rejected(t, err) != rejectOverload {
		t.Errorf("a second connection of the address: %v", err)
	}
	conn.Close()
	_ = s.end(t)
	d.await(t, "it to leave", func() bool { return door.left == door.entered })
	if door.failed != 1 {
		t.Errorf("%d failed keys", door.failed)
	}
}
